"""Runs into memory and onto disk; what is stopped or killed goes on to the same bits."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError, ParameterError, StorageError, UnknownNameError
from neuro.recording.data import Recording
from neuro.simulation import run
from tests.disk import full_disk
from tests.recording.samples import assert_same, same_provenance
from tests.simulation.runs import plastic_network, start

STEPS = 50_001
"""The last step is one in which states and weights are recorded."""


def driven_network() -> neuro.Network:
    net = neuro.NetworkBuilder(dt=1.0, name="driven")
    source = net.population(2, neuro.SpikeSourceArray(), label="source")
    cells = net.population(2, neuro.IF_curr_exp(), label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=40.0))
    net.inject(neuro.StepCurrentSource([0.0], [0.0]), cells, label="current")
    return net.build()


def stop_at(step: int) -> Any:
    """A progress that presses Ctrl-C in the first call that reaches `step`."""

    def report(done: int, total: int) -> None:
        del total
        if done >= step:
            signal.raise_signal(signal.SIGINT)

    return report


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The run that nothing disturbs."""
    path = tmp_path_factory.mktemp("whole") / "run.h5"
    neuro.simulate_to_file(path, plastic_network(), STEPS, backend="c")
    return Recording.load(path)


# In memory


def test_steps_may_be_none_at_all() -> None:
    recording = neuro.simulate(plastic_network(), 0, backend="reference")
    assert recording.steps == 0
    assert len(recording.spikes["cells"]) == 0


@pytest.mark.parametrize("steps", [-1, 1.5, "10", None])
def test_a_wrong_number_of_steps_is_refused(steps: Any) -> None:
    with pytest.raises(ParameterError, match=f"steps: is {steps!r}. Give a whole number"):
        neuro.simulate(plastic_network(), steps, backend="reference")


def test_an_unknown_input_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"no input 'sorce'. Did you mean 'source'"):
        neuro.simulate(driven_network(), 5, inputs={"sorce": ([0], [0])})


def test_ctrl_c_carries_the_recording_up_to_there() -> None:
    with pytest.raises(neuro.RunInterrupted, match=r"interrupted after \d+ steps") as caught:
        neuro.simulate(plastic_network(), 10**9, backend="c", progress=stop_at(500))
    recording = caught.value.recording
    assert recording.steps >= 500
    assert not recording.provenance.completed
    assert_same(recording, neuro.simulate(plastic_network(), recording.steps, backend="c"))


# Onto disk


def test_memory_is_flat_over_a_long_run() -> None:
    with start("memory", 300_000) as process:
        output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    marks = json.loads(output)
    assert marks["megabytes"] > 60
    assert marks["late"] - marks["early"] < 16


def test_a_killed_run_is_readable_and_goes_on_to_the_same_bits(
    tmp_path: Path, whole: Recording
) -> None:
    path = tmp_path / "run.h5"
    with start("stream", path, STEPS, "c") as process:
        _wait_for_checkpoint(process, path, least=2000)
        process.kill()
    cut = Recording.load(path)
    assert 2000 <= cut.steps < STEPS
    assert not cut.provenance.completed
    spikes = whole.spikes["cells"]
    before = np.searchsorted(spikes.step, cut.steps)
    np.testing.assert_array_equal(cut.spikes["cells"].step, spikes.step[:before])
    np.testing.assert_array_equal(cut.spikes["cells"].index, spikes.index[:before])
    neuro.simulate_to_file(path, plastic_network(), STEPS, backend="c", resume=True)
    assert_same(Recording.load(path), whole)
    assert Recording.load(path).provenance.completed
    assert [item.name for item in tmp_path.iterdir()] == ["run.h5"]


def _wait_for_checkpoint(process: subprocess.Popen[str], path: Path, least: int) -> None:
    """Read on until a checkpoint of a later step than `least` stands."""
    assert process.stdout is not None
    checkpoint = path.with_name("run.h5.checkpoint")
    first = 0
    for line in process.stdout:
        if first == 0 and int(line) >= least:
            first = checkpoint.stat().st_mtime_ns
        if first and checkpoint.stat().st_mtime_ns > first:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "it ended")


