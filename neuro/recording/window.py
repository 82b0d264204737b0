"""Look into a recording that may be larger than memory: its sizes, and its first part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from neuro.recording.data import Recording
from neuro.recording.hdf5 import KIND, SCHEMA, load_recording, open_hdf5, rows_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much a recording holds.

    Attributes
    ----------
    first_step, steps
        Where it starts and how many steps it covers.
    spikes
        Number of cells and of spikes by source.
    numbers
        Numbers in it altogether: spikes and samples.
    """

    first_step: int
    steps: int
    spikes: Mapping[str, tuple[int, int]]
    numbers: int


def read_sizes(path: Path, *, before: int | None = None) -> Sizes:
    """The sizes of the recording at `path`, or of what it holds from before a step.

    Raises
    ------
    FileFormatError
        If the file is no recording.
    """
    with open_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        first = int(file.attrs["first_step"])
        end = first + int(file["progress"][0])
        end = end if before is None else min(end, before)
        spikes = {
            name: (int(group.attrs["size"]), rows_before(group, "index", end))
            for name, group in file.get("spikes", {}).items()
        }
        samples = sum(
            rows_before(group, "values", end) * group["values"].shape[1] for group in _traces(file)
        )
    numbers = samples + sum(count for _, count in spikes.values())
    return Sizes(first_step=first, steps=end - first, spikes=spikes, numbers=numbers)


def load_start(path: Path, numbers: int) -> Recording:
    """Load as long a first part of a recording as holds at most `numbers` numbers (or one step)."""
    sizes = read_sizes(path)
    low, high = 1, sizes.steps
    while low < high:
        middle = (low + high + 1) // 2
        fits = read_sizes(path, before=sizes.first_step + middle).numbers <= numbers
        low, high = (middle, high) if fits else (low, middle - 1)
    return load_recording(path, before=sizes.first_step + low)


def _traces(file: h5py.File) -> list[Any]:
    return [group for variables in file.get("traces", {}).values() for group in variables.values()]
