"""A model of one's own, and ways to call the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from neuro.cli.app import app

MODEL = """
name = "own"
summary = "cells driven by noise"
builder = "build.py:build"
default = "short"

[parameters]
rate = 200.0
right = true

[protocols.short]
summary = "a few steps"
settings = { steps = 50 }

[protocols.long]
summary = "more steps"
settings = { steps = 400 }
"""

BUILDER = """
import neuro
from neuro.models.experiment import Experiment, Report


def build(parameters, settings):
    net = neuro.NetworkBuilder(dt=1.0, name="own")
    noise = net.population(20, neuro.SpikeSourcePoisson(rate=parameters["rate"]), label="noise")
    cells = net.population(20, neuro.LIF(), label="cells")
    net.projection(noise, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=0.7))
    cells.record(["spikes", "v"])

    def report(recording):
        rows = [("cells", str(len(recording.spikes["cells"])))]
        return Report(
            title="Own", columns=("population", "spikes"), rows=rows, passed=parameters["right"]
        )

    return Experiment(network=net.build(), steps=settings["steps"], report=report)
"""


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """A folder with a model that does not ship with neuro."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "model.toml").write_text(MODEL)
    (folder / "build.py").write_text(BUILDER)
    return folder


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)

    return run


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python in an empty folder, in a process of its own."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def words(text: str) -> str:
    """`text` without line breaks, which depend on the width of the terminal."""
    return " ".join(text.split())