@pytest.mark.parametrize("backend", ["reference", "c", "numba"])
def test_ctrl_c_leaves_a_run_that_goes_on_on_any_engine(
    tmp_path: Path, backend: str, whole: Recording
) -> None:
    path = tmp_path / "run.h5"
    with pytest.raises(KeyboardInterrupt):
        neuro.simulate_to_file(
            path, plastic_network(), STEPS, backend=backend, progress=stop_at(100)
        )
    stopped = Recording.load(path)
    assert 100 <= stopped.steps < STEPS
    assert not stopped.provenance.completed
    neuro.simulate_to_file(path, plastic_network(), STEPS, backend="c", resume=True)
    assert_same(Recording.load(path), whole)


def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_room(
    tmp_path: Path, whole: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "FLUSH_SECONDS", 0.0)
    path = tmp_path / "run.h5"
    with full_disk(900_000), pytest.raises(StorageError, match=r"stays readable. Free some space"):
        neuro.simulate_to_file(path, plastic_network(), STEPS, backend="c")
    assert 0 < Recording.load(path).steps < STEPS
    with full_disk(200_000), pytest.raises(StorageError, match="could not be written"):
        neuro.simulate_to_file(path, plastic_network(), STEPS, backend="c", resume=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5", "run.h5.checkpoint"]
    neuro.simulate_to_file(path, plastic_network(), STEPS, backend="c", resume=True)
    assert_same(Recording.load(path), whole)
    assert same_provenance(Recording.load(path)) == same_provenance(whole)


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A streamed run that was interrupted."""
    path = tmp_path / "run.h5"
    with pytest.raises(KeyboardInterrupt):
        neuro.simulate_to_file(
            path, driven_network(), 100, backend="reference", progress=stop_at(50)
        )
    return path


def test_a_stopped_run_is_not_overwritten_by_accident(stopped: Path) -> None:
    with pytest.raises(ParameterError, match=r"a run that was not finished. Resume that run"):
        neuro.simulate_to_file(stopped, driven_network(), 100)
    neuro.simulate_to_file(stopped, driven_network(), 30, backend="reference", overwrite=True)
    assert Recording.load(stopped).steps == 30


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": plastic_network()}, "belongs to another network"),
        ({"seed": 5}, r"belongs to another seed \(0, not 5\)"),
        ({"inputs": {"source": ([3], [1])}}, "belongs to other inputs"),
        ({"inputs": {"current": [1e-9, 0.0]}}, "belongs to other inputs"),
    ],
)
def test_only_the_same_run_is_resumed(stopped: Path, change: dict[str, Any], words: str) -> None:
    given = {"network": driven_network(), "steps": 100, "backend": "reference", **change}
    with pytest.raises(FileFormatError, match=words):
        neuro.simulate_to_file(stopped, resume=True, **given)


def test_a_run_cannot_be_resumed_to_less_than_it_has_done(stopped: Path) -> None:
    with pytest.raises(ParameterError, match=r"steps: is 20, but the run to be resumed has done"):
        neuro.simulate_to_file(stopped, driven_network(), 20, backend="reference", resume=True)
    assert Recording.load(stopped).steps >= 50


def test_a_finished_run_leaves_nothing_to_resume(tmp_path: Path) -> None:
    path = neuro.simulate_to_file(tmp_path / "run.h5", driven_network(), 10, backend="reference")
    with pytest.raises(FileFormatError, match=r"nothing to resume. Start without resuming"):
        neuro.simulate_to_file(path, driven_network(), 20, backend="reference", resume=True)


def test_checkpoints_need_time_between_them(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"checkpoint_every: is 0\. Use seconds above 0"):
        neuro.simulate_to_file(tmp_path / "x.h5", driven_network(), 10, checkpoint_every=0)
