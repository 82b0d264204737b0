"""A streamed recording is readable at every moment and equals one kept in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError, StorageError
from neuro.recording.collect import sample_plans
from neuro.recording.data import Recording
from neuro.recording.stream import StreamSink
from tests.disk import full_disk
from tests.recording.samples import PROVENANCE, assert_same, same_provenance, sample
from tests.simulation.runs import plastic_network

SIZES = {"Z": 4, "A": 3}


def sink(path: Path, first_step: int = 0) -> StreamSink:
    return StreamSink(path, SIZES, [], PROVENANCE, first_step)


def fill(stream: StreamSink, first: int, last: int) -> None:
    """One spike of a cell of Z a step."""
    step = np.arange(first, last)
    stream.add_spikes("Z", step, step % 4)


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("format", [neuro.FLOAT32, neuro.FLOAT64])
def test_a_streamed_run_is_the_run_kept_in_memory(
    tmp_path: Path, backend: str, format: neuro.ir.network.NumberFormat
) -> None:
    network = replace(plastic_network(20), format=format)
    path = neuro.simulate_to_file(tmp_path / "run.h5", network, 300, backend=backend)
    streamed, kept = Recording.load(path), neuro.simulate(network, 300, backend=backend)
    assert_same(streamed, kept)
    assert same_provenance(streamed) == same_provenance(kept)
    assert streamed.provenance.wall["run"] > 0


def test_what_is_flushed_can_be_read_while_the_file_is_written(tmp_path: Path) -> None:
    stream = sink(tmp_path / "s.h5")
    fill(stream, 0, 10)
    stream.flush(10)
    fill(stream, 10, 20)
    read = Recording.load(stream.path)
    assert (read.steps, len(read.spikes["Z"]), read.provenance) == (10, 10, PROVENANCE)
    assert stream.waiting == 20
    stream.finish(20, PROVENANCE)
    assert len(Recording.load(stream.path).spikes["Z"]) == 20


def test_what_was_not_flushed_is_left_out_when_it_is_abandoned(tmp_path: Path) -> None:
    stream = sink(tmp_path / "s.h5", first_step=5)
    fill(stream, 5, 30)
    stream.flush(20)
    stream.abandon()
    read = Recording.load(stream.path)
    assert (read.first_step, read.steps, read.spikes["Z"].step[-1]) == (5, 15, 19)


def test_samples_of_many_chunks_come_back(tmp_path: Path) -> None:
    network = plastic_network(20)
    plan = next(plan for plan in sample_plans(network, 3) if plan.variable == "v")
    stream = StreamSink(tmp_path / "s.h5", {}, [plan], PROVENANCE)
    values = np.arange(20 * 5000, dtype=np.float32).reshape(5000, 20)
    for first in range(0, 5000, 700):
        rows = slice(first, first + 700)
        stream.add_samples("cells", "v", np.arange(5000)[rows], values[rows])
        stream.flush(min(5000, first + 700))
    stream.finish(5000, PROVENANCE)
    np.testing.assert_array_equal(Recording.load(stream.path).traces["cells"]["v"].values, values)


def test_an_earlier_recording_is_taken_over_up_to_a_step(tmp_path: Path) -> None:
    earlier = sink(tmp_path / "earlier.h5")
    fill(earlier, 0, 50_000)
    earlier.flush(50_000)
    earlier.abandon()
    stream = sink(tmp_path / "later.h5")
    stream.adopt(earlier.path, 40_000)
    fill(stream, 40_000, 40_010)
    stream.finish(40_010, PROVENANCE)
    np.testing.assert_array_equal(Recording.load(stream.path).spikes["Z"].step, np.arange(40_010))


def test_a_recording_that_ends_too_early_is_not_taken_over(tmp_path: Path) -> None:
    path = sample().save(tmp_path / "earlier.h5")
    stream = sink(tmp_path / "later.h5")
    with pytest.raises(FileFormatError, match=r"ends at step 50, before the checkpoint.* step 51"):
        stream.adopt(path, 51)
    stream.abandon()


def test_a_full_disk_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    path = sample().save(tmp_path / "s.h5")
    with full_disk(1024), pytest.raises(StorageError, match="could not be written"):
        sink(path)
    assert_same(Recording.load(path), sample())


def test_a_full_disk_keeps_what_was_flushed_and_room_lets_it_go_on(tmp_path: Path) -> None:
    stream = sink(tmp_path / "s.h5")
    fill(stream, 0, 1000)
    stream.flush(1000)
    with full_disk(1 << 20):
        fill(stream, 1000, 200_000)
        with pytest.raises(StorageError, match="What was flushed before stays readable"):
            stream.flush(200_000)
        assert len(Recording.load(stream.path).spikes["Z"]) == 1000
    stream.flush(200_000)
    stream.finish(200_000, PROVENANCE)
    np.testing.assert_array_equal(Recording.load(stream.path).spikes["Z"].step, np.arange(200_000))


def test_a_finished_file_holds_no_room_that_was_only_reserved(tmp_path: Path) -> None:
    stream = sink(tmp_path / "s.h5")
    fill(stream, 0, 10)
    stream.finish(10, PROVENANCE)
    size = stream.path.stat().st_size
    with h5py.File(stream.path, "r+"):
        pass  # HDF5 cuts off what it does not need
    assert stream.path.stat().st_size == size
