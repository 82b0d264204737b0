"""Every example runs in an empty directory and writes its figure where it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

SAYS = {
    "balanced_network": ["E: ", "I: "],
    "ca3_memory": ["content of cue 0: {0, 1, 8, 9}", "cues with bit 6, forgotten: set()"],
    "cell_from_equations": ["spikes of each cell: "],
    "long_run": ["stopped at step", "finished at step 200000", "without a stop: True"],
    "nir_frameworks": ["| `norse` | 460, 510, 710, 760 |", "| `sinabs` | 450, 500, 710, 760 |"],
    "same_everywhere": ["c identical", "numba identical"],
    "stdp": ["together: ", "alone: "],
}
"""Words that an example must print."""


def run(example: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example as a newcomer would, with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(example), *arguments],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_there_is_something_to_expect_of_every_example() -> None:
    assert [example.stem for example in EXAMPLES] == sorted(SAYS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_draws(example: Path, tmp_path: Path) -> None:
    done = run(example, tmp_path, "figures")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(words in done.stdout for words in SAYS[example.stem])
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]
    picture = tmp_path / "figures" / f"{example.stem}.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_a_folder_figures_go_to_out(tmp_path: Path) -> None:
    assert run(ROOT / "examples" / "ca3_memory.py", tmp_path).returncode == 0
    assert (tmp_path / "out" / "ca3_memory.png").is_file()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_uses_public_names_only(example: Path) -> None:
    lines = [line.strip() for line in example.read_text().splitlines()]
    imported = {line for line in lines if line.startswith(("import neuro", "from neuro"))}
    assert imported
    assert imported <= {"import neuro", "from neuro.models import CA3Memory"}
