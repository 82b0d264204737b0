"""Files of unseen origin: they run, or they are refused with the place and the reason.

``NEURO_FUZZ=3000 python -m pytest tests/formats/nir/test_wild.py`` looks at more of them, chosen anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import neuro
from neuro.cli.app import app
from neuro.errors import NeuroError
from tests.formats.nir.graphs import DT
from tests.formats.nir.wild import Tree, damage, trees, write

EXAMPLES = int(os.environ.get("NEURO_FUZZ", "0"))
PROFILES: list[dict[str, Any]] = [
    {},
    {"profile": "norse"},
    {"profile": "snntorch"},
    {"profile": "sinabs", "cycles": "stretch"},
    {"profile": "spyx", "inputs": "values"},
    {"profile": "exact", "cycles": "stretch", "inputs": "values"},
]


def fuzzed(examples: int, **more: Any) -> Callable[[Any], Any]:
    """As many examples as asked for; the same ones every time unless more are asked for."""
    count = EXAMPLES or examples
    quiet = list(HealthCheck)
    return settings(
        max_examples=count, deadline=None, derandomize=not EXAMPLES, database=None,
        suppress_health_check=quiet, **more
    )  # fmt: skip


def attempt(path: Path, arguments: dict[str, Any]) -> bool:
    """Read and run three steps, or be refused with a place and a reason; True if it ran."""
    try:
        given = arguments | ({"dt": DT} if arguments else {})
        model = neuro.from_nir(path, **given)
        values = {name: np.ones((3, *model.shape(name))) for name in model.built.inputs}
        recording = model.simulate(values, 3, backend="reference")
    except NeuroError as error:
        refusal = error
    else:
        assert recording.steps == 3
        return True
    assert len(refusal.what) > 5
    assert refusal.where or getattr(refusal, "findings", ()), refusal
    return False


def ask(*arguments: str) -> None:
    """A command ends with good, no, or wrong use, and says why; never with a bug."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code in (0, 1, 2), (arguments, done.output)
    assert done.exit_code == 0 or "error" in done.output or "does not run" in done.output


@fuzzed(130)
@given(trees(), damage(), st.sampled_from(PROFILES))
def test_any_file_runs_or_is_refused(
    tmp_path_factory: Any, tree: Tree, harm: Callable[[bytes], bytes], arguments: dict[str, Any]
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "wild.nir", tree)
    path.write_bytes(harm(path.read_bytes()))
    attempt(path, arguments)
    attempt(path, {"profile": "norse", "cycles": "stretch"})


@fuzzed(24)
@given(trees(), damage(), st.booleans())
def test_the_command_line_has_an_answer_for_any_file(
    tmp_path_factory: Any, tree: Tree, harm: Callable[[bytes], bytes], board: bool
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "wild.nir", tree)
    path.write_bytes(harm(path.read_bytes()))
    ask("inspect", str(path))
    target = ("--target", "cortex-m", "--board", "stm32f405") if board else ()
    ask("check", str(path), "--profile", "norse", "--dt", str(DT), *target)


def test_most_files_that_are_whole_run(tmp_path: Path) -> None:
    """The strategy builds files that run, so that what is tested is not refusal alone."""
    ran = []

    @settings(max_examples=30, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(trees())
    def look(tree: Tree) -> None:
        path = write(tmp_path / "wild.nir", tree)
        ran.append(attempt(path, {"profile": "norse", "cycles": "stretch"}))

    look()
    assert 5 < sum(ran) < len(ran)
