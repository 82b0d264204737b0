"""Recordings of event cameras and cochleas, such as those of tonic, as spikes in steps.

A data set is anything with a length whose items are pairs of events and a label, where events are a structured
array with a time ``t`` and addresses such as ``x``, ``y`` and ``p``: what the data sets of tonic give.  tonic
itself (GPL) is not imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.errors import FileFormatError, ParameterError
from neuro.training.task import Inputs


class Recordings(Protocol):
    """A data set such as ``tonic.datasets.SHD(...)``."""

    def __len__(self) -> int:
        """How many recordings there are."""
        ...

    def __getitem__(self, place: int, /) -> tuple[NDArray[Any], Any]:
        """Events and a label."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventData:
    """Recordings, binned when they are asked for.

    Attributes
    ----------
    recordings
        The data set.
    sizes
        How many values each address has, such as ``{"p": 2, "y": 34, "x": 34}``; the cell of an event
        is counted in this order, the last address fastest.
    steps, width
        How many steps, and how many units of the data set's time (microseconds in tonic) each has.
        Later events are left out.
    classes
        How many classes there are.
    source
        Which input of the network they are for.
    divide
        By how much addresses are divided, to make a coarser picture; of each address.
    """

    recordings: Recordings
    sizes: dict[str, int]
    steps: int
    width: float
    classes: int
    source: str
    divide: dict[str, int] | None = None

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.width > 0:
            raise ParameterError(
                f"{self.steps} steps of {self.width}.", where="events", hint="Both above 0."
            )

    def __len__(self) -> int:
        """How many recordings there are."""
        return len(self.recordings)

    @property
    def cells(self) -> int:
        """How many cells the input has."""
        return prod(self._shape)

    @property
    def _shape(self) -> tuple[int, ...]:
        divided = self.divide or {}
        return tuple(-(-size // divided.get(name, 1)) for name, size in self.sizes.items())

    def batch(self, index: Tensor, generator: torch.Generator) -> tuple[Inputs, Tensor]:
        """Spikes of shape (steps, batch, cells), and labels.

        Raises
        ------
        FileFormatError
            If a recording lacks an address, or has one that is too large; names the recording.
        ParameterError
            If a label is out of range.
        """
        del generator
        places = index.tolist()
        spikes = torch.zeros(self.steps, len(places), self.cells)
        labels = []
        for column, place in enumerate(places):
            events, label = self.recordings[place]
            step, cell = self._binned(events, place)
            spikes[step, column, cell] = 1
            labels.append(self._label(label, place))
        return {self.source: spikes}, torch.tensor(labels)

    def _binned(self, events: NDArray[Any], place: int) -> tuple[Tensor, Tensor]:
        """Step and cell of each event; several in one step count once."""
        known = events.dtype.names or ()
        for name in ("t", *self.sizes):
            if name not in known:
                raise FileFormatError(
                    f"recording {place} has no {name!r}; it has {', '.join(known) or 'no names'}.",
                    where="events",
                )
        step = np.floor(np.asarray(events["t"], np.float64) / self.width).astype(np.int64)
        cell = np.zeros(len(events), np.int64)
        for (name, size), count in zip(self.sizes.items(), self._shape, strict=True):
            own = np.asarray(events[name], np.int64)
            self._check(own, name, size, place)
            cell = cell * count + own // (self.divide or {}).get(name, 1)
        inside = (step >= 0) & (step < self.steps)
        return torch.from_numpy(step[inside]), torch.from_numpy(cell[inside])

    def _check(self, values: NDArray[np.int64], name: str, size: int, place: int) -> None:
        wrong = np.flatnonzero((values < 0) | (values >= size))
        if len(wrong):
            raise FileFormatError(
                f"recording {place}, event {wrong[0]} has {name} = {values[wrong[0]]}.",
                where="events",
                hint=f"It was said to be 0 to {size - 1}; is the sensor's size right?",
            )

    def _label(self, label: Any, place: int) -> int:
        number = int(label)
        if not 0 <= number < self.classes:
            raise ParameterError(
                f"recording {place} has label {number}.",
                where="events, labels",
                hint=f"Labels are 0 to {self.classes - 1}.",
            )
        return number


def sensor(dataset: Any, axes: Sequence[str] = ("p", "y", "x")) -> dict[str, int]:
    """The sizes of a data set of tonic, from its ``sensor_size`` (x, y, polarities).

    Axes of one value, such as ``y`` of a cochlea, are left out.

    Raises
    ------
    ParameterError
        If it has no ``sensor_size``.
    """
    size = getattr(dataset, "sensor_size", None)
    if size is None or len(size) != 3:
        raise ParameterError(
            f"{type(dataset).__name__} has no sensor_size of three numbers.",
            where="events",
            hint='Give sizes, such as {"p": 2, "y": 34, "x": 34}.',
        )
    known = dict(zip(("x", "y", "p"), map(int, size), strict=True))
    return {axis: known[axis] for axis in axes if known[axis] > 1}
