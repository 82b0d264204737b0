"""Turn a float network into one in fixed point: run it, and give every variable an exponent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.expressions.integer import HIGH
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.fixed.mantissa import best_exponent, largest
from neuro.ir.fixed.scales import bound_variable, magnitude, weight_exponents
from neuro.ir.network import Network, Projection, Scale, SpikeArray, fixed_point
from neuro.ir.resolve import connections, parameters
from neuro.ir.synapse import WEIGHT
from neuro.passes.run_watched import run_watched
from neuro.passes.spike_change import SpikeChange, spike_change
from neuro.passes.watch_peaks import cell_variables, synapse_variables, trace_variables
from neuro.simulation.choose import choose_seed

DEFAULT_BITS = 16
"""Exponent of what never was anything but zero, and has nothing of its unit beside it."""
MAX_HEADROOM = 16
Peaks = dict[tuple[str, str], float]
"""Largest magnitudes by target and variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleChoice:
    """The exponent of one variable.

    Attributes
    ----------
    target, variable, exponent
        As in `Scale`.
    peak
        Largest magnitude in the float run; SI units.
    limit
        Largest magnitude that can be stored.
    clipped
        In how many cells or synapses the variable reached that limit in the run in fixed point; for
        a weight, how many did not fit to begin with.
    """

    target: str
    variable: str
    exponent: int
    peak: float
    limit: float
    clipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantiseReport:
    """What `quantise` chose, and what it changed."""

    steps: int
    weight_bits: int
    scales: tuple[ScaleChoice, ...]
    spikes: tuple[SpikeChange, ...]

    @property
    def clipped(self) -> int:
        """How many values reached their limit."""
        return sum(choice.clipped for choice in self.scales)

    @property
    def changed(self) -> int:
        """How many spikes are in one of the runs only."""
        return sum(change.changed for change in self.spikes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """A network in fixed point, and how it came to be."""

    network: Network
    report: QuantiseReport


def quantise(
    network: Network,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    weight_bits: int = 16,
    headroom_bits: int = 1,
    seed: int | None = None,
    backend: str = "auto",
) -> Quantised:
    """`network` in fixed point, with exponents that suit a run of it.

    The float network is run for `steps` steps; each variable gets the largest exponent with which
    `headroom_bits` bits are free above its largest magnitude.  Parameters of a cell that have the
    unit of a variable (thresholds, resting potentials) count as its values.

    Parameters
    ----------
    network
        A network in float32 or float64.
    steps, inputs, seed
        A run that drives the network as hard as it will be driven; as for `neuro.simulate`.
    weight_bits
        8 or 16.
    headroom_bits
        Free bits above the largest magnitude seen, 0 to 16.
    backend
        Where both networks run.

    Raises
    ------
    ParameterError
        If the network is in fixed point already, `headroom_bits` is out of range, or a variable
        does not stay finite.
    UnsupportedError
        If something has no integer form; names all of it.
    VerificationError
        If the network breaks rules, or `weight_bits` is neither 8 nor 16.
    """
    _check(network, headroom_bits)
    plain = replace(network, format=fixed_point(15, 16, weight_bits=weight_bits), scales=())
    findings = fixed_findings(plain)
    if findings:
        raise UnsupportedError("The network has no form in fixed point:", findings)
    chosen = choose_seed(network, seed)
    before, seen = run_watched(network, steps, inputs, chosen, backend)
    peaks = _finite_peaks(seen)
    scales = tuple(_choose(plain, peaks, headroom_bits, chosen))
    fixed = replace(plain, scales=scales)
    after, reached = run_watched(fixed, steps, inputs, chosen, backend)
    report = QuantiseReport(
        steps=steps,
        weight_bits=weight_bits,
        scales=tuple(_choices(fixed, peaks, reached, chosen)),
        spikes=tuple(
            spike_change(name, before.spikes[name], after.spikes[name]) for name in after.spikes
        ),
    )
    return Quantised(network=fixed, report=report)


def _check(network: Network, headroom_bits: int) -> None:
    if network.format.kind == "fixed":
        raise ParameterError(
            "is in fixed point already.",
            where=f"network {network.name!r}",
            hint="Quantise the float network that it was made from.",
        )
    if not isinstance(headroom_bits, int) or not 0 <= headroom_bits <= MAX_HEADROOM:
        raise ParameterError(
            f"is {headroom_bits!r}.", where="headroom_bits", hint=f"Use 0 to {MAX_HEADROOM}."
        )


def _finite_peaks(seen: Mapping[tuple[str, str], Any]) -> Peaks:
    """The largest magnitude of each variable, all of them finite."""
    peaks = {place: magnitude(values) for place, values in seen.items()}
    for (target, variable), peak in peaks.items():
        _check_finite(target, variable, peak)
    return peaks


def _check_finite(target: str, variable: str, peak: float) -> None:
    if not np.isfinite(peak):
        raise ParameterError(
            f"does not stay finite in the float run (it reaches {peak}).",
            where=f"{target!r}, {variable!r}",
            hint="Use a smaller time step, or other parameters.",
        )


# Exponents ---------------------------------------------------------------------------------------


def _choose(network: Network, peaks: Peaks, headroom: int, seed: int) -> Iterator[Scale]:
    """Exponents for all variables of `network`."""
    ports: dict[tuple[str, str], int] = {}
    expanded = {p.name: connections(network, p, seed) for p in network.projections}
    weights = weight_exponents(network, expanded, seed)
    exact = _exact_sums(network, weights)
    for population in network.populations:
        units, declared = cell_variables(population.cell), population.cell.parameters
        where = f"{population.name}/parameter"
        values = parameters(declared, population.parameters, population.size, seed, where)
        known = [(p.unit, magnitude(values[p.name])) for p in declared]
        for scale in _for_bounds(population.name, units, peaks, known, headroom):
            place = (scale.target, scale.variable)
            ports[place] = min(scale.exponent, exact.get(place, scale.exponent))
            yield replace(scale, exponent=ports[place])
    for node in network.projections:
        units = {v: u for v, u in _units(node).items() if v != WEIGHT}
        yield from _for_bounds(node.name, units, peaks, [], headroom)
        port = ports[node.post, bound_variable(network, node.post, node.port)]
        exponent = _for_weights(network, node, weights[node.name], peaks, port)
        yield Scale(target=node.name, variable=WEIGHT, exponent=exponent)


def _exact_sums(network: Network, weights: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Exponents with which ports sum what arrives without shifting or rounding it.

    Only static weights are whole numbers for good; a port that anything else reaches is left out.
    """
    found: dict[tuple[str, str], int] = {}
    for node in network.projections:
        place = (node.post, node.port)
        found[place] = max(weights[node.name], found.get(place, weights[node.name]))
    others = {(p.post, p.port) for p in network.projections if not p.synapse.is_static}
    others |= {(g.post, g.port) for g in network.graded}
    others |= {(i.post, i.port) for i in network.inputs if not isinstance(i, SpikeArray)}
    bound = {
        (population.name, port.name)
        for population in network.populations
        for port in population.cell.ports
        if port.into is not None
    }
    return {place: e for place, e in found.items() if place not in others | bound}


def _for_bounds(
    target: str,
    units: Mapping[str, str],
    peaks: Peaks,
    known: list[tuple[str, float]],
    headroom: int,
) -> Iterator[Scale]:
    """Exponents by peaks and by `known` values of the same unit; what was only zero goes by others."""
    reached = {v: peaks.get((target, v), 0.0) for v in units}
    for variable, unit in units.items():
        bound = max(reached[variable], *(value for of, value in known if of == unit), 0.0)
        bound = bound or max(reached[v] for v, of in units.items() if of == unit)
        exponent = best_exponent(bound * 2**headroom) if bound else DEFAULT_BITS
        yield Scale(target=target, variable=variable, exponent=exponent)


def _for_weights(network: Network, node: Projection, fits: int, peaks: Peaks, port: int) -> int:
    """The exponent of weights; finer than the port's is of no use to weights that never change."""
    if node.synapse.is_static:
        return min(fits, port)
    return min(fits, best_exponent(peaks[node.name, WEIGHT], network.format.weight_bits - 1))


def _units(node: Projection) -> dict[str, str]:
    if node.synapse.is_static:
        return {WEIGHT: "weight"}
    return {**synapse_variables(node.synapse), **trace_variables(node.synapse)}


# Report ------------------------------------------------------------------------------------------


def _choices(
    network: Network, peaks: Peaks, reached: Mapping[tuple[str, str], NDArray[Any]], seed: int
) -> Iterator[ScaleChoice]:
    projections = {p.name: p for p in network.projections}
    for scale in network.scales:
        place = (scale.target, scale.variable)
        peak, limit = peaks.get(place, 0.0), largest(scale.exponent)
        if scale.variable == WEIGHT and scale.target in projections:
            weight = connections(network, projections[scale.target], seed).weight
            bits = network.format.weight_bits
            limit = math.ldexp(2 ** (bits - 1) - 1, -scale.exponent)
            peak = max(peak, magnitude(weight))
            clipped = np.count_nonzero(
                np.rint(np.abs(np.ldexp(weight, scale.exponent))) > 2 ** (bits - 1) - 1
            )
        else:
            clipped = np.count_nonzero(reached[place] == HIGH)
        yield ScaleChoice(
            target=scale.target,
            variable=scale.variable,
            exponent=scale.exponent,
            peak=peak,
            limit=limit,
            clipped=int(clipped),
        )
