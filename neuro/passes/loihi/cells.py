"""Populations in Loihi's format."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuro.cells.loihi_lif import LoihiLIF
from neuro.ir.loihi import DECAY_ONE, MAX_BIAS, MAX_BIAS_EXPONENT, MAX_DECAY, MAX_THRESHOLD, UNIT
from neuro.ir.network import Population
from neuro.ir.values import Value
from neuro.passes.current_based import CurrentBased
from neuro.passes.loihi.report import LoihiCells

Integers = NDArray[np.int64]


def loihi_population(
    node: Population, cell: CurrentBased, gain: float, dt: float, *, refractory: bool
) -> tuple[Population, LoihiCells]:
    """`node` as `LoihiLIF` cells.

    Parameters
    ----------
    node
        The population.
    cell
        What its cells compute.
    gain
        Steps of Loihi's membrane for one unit of its own.
    dt
        Length of a step, seconds.
    refractory
        False drops the refractory period.
    """
    mantissa, exponent = bias(cell.bias * gain)
    steps = np.asarray(cell.refractory if refractory else 0)
    whole = {
        "du": decay(cell.keep_u, least=1) - 1,
        "dv": decay(cell.keep_v, least=0),
        "vth": threshold(cell.threshold * gain, strict=cell.strict),
        "bias_mant": mantissa,
        "bias_exp": np.asarray(exponent),
    }
    values = {name: _value(number) for name, number in whole.items()}
    initial = np.rint(cell.initial * gain)
    made = replace(
        node,
        cell=LoihiLIF.cell_type,
        parameters=values | ({"tau_refrac": _value(steps * dt)} if np.any(steps) else {}),
        initial={"v": _value(initial)} if np.any(initial) else {},
    )
    largest = {name: int(np.ravel(x)[np.argmax(np.abs(x))]) for name, x in whole.items()}
    facts = LoihiCells(population=node.name, gain=gain, refractory=int(np.max(steps)), **largest)
    return made, facts


def decay(keep: NDArray[np.float64], *, least: int) -> Integers:
    """The decay, in 1/4096, that leaves `keep` of a variable; within what the format has."""
    whole = np.rint(DECAY_ONE * (1 - np.asarray(keep))).astype(np.int64)
    return np.asarray(np.clip(whole, least, MAX_DECAY + least))


def threshold(raw: NDArray[np.float64], *, strict: bool) -> Integers:
    """The threshold for a membrane of `raw` steps; Loihi's must be passed, not only reached."""
    units = np.asarray(raw) / UNIT
    near = np.rint(units)
    exact = np.where(np.abs(units - near) < 1e-9 * np.maximum(near, 1), near, units)
    whole = np.asarray(np.floor(exact) if strict else np.ceil(exact) - 1)
    return np.clip(whole, 0, MAX_THRESHOLD).astype(np.int64)


def bias(raw: NDArray[np.float64]) -> tuple[Integers, int]:
    """Mantissas of a bias of `raw` steps, and the smallest exponent that fits them all."""
    array = np.asarray(raw)
    largest = float(np.max(np.abs(array), initial=0.0))
    exponents = range(MAX_BIAS_EXPONENT + 1)
    exponent = next(
        (e for e in exponents if np.rint(largest / 2**e) <= MAX_BIAS), MAX_BIAS_EXPONENT
    )
    mantissa = np.rint(array / 2**exponent).astype(np.int64)
    return np.clip(mantissa, -MAX_BIAS, MAX_BIAS), exponent


def _value(number: NDArray[np.number] | Integers) -> Value:
    """One number where all are alike, else an array."""
    array = np.asarray(number, np.float64)
    if array.size and np.all(array == np.ravel(array)[0]):
        return float(np.ravel(array)[0])
    return array
