"""Weights as SpiNNaker keeps them: 16 bits, with a point that each population's inputs decide.

A cell's input of one kind is summed in a ring buffer of 16 bits per step.  sPyNNaker estimates the
largest sum that a step can bring and shifts the point so that it fits; every weight of that kind
onto that population has this point.  One large weight thus rounds all the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.pynn.translate import Plan
from neuro.ir.ring_buffer import Incoming, largest_sum
from neuro.ir.spinnaker import ring_buffer_shift

Array = NDArray[np.float64]

_RECEPTORS = ("excitatory", "inhibitory")
_CONDUCTANCE_SCALE = 1024.0


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
            incoming = _incoming(plan, population["name"], receptor, scale)
            shift = ring_buffer_shift(largest_sum(incoming, plan.tree["dt"] / 1000))
            found[population["name"], receptor] = Point(shift, 2.0 ** (15 - shift) * scale)
    return found


def quantised_weights(plan: Plan, projection: str) -> Array:
    """Magnitudes of a projection's weights on the board, in PyNN's unit, in the order of the list."""
    tree = next(p for p in plan.tree["projections"] if p["name"] == projection)
    point = points(plan)[tree["post"], tree["receptor"]]
    return point.quantised(plan.arrays[f"{projection}/weight"])


def _incoming(plan: Plan, population: str, receptor: str, scale: float) -> Iterator[Incoming]:
    """The projections onto one kind of input; weights times `scale`."""
    for tree in plan.tree["projections"]:
        name = tree["name"]
        if (tree["post"], tree["receptor"]) != (population, receptor):
            continue
        if not plan.arrays[f"{name}/weight"].size:
            continue
        mean, variance, most = _weights(plan, tree)
        yield Incoming(
            synapses=int(np.bincount(plan.arrays[f"{name}/post"]).max()),
            mean=mean * scale,
            variance=variance * scale**2,
            largest=most * scale,
            delay_variance=float(np.var(plan.arrays[f"{name}/delay"])),
            scale=scale,
        )


def _weights(plan: Plan, tree: dict[str, Any]) -> tuple[float, float, float]:
    """Mean, variance and maximum of a projection's weights; plastic ones may all become w_max."""
    magnitudes = np.abs(plan.arrays[f"{tree['name']}/weight"])
    most = float(magnitudes.max())
    if tree["stdp"] is not None:
        most = max(most, tree["stdp"]["bounds"]["w_max"])
        return most, 0.0, most
    return float(magnitudes.mean()), float(magnitudes.var()), most
