"""What comes from outside while a network runs: listed spikes and piecewise constant currents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import ParameterError, VerificationError, unknown_name
from neuro.ir.network import CurrentInput, Network, SpikeArray
from neuro.ir.resolve import sizes
from neuro.ir.verify.inputs import check_events

Integers = NDArray[np.int64]
Events = tuple[ArrayLike, ArrayLike]
"""Spikes as a pair of integer arrays (step, index)."""


@dataclass(frozen=True, slots=True, eq=False)
class Spikes:
    """Spikes of one source, sorted by step, then index."""

    step: Integers
    index: Integers

    def at(self, step: int) -> Integers:
        """Indices of the cells that spike in `step`, ascending."""
        first, last = np.searchsorted(self.step, [step, step + 1])
        return self.index[first:last]


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A piecewise constant signal: `value[k]` from `step[k]` on, 0 before the first."""

    step: Integers
    value: NDArray[np.float64]

    def at(self, step: int) -> NDArray[np.float64]:
        """The value (or row of values) in `step`."""
        place = int(np.searchsorted(self.step, step, side="right")) - 1
        return self.value[place] if place >= 0 else np.zeros(self.value.shape[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """All that comes from outside, by the name of the input."""

    spikes: Mapping[str, Spikes]
    signals: Mapping[str, Signal]


def drive_of(network: Network, inputs: Mapping[str, Any] | None = None) -> Drive:
    """The drive declared in `network`, with some inputs replaced.

    Parameters
    ----------
    network
        A verified network.
    inputs
        By the name of a spike array: a pair of integer arrays (step, index), in any order.  By the
        name of a current input: an array of one value, or one row of values, per step from step 0,
        in SI units; or a pair (step, value) as in `CurrentInput`.

    Raises
    ------
    UnknownNameError
        If there is no such input.
    VerificationError, ParameterError
        If spikes repeat or lie outside the source, or shapes do not fit.
    """
    spikes = {i.name: Spikes(i.step, i.index) for i in network.inputs if isinstance(i, SpikeArray)}
    signals = {
        i.name: Signal(i.step, np.asarray(i.value, np.float64))
        for i in network.inputs
        if isinstance(i, CurrentInput)
    }
    for name, given in (inputs or {}).items():
        if name in spikes:
            spikes[name] = as_spikes(name, network.sources[name].size, given)
        elif name in signals:
            signals[name] = as_signal(network, name, given)
        else:
            raise unknown_name(name, [*spikes, *signals], kind="input", where="inputs")
    return Drive(spikes, signals)


def as_spikes(name: str, size: int, events: Events) -> Spikes:
    """Sort and check the spikes given for a source of `size` cells."""
    where = f"inputs[{name!r}]"
    try:
        step, index = (np.asarray(part) for part in events)
    except (TypeError, ValueError):
        raise ParameterError(
            "is not a pair of arrays.", where=where, hint="Give (steps, indices)."
        ) from None
    step, index = (part.astype(np.int64) if part.size == 0 else part for part in (step, index))
    if step.shape == index.shape and step.ndim == 1:
        order = np.lexsort((index, step))
        step, index = step[order], index[order]
    findings = list(check_events(where, SpikeArray(name=name, size=size, step=step, index=index)))
    if findings:
        raise VerificationError(findings)
    return Spikes(step.astype(np.int64), index.astype(np.int64))


def as_signal(network: Network, name: str, given: Any) -> Signal:
    """Check the values given for the current input `name`."""
    where = f"inputs[{name!r}]"
    declared = next(i for i in network.inputs if i.name == name)
    assert isinstance(declared, CurrentInput)
    step, value = _steps_and_values(where, given)
    size = declared.value.shape[1] if declared.value.ndim == 2 else sizes(network, declared.post)
    if value.ndim not in (1, 2) or len(step) != len(value) or value.shape[1:] not in ((), (size,)):
        raise ParameterError(
            f"has shape {value.shape} for {len(step)} steps.",
            where=where,
            hint=f"Give one number per step, or rows of {size}.",
        )
    if not np.isfinite(value).all():
        raise ParameterError("holds values that are not finite.", where=where)
    if (np.diff(step) <= 0).any() or (step < 0).any():
        raise ParameterError("steps must ascend from 0 or later.", where=where)
    return Signal(step, value)


def _steps_and_values(where: str, given: Any) -> tuple[Integers, NDArray[np.float64]]:
    """The pair (step, value) of changes, also from one value per step."""
    try:
        if isinstance(given, tuple) and len(given) == 2:
            step, value = np.asarray(given[0]), np.asarray(given[1], np.float64)
        else:
            value = np.asarray(given, np.float64)
            step = np.arange(len(value) if value.ndim else 0)
    except (TypeError, ValueError):
        raise ParameterError(
            "does not hold numbers.", where=where, hint="Give values in SI units."
        ) from None
    if step.size and not np.issubdtype(step.dtype, np.integer):
        raise ParameterError(
            f"steps are {step.dtype.name}.", where=where, hint="They must be whole numbers."
        )
    return step.astype(np.int64), value
