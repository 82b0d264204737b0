"""The command as a whole: version, help, processes, exit codes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import neuro
from tests.cli.conftest import words

COMMANDS = (
    *("models", "targets", "run", "check", "verify"),
    *("export", "flash", "env", "plot", "bench"),
)

Call = Callable[..., Result]
Python = Callable[..., subprocess.CompletedProcess[str]]


def test_the_version_is_that_of_the_package(call: Call) -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"neuro {neuro.__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_has_json(call: Call, command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_help_lists_every_command(call: Call) -> None:
    lines = call("--help").stdout.splitlines()
    assert all(any(command in line.split() for line in lines) for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [["frobnicate"], ["run"], ["run", "ca3-memory", "--steps", "many"], ["models", "-x"]],
)
def test_wrong_use_is_2(call: Call, arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_a_process_prints_pure_json_and_nothing_else(python: Python) -> None:
    done = python("-m", "neuro", "models", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ca3-memory" in [model["name"] for model in json.loads(done.stdout)]


def test_a_process_runs_the_memory_without_a_word_on_standard_error(
    python: Python, tmp_path: Path
) -> None:
    done = python("-m", "neuro", "run", "ca3-memory", "--backend", "reference", "--out", "results")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "network.txt",
        "raster.png",
        "recording.h5",
    }


def test_a_process_that_fails_prints_a_paragraph_and_no_traceback(python: Python) -> None:
    done = python("-m", "neuro", "run", "ca3-memroy")
    assert (done.returncode, done.stdout) == (2, "")
    assert words(done.stderr) == (
        "error: model: there is no model 'ca3-memroy'. Did you mean 'ca3-memory'? Or give a path."
    )


def test_debug_shows_the_traceback(python: Python) -> None:
    done = python("-m", "neuro", "--debug", "run", "ca3-memroy")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "UnknownNameError" in done.stderr
