"""Listed spikes and injected currents, under PyNN's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import ParameterError
from neuro.units import UNITS, Quantity, to_si


@dataclass(frozen=True, slots=True, eq=False)
class SpikeSourceArray:
    """A source that spikes at listed times.

    Parameters
    ----------
    spike_times
        Times in ms, multiples of ``dt``: one sequence for all cells, or one sequence per cell.  Left
        out, the source is silent until a run or session gives it events.
    """

    spike_times: ArrayLike | Sequence[ArrayLike] | None = None

    def events(self, size: int, dt: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Spikes as (step, index), sorted; `dt` in seconds."""
        trains = self._trains(size)
        if len(trains) != size:
            raise ParameterError(
                f"has {len(trains)} trains for {size} cells.",
                where="SpikeSourceArray, spike_times",
                hint="Give one sequence of times per cell, or one for all.",
            )
        where = "SpikeSourceArray, spike_times"
        steps = [to_steps(train, dt, where=where) for train in trains]
        index = np.repeat(np.arange(size, dtype=np.int64), [len(train) for train in steps])
        step = np.concatenate([np.empty(0, np.int64), *steps])
        order = np.lexsort((index, step))
        return step[order], index[order]

    def _trains(self, size: int) -> list[ArrayLike]:
        given: Any = [] if self.spike_times is None else self.spike_times
        if all(np.ndim(item) == 0 for item in given):
            return [given] * size
        return list(given)


@dataclass(frozen=True, slots=True)
class DCSource:
    """A constant current.

    Parameters
    ----------
    amplitude
        nA.
    start, stop
        ms; `stop` None lasts for ever.
    """

    amplitude: Quantity
    start: float = 0.0
    stop: float | None = None

    def steps(self, dt: float) -> tuple[NDArray[np.int64], list[Quantity]]:
        """When the current changes, and its values from there on."""
        if self.stop is not None and self.stop <= self.start:
            raise ParameterError(
                f"stops at {self.stop} ms, but starts at {self.start} ms.",
                where="DCSource, stop",
                hint="Give a later time, or None for a current without end.",
            )
        times = [self.start] if self.stop is None else [self.start, self.stop]
        values: list[Quantity] = [self.amplitude, 0.0]
        return to_steps(times, dt, where="DCSource"), values[: len(times)]


@dataclass(frozen=True, slots=True, eq=False)
class StepCurrentSource:
    """A current that changes at listed times and is constant between them.

    Parameters
    ----------
    times
        Ascending times in ms.
    amplitudes
        The current from each time on, nA; one number, or one row of numbers per cell.
    """

    times: ArrayLike
    amplitudes: Sequence[Quantity]

    def steps(self, dt: float) -> tuple[NDArray[np.int64], list[Quantity]]:
        """When the current changes, and its values from there on."""
        steps = to_steps(self.times, dt, where="StepCurrentSource, times")
        if len(steps) != len(self.amplitudes):
            raise ParameterError(
                f"has {len(steps)} times and {len(self.amplitudes)} amplitudes.",
                where="StepCurrentSource",
                hint="Give one amplitude, or one row of amplitudes, per time.",
            )
        return steps, list(self.amplitudes)


def to_steps(times: Quantity, dt: float, *, where: str) -> NDArray[np.int64]:
    """Times in ms as whole numbers of steps of `dt` seconds.

    Raises
    ------
    ParameterError
        If a time is not a multiple of the step.
    UnitError
        If something is no time.
    """
    seconds = np.atleast_1d(to_si(times, UNITS["ms"], where=where))
    if not np.isfinite(seconds).all():
        raise ParameterError(
            f"holds {seconds[~np.isfinite(seconds)][0]}.",
            where=where,
            hint="Give finite times in ms.",
        )
    exact = seconds / dt
    steps = np.floor(exact + 0.5)
    rounding = 1e-6 * np.clip(np.abs(exact), 1.0, 1e4)  # times may come as float32
    wrong = np.flatnonzero(np.abs(exact - steps) > rounding)
    if len(wrong):
        raise ParameterError(
            f"{seconds[wrong[0]] * 1000:.12g} ms is not a multiple of the step of {dt * 1000:g} ms.",
            where=where,
            hint="Change it, or choose a finer dt.",
        )
    return steps.astype(np.int64)
