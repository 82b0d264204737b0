"""Sizes and first parts of recordings, without loading them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro.errors import FileFormatError
from neuro.recording.data import Recording, SpikeData, TraceData
from neuro.recording.provenance import Provenance
from neuro.recording.window import load_start, read_sizes

STEPS = 50


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two spikes a step of E, none of I, and three samples every fifth step; from step 100 on."""
    step = np.repeat(np.arange(100, 100 + STEPS), 2)
    every = np.arange(100, 100 + STEPS, 5)
    recording = Recording(
        spikes={
            "E": SpikeData(step, np.tile([0, 3], STEPS), 4),
            "I": SpikeData(np.empty(0, np.int64), np.empty(0, np.int64), 2),
        },
        traces={"E": {"v": TraceData(every, np.zeros((len(every), 3)), np.arange(3))}},
        first_step=100,
        steps=STEPS,
        provenance=Provenance(network="two", dt=0.001),
    )
    return recording.save(tmp_path / "recording.h5")


def test_sizes_count_spikes_and_samples(file: Path) -> None:
    sizes = read_sizes(file)
    assert (sizes.first_step, sizes.steps) == (100, STEPS)
    assert sizes.spikes == {"E": (4, 100), "I": (2, 0)}
    assert sizes.numbers == 100 + 30


def test_sizes_before_a_step_count_only_those(file: Path) -> None:
    sizes = read_sizes(file, before=110)
    assert (sizes.steps, sizes.spikes["E"], sizes.numbers) == (10, (4, 20), 20 + 6)


@pytest.mark.parametrize(("numbers", "steps"), [(0, 1), (26, 10), (30, 10), (31, 11), (999, STEPS)])
def test_the_start_is_as_long_as_the_numbers_allow(file: Path, numbers: int, steps: int) -> None:
    start = load_start(file, numbers)
    assert (start.first_step, start.steps) == (100, steps)
    assert start.spikes["E"].step.max() == 100 + steps - 1
    assert len(start.spikes["E"]) == 2 * steps
    assert start.traces["E"]["v"].step.max() < 100 + steps
    assert start.provenance.network == "two"


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="does not exist"):
        read_sizes(tmp_path / "missing.h5")
