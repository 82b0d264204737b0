"""Turn a float network into one in Loihi's integer arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import Finding, ParameterError, UnsupportedError
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.fixed.scales import magnitude
from neuro.ir.loihi import UNIT, WHOLE
from neuro.ir.network import (
    CurrentInput,
    Input,
    Network,
    PoissonInput,
    Population,
    Probe,
)
from neuro.ir.philox import derived_seed
from neuro.ir.values import expand
from neuro.passes.loihi.cells import loihi_population
from neuro.passes.loihi.gain import gain_of
from neuro.passes.loihi.match import Matches, Refractory, match
from neuro.passes.loihi.report import LoihiCells, LoihiNetwork, LoihiReport, LoihiSynapses
from neuro.passes.loihi.synapses import Arrival, largest_arrival, loihi_projection
from neuro.passes.run_watched import run_watched
from neuro.passes.spike_change import spike_change
from neuro.simulation.choose import choose_seed
from neuro.simulation.run import simulate

MAX_HEADROOM = 8


def to_loihi(
    network: Network,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    refractory: Refractory = "keep",
    headroom_bits: int = 1,
    seed: int | None = None,
    backend: str = "auto",
) -> LoihiNetwork:
    """`network` in Loihi's format: `LoihiLIF` cells, integer weights, everything whole numbers.

    The float network is run first; a membrane has as many steps as leave `headroom_bits` bits above
    the largest membrane and current seen.  Then both are run, and their spikes are compared.

    Parameters
    ----------
    network
        A network in float32 or float64.
    steps, inputs, seed
        A run that drives the network as hard as it will be driven; as for `neuro.simulate`.
    refractory
        ``"keep"``, or ``"drop"``: Lava's fixed-point cells have no refractory period.
    headroom_bits
        0 to 8.
    backend
        Where both networks run.

    Raises
    ------
    ParameterError
        If the network is in fixed point already, or an option is out of range.
    UnsupportedError
        If something has no form in the format; names all of it.
    """
    _check(network, refractory, headroom_bits)
    chosen = choose_seed(network, seed)
    matched = match(network, chosen)
    _refuse(matched.findings)
    before, seen = run_watched(network, steps, inputs, chosen, backend)
    peaks = {place: magnitude(values) for place, values in seen.items()}
    gains = {
        name: _gain(network, name, matched, peaks, chosen, headroom_bits) for name in matched.cells
    }
    work = _Conversion(network, matched, peaks, chosen, gains, refractory)
    made, cells, weights, dropped = work.network()
    _refuse(fixed_findings(made))
    given: dict[str, Any] = {"inputs": work.inputs_of(inputs), "backend": backend, "seed": chosen}
    after = simulate(replace(made, probes=()), steps, **given, progress=None)
    report = LoihiReport(
        steps=steps,
        cells=tuple(cells),
        synapses=tuple(weights),
        spikes=tuple(spike_change(n, before.spikes[n], after.spikes[n]) for n in after.spikes),
        dropped=tuple(dropped),
    )
    return LoihiNetwork(network=made, report=report)


def _refuse(findings: Sequence[Finding]) -> None:
    if findings:
        raise UnsupportedError("The network has no form in Loihi's format:", findings)


def _check(network: Network, refractory: str, headroom_bits: int) -> None:
    if network.format.kind == "fixed":
        raise ParameterError(
            "is in fixed point already.",
            where=f"network {network.name!r}",
            hint="Quantise the float network that it was made from.",
        )
    if refractory not in ("keep", "drop"):
        raise ParameterError(
            f"is {refractory!r}.", where="refractory", hint="Use 'keep' or 'drop'."
        )
    if not isinstance(headroom_bits, int) or not 0 <= headroom_bits <= MAX_HEADROOM:
        raise ParameterError(
            f"is {headroom_bits!r}.", where="headroom_bits", hint=f"Use 0 to {MAX_HEADROOM}."
        )


def _gain(
    network: Network,
    name: str,
    matched: Matches,
    peaks: Mapping[tuple[str, str], float],
    seed: int,
    headroom_bits: int,
) -> float:
    """The gain of one population."""
    cell = matched.cells[name]
    largest = [
        largest_arrival(network, node, peaks, seed, cell.ports[node.port])
        for node in network.projections
        if node.post == name and node.port in cell.ports
    ]
    return gain_of(name, cell, peaks, max(largest, default=0.0), headroom_bits)


@dataclass(frozen=True, slots=True)
class _Conversion:
    """One network on its way."""

    source: Network
    matched: Matches
    peaks: Mapping[tuple[str, str], float]
    seed: int
    gains: Mapping[str, float]
    refractory: Refractory

    def network(
        self,
    ) -> tuple[Network, list[LoihiCells], list[LoihiSynapses], list[str]]:
        """The network, facts of its cells and synapses, and the probes that were dropped."""
        populations, cells = self._populations()
        projections, scales, weights = [], [], []
        for node in self.source.projections:
            arrival = Arrival(self._arrival(node.post, node.port))
            made, exponents, facts = loihi_projection(
                self.source, node, arrival, self.peaks, self.seed
            )
            projections.append(made)
            scales += exponents
            weights.append(facts)
        probes, dropped = self._probes()
        network = replace(
            self.source,
            populations=tuple(populations),
            projections=tuple(projections),
            inputs=tuple(self._input(item) for item in self.source.inputs),
            probes=tuple(probes),
            format=WHOLE,
            scales=tuple(scales),
        )
        return network, cells, weights, dropped

    def inputs_of(self, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """`inputs` of a run, with currents in units of the format."""
        currents = {i.name: i for i in self.source.inputs if isinstance(i, CurrentInput)}
        found: dict[str, Any] = {}
        for name, given in (inputs or {}).items():
            node = currents.get(name)
            found[name] = given if node is None else self._current(node, given)
        return found

    def _populations(self) -> tuple[list[Population], list[LoihiCells]]:
        made, cells = [], []
        for node in self.source.populations:
            if node.name not in self.matched.cells:
                made.append(node)
                continue
            cell, gain = self.matched.cells[node.name], self.gains[node.name]
            population, facts = loihi_population(
                node, cell, gain, self.source.dt, refractory=self.refractory == "keep"
            )
            made.append(population)
            cells.append(facts)
        return made, cells

    def _arrival(self, population: str, port: str) -> NDArray[np.float64]:
        """What a unit that arrives on a port becomes, in units of what arrives at Loihi's cell."""
        cell = self.matched.cells[population]
        factor = cell.ports.get(port, np.zeros(()))
        return np.asarray(factor * self.gains[population] / UNIT)

    def _input(self, item: Input) -> Input:
        match item:
            case PoissonInput() if item.post in self.matched.cells:
                weight = self._arrival(item.post, item.port) * self._weight(item)
                return replace(item, port="input", weight=np.rint(weight))
            case CurrentInput() if item.post in self.matched.cells:
                value = _times(item.value, self._arrival(item.post, item.port))
                return replace(item, port="input", value=value)
            case _:
                return item

    def _weight(self, item: PoissonInput) -> NDArray[np.float64]:
        size = self.source.sources[item.post].size
        place = derived_seed(self.seed, f"{item.name}/weight")
        return np.asarray(expand(item.weight, size, place))

    def _current(self, node: CurrentInput, given: Any) -> Any:
        if node.post not in self.matched.cells:
            return given
        arrival = self._arrival(node.post, node.port)
        if isinstance(given, tuple):
            return given[0], _times(given[1], arrival)
        return _times(given, arrival)

    def _probes(self) -> tuple[list[Probe], list[str]]:
        kept: list[Probe] = []
        dropped: list[str] = []
        for probe in self.source.probes:
            cell = self.matched.cells.get(probe.target)
            if cell is None or probe.variable == "spikes":
                kept.append(probe)
            elif probe.variable == cell.membrane:
                kept.append(replace(probe, variable="v"))
            else:
                dropped.append(f"{probe.target}.{probe.variable}")
        return kept, dropped


def _times(value: Any, factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a signal (one or a row for each change), times a factor or one for each cell."""
    array = np.asarray(value, np.float64)
    return array[:, None] * factor if array.ndim == 1 and factor.ndim else array * factor
