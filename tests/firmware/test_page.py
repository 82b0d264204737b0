"""The program in docs/reference/c-api.md compiles and does what the page says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from neuro.backends.c.compiler import find_compiler
from neuro.deploy.board import load_board
from neuro.deploy.export import export
from tests.conftest import ROOT
from tests.firmware.networks import memory_demo
from tests.pages import blocks


def test_the_program_of_the_page_recalls_what_it_learnt(tmp_path: Path) -> None:
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("there is no C compiler")
    made = export(memory_demo().network, load_board("host"), tmp_path / "build", name="memory")
    page = (ROOT / "docs" / "reference" / "c-api.md").read_text()
    (program,) = (block.code for block in blocks(page) if block.language == "c")
    (tmp_path / "program.c").write_text(program)
    flags = ("-std=c99", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion", "-Werror")
    source = made.folder / "src"
    files = (tmp_path / "program.c", source / "memory.c")
    subprocess.run([compiler, *flags, "-I", source, *files, "-o", tmp_path / "program"], check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    echoes = [f"step {step}: bit {bit}" for step in (5, 7) for bit in (1, 8, 9)]
    answers = [f"step 6: bit {bit}" for bit in (1, 8, 9)]
    assert done.stdout.splitlines() == [*echoes, *answers]
