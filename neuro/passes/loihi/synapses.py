"""Projections in Loihi's format: integer weights with an exponent each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuro.ir.explicit import with_weights
from neuro.ir.expressions.canonical import negate
from neuro.ir.fixed.mantissa import best_exponent
from neuro.ir.fixed.scales import magnitude
from neuro.ir.loihi import LoihiWeights, quantise_weights
from neuro.ir.network import Network, Projection, Scale
from neuro.ir.resolve import Number, Synapses, parameters, synapses
from neuro.ir.synapse import WEIGHT, SynapseType
from neuro.ir.values import Draw, Value
from neuro.passes.loihi.report import LoihiSynapses
from neuro.passes.watch_peaks import synapse_variables, trace_variables

DEFAULT_EXPONENT = 16
Peaks = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """What a weight becomes at a cell: `factor` times it, in units of what arrives.

    Attributes
    ----------
    factor
        One number, or one per postsynaptic cell.
    """

    factor: NDArray[np.float64]

    def of(self, expanded: Synapses) -> NDArray[np.float64]:
        """The factor of each synapse, or one for all."""
        return self.factor[expanded.rows.indices] if self.factor.ndim else self.factor


def largest_arrival(
    network: Network, node: Projection, peaks: Peaks, seed: int, factor: NDArray[np.float64]
) -> float:
    """The largest magnitude that a synapse of `node` sends, in the membrane's unit."""
    expanded = synapses(network, node, seed)
    bound = _bound(node, expanded, peaks, seed)
    return bound * float(np.max(np.abs(factor), initial=0.0))


def loihi_projection(
    network: Network, node: Projection, arrival: Arrival, peaks: Peaks, seed: int
) -> tuple[Projection, list[Scale], LoihiSynapses]:
    """`node` with integer weights onto port ``input``, its exponents, and what changed.

    Parameters
    ----------
    network, node
        The float network and its projection.
    arrival
        What a weight becomes.
    peaks
        Largest magnitudes in the float run.
    seed
        Of the run; draws of weights are drawn now.
    """
    expanded = synapses(network, node, seed)
    each = arrival.of(expanded)
    plastic = not node.synapse.is_static
    sign = -1.0 if plastic and np.any(each < 0) else 1.0
    exact = sign * each * expanded.weight
    bound = _bound(node, expanded, peaks, seed) * magnitude(each)
    weights = quantise_weights(exact, bound if plastic else None)
    made = with_weights(node, weights.values, expanded)
    made = replace(made, port="input")
    if plastic:
        made = _with_rule(made, each * sign, sign, weights.exponent, expanded.rows.count, seed)
    scales = [Scale(target=node.name, variable=WEIGHT, exponent=-weights.exponent)]
    scales += _scales(node, peaks, magnitude(each))
    facts = _facts(node.name, exact, weights, bound if plastic else 0.0)
    return made, scales, replace(facts, silent=_silent(node, made))


def _bound(node: Projection, expanded: Synapses, peaks: Peaks, seed: int) -> float:
    """The largest magnitude that a weight has, reaches, or is bounded by."""
    declared = [p for p in node.synapse.parameters if p.unit == "weight"]
    place = f"{node.name}/parameter"
    values = parameters(declared, node.parameters, expanded.rows.count, seed, place)
    known = (expanded.weight, *values.values(), peaks.get((node.name, WEIGHT), 0.0))
    return max(magnitude(value) for value in known)


def _with_rule(
    node: Projection,
    factor: NDArray[np.float64],
    sign: float,
    exponent: int,
    count: int,
    seed: int,
) -> Projection:
    """`node` with its rule's weights in the same units, whole, and its events with their sign."""
    kind, given = node.synapse, dict(node.parameters)
    for parameter in kind.parameters:
        if parameter.unit == "weight":
            place = f"{node.name}/parameter"
            value = parameters([parameter], given, count, seed, place)[parameter.name]
            given[parameter.name] = _whole(np.asarray(value) * factor, exponent)
    for variable in kind.state:
        if variable.unit == "weight" and variable.name in node.initial:
            initial = dict(node.initial)
            initial[variable.name] = _scaled(node.initial[variable.name], factor)
            node = replace(node, initial=initial)
    return replace(node, parameters=given, synapse=_signed(kind, sign))


def _scaled(value: Value, factor: NDArray[np.float64]) -> Value:
    if isinstance(value, Draw):
        scaled = float(np.max(factor))
        low = None if value.low is None else value.low * scaled
        high = None if value.high is None else value.high * scaled
        return replace(value, a=value.a * scaled, b=value.b * scaled, low=low, high=high)
    return np.asarray(value) * factor


def _whole(value: NDArray[np.float64], exponent: int) -> Value:
    """Multiples of ``2**exponent``."""
    rounded = np.rint(np.ldexp(value, -exponent)) * 2.0**exponent
    return rounded if rounded.ndim else float(rounded)


def _silent(before: Projection, after: Projection) -> tuple[str, ...]:
    """Parameters in the weight's unit that became zero."""
    return tuple(
        p.name
        for p in after.synapse.parameters
        if p.unit == "weight"
        and _is_zero(after.parameters[p.name])
        and not _is_zero(before.parameters.get(p.name, p.default))
    )


def _is_zero(value: Value | None) -> bool:
    return not isinstance(value, Draw) and not np.any(np.asarray(value, np.float64))


def _signed(kind: SynapseType, sign: float) -> SynapseType:
    return kind if sign > 0 else replace(kind, send=negate(kind.send))


def _scales(node: Projection, peaks: Peaks, factor: float) -> Iterator[Scale]:
    """Exponents of traces and synaptic variables besides the weight."""
    if node.synapse.is_static:
        return
    units = {**synapse_variables(node.synapse), **trace_variables(node.synapse)}
    for name, unit in units.items():
        if name == WEIGHT:
            continue
        peak = peaks.get((node.name, name), 0.0) * (factor if unit == "weight" else 1.0)
        exponent = best_exponent(2 * peak) if peak else DEFAULT_EXPONENT
        yield Scale(target=node.name, variable=name, exponent=exponent)


def _facts(name: str, exact: Number, weights: LoihiWeights, bound: float) -> LoihiSynapses:
    array, values = np.asarray(exact), weights.values
    largest = max(float(np.max(np.abs(array), initial=0.0)), bound)
    mantissa = int(np.max(np.abs(weights.mantissa), initial=0))
    return LoihiSynapses(
        projection=name,
        exponent=weights.exponent,
        largest=max(mantissa, round(bound / 2**weights.exponent)),
        error=float(np.max(np.abs(values - array), initial=0.0)) / (largest or 1.0),
        lost=int(np.count_nonzero((values == 0) & (array != 0))),
        clipped=weights.clipped,
    )
