"""``neuro run --stream`` and ``--resume``: runs that are too long for memory, or for one evening."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import neuro
from neuro.cli import run as run_command
from neuro.formats.checkpoint import load_checkpoint
from tests.cli.conftest import words

Call = Callable[..., Result]

# A background job may have been started with Ctrl-C ignored; the command then would not hear it.
HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from neuro.cli.app import app
app()
"""


def assert_same(a: Path, b: Path) -> None:
    """Spikes and samples of two recordings are the same bits."""
    one, other = neuro.Recording.load(a), neuro.Recording.load(b)
    assert one.steps == other.steps
    for field in ("step", "index"):
        mine, theirs = (getattr(r.spikes["cells"], field) for r in (one, other))
        assert len(mine)
        np.testing.assert_array_equal(mine, theirs)
    for field in ("step", "values"):
        mine, theirs = (getattr(r.traces["cells"]["v"], field) for r in (one, other))
        assert mine.tobytes() == theirs.tobytes()


def stopped(model: Path, folder: Path) -> int:
    """Start a long run, press Ctrl-C in the middle, and return the step it reached."""
    recording = folder / "recording.h5"
    arguments = ["run", str(model), "-b", "c", "--seed", "3", "--stream", "--steps", "100000000"]
    process = subprocess.Popen(
        [sys.executable, "-c", HEARING, *arguments, "--out", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        give_up = time.monotonic() + 60
        while not recording.exists() and time.monotonic() < give_up:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted" in error
    assert "--resume" in error
    assert "Traceback" not in error
    return load_checkpoint(folder / "recording.h5.checkpoint").step


def test_a_streamed_run_is_the_same_as_one_in_memory(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    for folder, how in (("a", ()), ("b", ("--stream",))):
        assert call("run", own_model, "--seed", 3, "--out", folder, *how).exit_code == 0
    assert_same(tmp_path / "a" / "recording.h5", tmp_path / "b" / "recording.h5")


def test_a_run_stopped_by_ctrl_c_goes_on_with_the_same_bits(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    step = stopped(own_model, tmp_path / "a")
    assert step > 0
    options = ("-b", "c", "--seed", 3, "--steps", step + 500)
    assert call("run", own_model, *options, "--out", "a", "--resume").exit_code == 0
    assert call("run", own_model, *options, "--out", "b", "--stream").exit_code == 0
    assert_same(tmp_path / "a" / "recording.h5", tmp_path / "b" / "recording.h5")
    assert not (tmp_path / "a" / "recording.h5.checkpoint").exists()


def test_a_stopped_run_is_overwritten_only_when_asked(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    stopped(own_model, tmp_path / "out")
    plain = ("run", own_model, "--seed", 3, "--stream")
    refused = call(*plain)
    assert refused.exit_code == 2
    assert "belongs to a run that was not finished" in words(refused.stderr)
    other_seed = call("run", own_model, "--seed", 4, "--resume")
    assert other_seed.exit_code == 2
    assert "seed" in words(other_seed.stderr)
    assert call(*plain, "--overwrite").exit_code == 0
    assert neuro.Recording.load(tmp_path / "out" / "recording.h5").steps == 50


def test_there_must_be_something_to_resume(call: Call, own_model: Path) -> None:
    result = call("run", own_model, "--resume")
    assert result.exit_code == 2
    assert "there is nothing to resume" in words(result.stderr)


@pytest.fixture
def _small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a thousand numbers are many, and which refuses to load them."""

    def refuse(path: Path) -> None:
        pytest.fail(f"{path} was loaded whole")

    monkeypatch.setattr(run_command, "LARGE", 1000)
    monkeypatch.setattr(run_command, "SHOWN", 500)
    monkeypatch.setattr(neuro.Recording, "load", refuse)


@pytest.mark.usefixtures("_small_memory")
def test_a_large_recording_is_counted_in_the_file_and_not_loaded(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    result = call("run", own_model, "--seed", 3, "-p", "long", "--stream", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["steps"] == 400
    in_memory = neuro.simulate(_network(tmp_path), 400, seed=3)
    spikes = in_memory.spikes["cells"]
    assert found["report"]["rows"] == [
        ["cells", "20", str(len(spikes)), f"{in_memory.rate('cells'):.2f}"]
    ]
    note = found["report"]["notes"][0]
    assert f"{400 * 20 + len(spikes):,} spikes and samples" in note
    numbers = [20 * end + int((spikes.step < end).sum()) for end in range(26)]
    shown = max(end for end, count in enumerate(numbers) if count <= 500)
    assert f"the raster shows the first {shown} ms" in note
    assert (tmp_path / "out" / "raster.png").stat().st_size > 1000


def _network(folder: Path) -> neuro.Network:
    return neuro.load_network(folder / "out" / "network.txt")
