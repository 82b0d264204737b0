"""Inputs: where they end, and that their steps and values are in order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

import numpy as np

from neuro.errors import Finding
from neuro.ir.network import CurrentInput, Input, Network, PoissonInput, SpikeArray
from neuro.ir.poisson import MAX_MEAN
from neuro.ir.values import Draw, Value
from neuro.ir.verify.connections import check_target
from neuro.ir.verify.names import error
from neuro.ir.verify.values import check_value


def check_inputs(network: Network) -> Iterator[Finding]:
    """Findings in the inputs of `network`."""
    for item in network.inputs:
        yield from _check(item, network)


@singledispatch
def _check(item: Input, network: Network) -> Iterator[Finding]:
    raise TypeError(f"not an input: {item!r}")


@_check.register
def _(item: SpikeArray, network: Network) -> Iterator[Finding]:
    yield from check_events(f"spike array {item.name!r}", item)


def check_events(where: str, item: SpikeArray) -> Iterator[Finding]:
    """Findings in the spikes of a spike array."""
    step, index = item.step, item.index
    if step.shape != index.shape or step.ndim != 1:
        yield error("bad-shape", where, f"has {step.shape} steps and {index.shape} indices.",
                    "One of each per spike.")  # fmt: skip
        return
    if step.dtype.kind not in "iu" or index.dtype.kind not in "iu":
        yield error("bad-events", where, "steps and indices must be whole numbers.")
        return
    if not step.size:
        return
    if step.min() < 0:
        yield error(
            "bad-events", where, f"has a spike in step {int(step.min())}.", "Steps start at 0."
        )
    if index.min() < 0 or index.max() >= item.size:
        worst = int(index.min() if index.min() < 0 else index.max())
        hint = f"Its cells are 0 to {item.size - 1}."
        yield error("index-out-of-range", where, f"cell {worst} spikes.", hint)
    key = step.astype(np.int64) * (int(index.max()) + 1) + index
    if (np.diff(key) <= 0).any():
        yield error("bad-events", where, "spikes are not sorted by step and index, or repeat.",
                    "Sort them; a cell spikes at most once a step.")  # fmt: skip


@_check.register
def _(item: PoissonInput, network: Network) -> Iterator[Finding]:
    where = f"Poisson input {item.name!r}"
    size = yield from check_target(network, where, item.post, item.port)
    yield from check_value(f"{where}, rate", item.rate, size, per="cell")
    yield from check_value(f"{where}, weight", item.weight, size, per="cell")
    if item.post not in network.sources and item.post in {p.name for p in network.projections}:
        yield error("bad-target", where, "ends on a factor.", "Only cells take Poisson events.")
    yield from _check_rate(f"{where}, rate", item.rate, network.dt)


def _check_rate(where: str, rate: Value, dt: float) -> Iterator[Finding]:
    if isinstance(rate, Draw) or not np.size(rate):
        return
    least, most = float(np.min(rate)), float(np.max(rate))
    if least < 0:
        yield error("bad-rate", where, f"is {least} Hz.", "Use 0 or more.")
    if most * dt > MAX_MEAN:
        yield error(
            "bad-rate",
            where,
            f"is {most} Hz, {most * dt:.6g} events on average in a step.",
            f"Use at most {MAX_MEAN:g} a step; beyond that, use a current with noise.",
        )


@_check.register
def _(item: CurrentInput, network: Network) -> Iterator[Finding]:
    where = f"current input {item.name!r}"
    size = yield from check_target(network, where, item.post, item.port)
    step, value = item.step, item.value
    if step.ndim != 1 or value.ndim not in (1, 2) or len(step) != len(value):
        yield error("bad-shape", where, f"has {step.shape} steps and {value.shape} values.",
                    "One value, or one row of values, per step.")  # fmt: skip
        return
    if value.ndim == 2 and size is not None and value.shape[1] != size:
        yield error("bad-shape", where, f"has {value.shape[1]} values a row.", f"Needed: {size}.")
    if step.dtype.kind not in "iu" or (np.diff(step) <= 0).any() or (step < 0).any():
        yield error("bad-events", where, "steps must be whole numbers that ascend from 0 or later.")
    yield from check_value(f"{where}, value", value.reshape(-1), None, per="step")
