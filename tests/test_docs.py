"""The Python in README and docs runs: block after block, one namespace a page, in an empty folder."""

from __future__ import annotations

import sys
import textwrap
import types
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from tests.conftest import ROOT
from tests.pages import Block, blocks

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def run_page(found: list[Block], name: str) -> None:
    """Run the Python blocks; a traceback shows the page's own line numbers."""
    module = types.ModuleType("__page__")
    for block in found:
        if block.language == "python" and block.run:
            source = "\n" * (block.line - 1) + block.code
            code = compile(source, name, "exec", dont_inherit=True)
            exec(code, module.__dict__)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_python_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    try:
        run_page(blocks(page.read_text(encoding="utf-8")), str(page))
    finally:
        plt.close("all")


PAGE = textwrap.dedent(
    """
    ```python
    a = 1
    ```

    ```console
    $ rm everything
    ```

    <!-- not run: needs a board -->

    ```python
    raise RuntimeError
    ```

    1. A step

        ```python title="two.py"
        b = a + 1
        assert b == 2
        ```
    """
)


def test_blocks_know_language_line_and_whether_they_run() -> None:
    found = blocks(PAGE)
    assert [(block.language, block.line, block.run) for block in found] == [
        ("python", 3, True),
        ("console", 7, True),
        ("python", 13, False),
        ("python", 19, True),
    ]
    assert found[3].code == "b = a + 1\nassert b == 2\n"


def test_blocks_share_a_namespace_and_only_python_runs() -> None:
    run_page(blocks(PAGE), "page.md")


def test_a_false_block_fails_with_its_line() -> None:
    wrong = PAGE.replace("b == 2", "b == 3")
    with pytest.raises(AssertionError) as caught:
        run_page(blocks(wrong), "page.md")
    assert caught.traceback[-1].lineno == 19
    assert str(caught.traceback[-1].path).endswith("page.md")


def test_a_comment_without_a_reason_does_not_excuse() -> None:
    page = "<!-- not run: -->\n```python\npass\n```\n"
    assert [block.run for block in blocks(page)] == [True]


def test_a_block_that_does_not_end_is_found() -> None:
    with pytest.raises(ValueError, match="begins in line 2 does not end"):
        blocks("text\n```python\npass\n")
