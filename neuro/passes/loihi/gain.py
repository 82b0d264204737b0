"""How many steps of Loihi's membrane stand for one unit of a cell's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuro.ir.loihi import (
    LARGEST,
    LIMIT,
    MAX_BIAS,
    MAX_BIAS_EXPONENT,
    MAX_EXPONENT,
    MAX_THRESHOLD,
    UNIT,
)
from neuro.passes.current_based import CurrentBased

Peaks = Mapping[tuple[str, str], float]
"""Largest magnitudes in the float run, by target and variable."""


def gain_of(
    population: str, cell: CurrentBased, peaks: Peaks, weights: float, headroom_bits: int
) -> float:
    """The largest gain with which threshold, bias, weights and all that was seen fit.

    Parameters
    ----------
    population
        Its name.
    cell
        What its cells compute.
    peaks
        Of the float run.
    weights
        The largest magnitude that arrives at once over one synapse, in the membrane's unit.
    headroom_bits
        Free bits above the largest current and membrane seen.
    """
    room = 2.0**headroom_bits
    threshold = float(np.max(cell.threshold))
    limits = (
        (threshold, UNIT * MAX_THRESHOLD),
        (_membrane(population, cell, peaks) * room, LIMIT - 1),
        (_current(population, cell, peaks) * room, LIMIT - 1),
        (float(np.max(np.abs(cell.bias))), MAX_BIAS * 2.0**MAX_BIAS_EXPONENT),
        (weights, UNIT * LARGEST["mixed"] * 2.0**MAX_EXPONENT),
    )
    gain = min(limit / reached for reached, limit in limits if reached > 0)
    whole = int(threshold * gain / UNIT)
    return whole * UNIT / threshold if whole else gain


def _membrane(population: str, cell: CurrentBased, peaks: Peaks) -> float:
    """The farthest that the membrane can have been from its reset."""
    farthest = float(np.max(np.abs(cell.reset)))
    return peaks.get((population, cell.membrane), 0.0) + farthest


def _current(population: str, cell: CurrentBased, peaks: Peaks) -> float:
    """The largest that the sum of all currents can have been."""
    parts: dict[str, Any] = {**cell.ports, **cell.currents}
    return sum(
        float(np.max(np.abs(factor))) * peaks.get((population, name), 0.0)
        for name, factor in parts.items()
    )
