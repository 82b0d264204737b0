"""Turn a float network into one in SpiNNaker's integer arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.explicit import with_weights
from neuro.ir.fixed.scales import magnitude
from neuro.ir.network import (
    CurrentInput,
    Input,
    Network,
    PoissonInput,
    Population,
    Projection,
    Scale,
)
from neuro.ir.philox import derived_seed
from neuro.ir.resolve import Number, Synapses, parameters, synapses
from neuro.ir.ring_buffer import Incoming, largest_sum
from neuro.ir.spinnaker import (
    FRACTION_BITS,
    TRACE_BITS,
    WEIGHT_BITS,
    quantise_weights,
    ring_buffer_shift,
    weight_step,
)
from neuro.ir.synapse import WEIGHT
from neuro.ir.values import Value, expand
from neuro.passes.spike_change import spike_change
from neuro.passes.spinnaker.cell import SPINNAKER_LIF
from neuro.passes.spinnaker.match import S1615, findings_of, has_form
from neuro.passes.spinnaker.report import SpiNNakerNetwork, SpiNNakerReport, SpiNNakerWeights
from neuro.passes.spinnaker.stdp import SPINNAKER_STDP
from neuro.simulation.choose import choose_seed
from neuro.simulation.run import simulate

NANO = 1e9
"""Nanoamperes in an ampere."""
_UNITS = {"cm": 1e9, "tau_m": 1e3, "tau_syn_E": 1e3, "tau_syn_I": 1e3, "i_offset": 1e9}
_UNITS |= {"v_rest": 1e3, "v_reset": 1e3, "v_thresh": 1e3}
_STATE = {"v": 1e3, "i_exc": 1e9, "i_inh": 1e9}
_SIGNED = 2 ** (WEIGHT_BITS - 1) - 1
"""The largest weight that is kept: 16 bits with a sign in a network."""


def to_spinnaker(
    network: Network,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    backend: str = "auto",
) -> SpiNNakerNetwork:
    """`network` in SpiNNaker's arithmetic: s16.15 state, 16-bit weights, the board's order.

    Both networks are run, and their spikes are compared.  In the new network potentials are plain
    numbers in mV and currents and weights plain numbers in nA, as the board holds them.

    Parameters
    ----------
    network
        A network in float32 or float64, of ``IF_curr_exp`` cells.
    steps, inputs, seed
        A run to compare spikes in; as for `neuro.simulate`.
    backend
        Where both networks run.

    Raises
    ------
    ParameterError
        If the network is in fixed point already.
    UnsupportedError
        If something has no form in the board's arithmetic; names all of it.
    """
    if network.format.kind == "fixed":
        raise ParameterError(
            "is in fixed point already.",
            where=f"network {network.name!r}",
            hint="Quantise the float network that it was made from.",
        )
    findings = findings_of(network)
    if findings:
        raise UnsupportedError("The network has no form in SpiNNaker's arithmetic:", findings)
    chosen = choose_seed(network, seed)
    work = _Conversion(network, chosen, _shifts(network, chosen))
    made, weights, dropped = work.network()
    runs = ((network, inputs), (made, work.inputs_of(inputs)))
    before, after = (
        simulate(
            replace(n, probes=()), steps, inputs=i, seed=chosen, backend=backend, progress=None
        )
        for n, i in runs
    )
    report = SpiNNakerReport(
        steps=steps,
        weights=tuple(weights),
        spikes=tuple(spike_change(n, before.spikes[n], after.spikes[n]) for n in after.spikes),
        dropped=tuple(dropped),
    )
    return SpiNNakerNetwork(network=made, report=report)


def _shifts(network: Network, seed: int) -> dict[tuple[str, str], int]:
    """The shift of every ring buffer, by population and port."""
    incoming: dict[tuple[str, str], list[Incoming]] = {}
    for node in network.projections:
        incoming.setdefault((node.post, node.port), []).append(_incoming(network, node, seed))
    return {
        place: ring_buffer_shift(largest_sum(items, network.dt))
        for place, items in incoming.items()
    }


def _incoming(network: Network, node: Projection, seed: int) -> Incoming:
    """What a projection can bring in a step, in nA."""
    expanded = synapses(network, node, seed)
    count = expanded.rows.count
    most = _largest(node, expanded)
    magnitudes = NANO * np.abs(np.broadcast_to(expanded.weight, (count,)))
    static = node.synapse.is_static and count > 0
    return Incoming(
        synapses=int(np.max(np.bincount(expanded.rows.indices), initial=0)),
        mean=float(magnitudes.mean()) if static else most,
        variance=float(magnitudes.var()) if static else 0.0,
        largest=most,
        delay_variance=float(np.var(expanded.delay)) if count else 0.0,
    )


def _largest(node: Projection, expanded: Synapses) -> float:
    """The largest weight that a projection has or can get, in nA."""
    bound = magnitude(expanded.weight)
    if not node.synapse.is_static:
        bound = max(bound, _rule(node)["w_max"])
    return NANO * bound


def _rule(node: Projection) -> dict[str, float]:
    """Parameters of a plastic projection, one number each."""
    found = parameters(node.synapse.parameters, node.parameters, 1, 0, node.name)
    return {name: float(np.ravel(value)[0]) for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class _Conversion:
    """One network on its way."""

    source: Network
    seed: int
    shifts: Mapping[tuple[str, str], int]

    def network(self) -> tuple[Network, list[SpiNNakerWeights], list[str]]:
        """The network, facts about its weights, and the probes that were dropped."""
        projections, scales, weights = [], [], []
        for node in self.source.projections:
            made, facts = self._projection(node)
            projections.append(made)
            weights.append(facts)
            scales += list(self._scales(node, facts.shift))
        kept = [p for p in self.source.probes if not self._is_lost(p.target, p.variable)]
        dropped = [f"{p.target}.{p.variable}" for p in self.source.probes if p not in kept]
        network = replace(
            self.source,
            populations=tuple(self._population(node) for node in self.source.populations),
            projections=tuple(projections),
            inputs=tuple(self._input(item) for item in self.source.inputs),
            probes=tuple(kept),
            format=S1615,
            scales=tuple(scales),
        )
        return network, weights, dropped

    def inputs_of(self, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """`inputs` of a run, with currents in nA."""
        currents = {i.name for i in self.source.inputs if isinstance(i, CurrentInput)}
        found = dict(inputs or {})
        for name in currents & found.keys():
            given = found[name]
            pair = isinstance(given, tuple)
            found[name] = (
                (given[0], NANO * np.asarray(given[1])) if pair else NANO * np.asarray(given)
            )
        return found

    def _is_lost(self, target: str, variable: str) -> bool:
        nodes = {node.name: node for node in self.source.populations}
        if target not in nodes or variable == "spikes" or not has_form(nodes[target].cell):
            return False
        return variable not in _STATE

    def _population(self, node: Population) -> Population:
        if not has_form(node.cell):
            return node
        place = f"{node.name}/parameter"
        values = parameters(node.cell.parameters, node.parameters, node.size, self.seed, place)
        made: dict[str, Value] = {
            name: _times(value, _UNITS.get(name, 1.0)) for name, value in values.items()
        }
        made["shift_E"] = float(self.shifts.get((node.name, "excitatory"), 0))
        made["shift_I"] = float(self.shifts.get((node.name, "inhibitory"), 0))
        initial = {
            name: _times(
                expand(value, node.size, derived_seed(self.seed, f"{node.name}/initial/{name}")),
                _STATE[name],
            )
            for name, value in node.initial.items()
        }
        return replace(node, cell=SPINNAKER_LIF, parameters=made, initial=initial)

    def _projection(self, node: Projection) -> tuple[Projection, SpiNNakerWeights]:
        shift = self.shifts[node.post, node.port]
        expanded = synapses(self.source, node, self.seed)
        exact = NANO * np.abs(np.asarray(expanded.weight))
        high = _SIGNED * weight_step(shift)
        weights = np.minimum(quantise_weights(exact, shift), high)
        made = with_weights(node, weights, expanded)
        bound = _largest(node, expanded)
        if not node.synapse.is_static:
            made = replace(made, synapse=SPINNAKER_STDP, parameters=_steps(_rule(node), shift))
        facts = SpiNNakerWeights(
            projection=node.name,
            shift=shift,
            step=weight_step(shift),
            largest=round(bound / weight_step(shift)),
            error=magnitude(weights - exact) / (bound or 1.0),
            lost=int(np.count_nonzero((weights == 0) & (exact != 0))),
            clipped=int(np.count_nonzero(exact > high + weight_step(shift) / 2)),
        )
        return made, facts

    def _scales(self, node: Projection, shift: int) -> Iterator[Scale]:
        yield Scale(target=node.name, variable=WEIGHT, exponent=FRACTION_BITS - shift)
        if not node.synapse.is_static:
            for name in ("x_pre", "x_post"):
                yield Scale(target=node.name, variable=name, exponent=TRACE_BITS)

    def _input(self, item: Input) -> Input:
        match item:
            case PoissonInput():
                size = self.source.sources[item.post].size
                place = derived_seed(self.seed, f"{item.name}/weight")
                return replace(item, weight=_times(expand(item.weight, size, place), NANO))
            case CurrentInput() if item.post in self.source.sources:
                return replace(item, value=NANO * np.asarray(item.value))
            case _:
                return item


def _steps(rule: Mapping[str, float], shift: int) -> dict[str, Value]:
    """A rule with amplitudes in whole steps of the weight, and bounds on its grid."""
    step = weight_step(shift)
    amplitudes = {name: float(np.rint(NANO * rule[name] / step)) for name in ("A_plus", "A_minus")}
    bounds = {
        name: float(quantise_weights(NANO * rule[name], shift)) for name in ("w_min", "w_max")
    }
    times = {name: rule[name] for name in ("tau_plus", "tau_minus")}
    return {**times, **amplitudes, **bounds, "step": step}


def _times(value: Number, factor: float) -> Value:
    scaled = np.asarray(value, np.float64) * factor
    return scaled if scaled.ndim else float(scaled)
