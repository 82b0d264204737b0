"""Weights as SpiNNaker keeps them: 16 bits, with a point that each population's inputs decide.

A cell's input of one kind is summed in a ring buffer of 16 bits per step.  sPyNNaker estimates the
largest sum that a step can bring and shifts the point so that it fits; every weight of that kind
onto that population has this point.  One large weight thus rounds all the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.pynn.translate import Plan

Array = NDArray[np.float64]

RATE = 30.0
"""Spikes a second that sPyNNaker expects of every cell (``spikes_per_second``)."""

SIGMA = 5.0
"""Standard deviations above the mean that a sum may reach (``ring_buffer_sigma``)."""

LIMIT_SIGMA = 3.0
_RECEPTORS = ("excitatory", "inhibitory")
_CONDUCTANCE_SCALE = 1024.0


@dataclass
class _Totals:
    """Mean and variance over groups of which only these are known."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, mean: float, variance: float, count: int) -> None:
        if count <= 0:
            return
        total = self.count + count
        step = mean - self.mean
        self.squares += variance * (count - 1) + step * step * self.count * count / total
        self.mean = (self.count * self.mean + count * mean) / total
        self.count = total

    @property
    def variance(self) -> float:
        return self.squares / (self.count - 1) if self.count > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """How weights of one kind onto one population are kept.

    Attributes
    ----------
    shift
        Bits before the point of a sum; the largest sum is ``2**shift``.
    scale
        What a weight is multiplied by before it is rounded to a whole number of 16 bits.
    """

    shift: int
    scale: float

    @property
    def step(self) -> float:
        """Distance between neighbouring weights, in PyNN's unit."""
        return 1 / self.scale

    def stored(self, weight: Array) -> NDArray[np.int64]:
        """The whole numbers that stand for `weight`; what exceeds 16 bits is not cut."""
        return np.rint(np.abs(weight) * self.scale).astype(np.int64)

    def quantised(self, weight: Array) -> Array:
        """`weight` as the board has it; signs are kept by the receptor."""
        return (self.stored(weight) & 0xFFFF) / self.scale


def points(plan: Plan) -> dict[tuple[str, str], Point]:
    """The point of each population's inputs, by (population, receptor).

    Parameters
    ----------
    plan
        A network translated for SpiNNaker.
    """
    found = {}
    for population in plan.tree["populations"]:
        if population["cell"].startswith("SpikeSource"):
            continue
        scale = _CONDUCTANCE_SCALE if "cond" in population["cell"] else 1.0
        for receptor in _RECEPTORS:
            shift = _shift(_largest_sum(plan, population["name"], receptor, scale))
            found[population["name"], receptor] = Point(shift, 2.0 ** (15 - shift) * scale)
    return found


def quantised_weights(plan: Plan, projection: str) -> Array:
    """Magnitudes of a projection's weights on the board, in PyNN's unit, in the order of the list."""
    tree = next(p for p in plan.tree["projections"] if p["name"] == projection)
    point = points(plan)[tree["post"], tree["receptor"]]
    return point.quantised(plan.arrays[f"{projection}/weight"])


def _shift(largest: float) -> int:
    """Bits that sums below or at `largest` need before the point."""
    if largest <= 0:
        return 0
    power = math.ceil(max(0.0, math.log2(largest)))
    return power + 1 if 2**power <= largest else power


def _largest_sum(plan: Plan, population: str, receptor: str, scale: float) -> float:
    """The largest sum that sPyNNaker expects in a step."""
    steps_a_second = 1000 / plan.tree["dt"]
    weights, delays = _Totals(), _Totals()
    biggest = total = 0.0
    for tree in plan.tree["projections"]:
        if (tree["post"], tree["receptor"]) != (population, receptor):
            continue
        name = tree["name"]
        if not plan.arrays[f"{name}/weight"].size:
            continue
        count = int(np.bincount(plan.arrays[f"{name}/post"]).max())
        mean, variance, most = _weights(plan, tree)
        weights.add(mean * scale, variance * scale**2, count)
        delays.add(0.0, float(np.var(plan.arrays[f"{name}/delay"])), count)
        biggest = max(biggest, most * scale)
        total += max(1.0, RATE / steps_a_second) * most * count
    if delays.variance == 0.0:
        return max(total, biggest)
    expected = _upper_bound(weights, RATE / steps_a_second * weights.count)
    return max(min(expected, total), biggest)


def _weights(plan: Plan, tree: dict[str, Any]) -> tuple[float, float, float]:
    """Mean, variance and maximum of a projection's weights; plastic ones may all become w_max."""
    magnitudes = np.abs(plan.arrays[f"{tree['name']}/weight"])
    most = float(magnitudes.max())
    if tree["stdp"] is not None:
        most = max(most, tree["stdp"]["bounds"]["w_max"])
        return most, 0.0, most
    return float(magnitudes.mean()), float(magnitudes.var()), most


def _upper_bound(weights: _Totals, events: float) -> float:
    """Mean plus some standard deviations of a sum of Poisson many weights.

    `events` is the mean number of events in a step.
    """
    limit = round(events + LIMIT_SIGMA * math.sqrt(events))
    variance = events * weights.mean**2
    if weights.variance > 0:
        variance += _spread(weights.variance, events, limit)
    return events * weights.mean + SIGMA * math.sqrt(variance)


def _spread(variance: float, events: float, limit: int) -> float:
    """What the spread of the weights adds: ``variance`` times the sum of ``k P(k)`` up to `limit`.

    Where the last term's size is out of range, or is 1, sPyNNaker takes 0.
    """
    last = limit * math.log(events) - math.lgamma(1 + limit) if events > 0 else 0.0
    if last == 0.0 or abs(last) >= 701.0:
        return 0.0
    logs = (k * math.log(events) - math.lgamma(1 + k) - events for k in range(1, limit + 1))
    return variance * sum(k * math.exp(log) for k, log in enumerate(logs, start=1))
