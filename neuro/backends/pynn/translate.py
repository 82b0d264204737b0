"""A network of the IR as a plan for PyNN: standard cells, lists of synapses, PyNN's units."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.pynn.rules import synapse_values
from neuro.backends.pynn.simulators import Simulator
from neuro.backends.pynn.standard import (
    POISSON,
    CellMatch,
    SynapseMatch,
    find_cell,
    find_synapse,
)
from neuro.drive import Drive
from neuro.ir import resolve
from neuro.ir.network import CurrentInput, Network, Population, Projection, SpikeArray
from neuro.recording.collect import recorded_sources
from neuro.units import parse_unit

Array = NDArray[Any]


@dataclass
class Plan:
    """What goes to PyNN: a tree for JSON, and arrays by name.

    Attributes
    ----------
    tree
        Populations, projections and settings.
    arrays
        What the tree names as ``"@name"``, synapses (``NAME/pre``, ``/post``, ``/weight``,
        ``/delay``) and spikes (``NAME/step``, ``/index``).
    """

    tree: dict[str, Any]
    arrays: dict[str, Array] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write ``network.json`` and ``network.npz``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "network.json").write_text(self.text(), encoding="utf-8")
        self.write_arrays(folder / "network.npz")

    def text(self) -> str:
        """The tree as JSON."""
        return json.dumps(self.tree, indent=2) + "\n"

    def write_arrays(self, path: Path) -> None:
        """Write the arrays as a file of numpy."""
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **self.arrays)

    def value(self, name: str, number: resolve.Number) -> float | str:
        """`number` as it stands in the tree; arrays go to `arrays`."""
        array = np.asarray(number, np.float64)
        if array.size == 1 or np.ptp(array) == 0:
            return float(array.reshape(-1)[0]) if array.size else 0.0
        self.arrays[name] = array
        return f"@{name}"

    def number(self, value: float | str) -> resolve.Number:
        """What `value` in the tree stands for."""
        return self.arrays[value[1:]] if isinstance(value, str) else value


def translate(network: Network, simulator: Simulator, seed: int) -> Plan:
    """The plan of a network that has passed the rules; without spikes and steps, see `add_drive`.

    Parameters
    ----------
    network
        A network without errors in `rules.findings`.
    simulator
        What it will run on.
    seed
        Seed of random connections and values.
    """
    dt = network.dt * 1000
    delays = {p.name: _delays(network, p, simulator, seed) for p in network.projections}
    longest = max((float(np.max(d, initial=dt)) for d in delays.values()), default=dt)
    setup = {"timestep": dt, "min_delay": dt, "max_delay": max(longest, dt), **simulator.setup}
    plan = Plan(
        {
            "name": network.name,
            "dt": dt,
            "steps": 0,
            "seed": seed,
            "simulator": {
                "module": simulator.module,
                "setup": setup,
                "lead": simulator.lead,
                "rest": simulator.rest,
            },
            "populations": [],
            "projections": [],
            "changes": [],
            "sample_weights": {},
        }
    )
    for name, source in network.sources.items():
        plan.tree["populations"].append(_source(plan, network, name, source, simulator, seed))
    for projection in network.projections:
        plan.tree["projections"].append(
            _projection(plan, network, projection, simulator, delays[projection.name], seed)
        )
    return plan


def is_spike_source(source: Population | SpikeArray) -> bool:
    """Whether the spikes of `source` are known beforehand: listed, or drawn by our own noise."""
    if isinstance(source, SpikeArray):
        return True
    match = find_cell(source.cell)
    return match is not None and match.standard is POISSON


# Populations -------------------------------------------------------------------------------------


def _source(
    plan: Plan,
    network: Network,
    name: str,
    source: Population | SpikeArray,
    simulator: Simulator,
    seed: int,
) -> dict[str, Any]:
    own = isinstance(source, Population) and (simulator.own_noise or not is_spike_source(source))
    if own and isinstance(source, Population):
        return _cells(plan, network, source, simulator, seed)
    return {
        "name": name,
        "size": source.size,
        "cell": "SpikeSourceArray",
        "parameters": {},
        "initial": {},
        "record": [],
    }


def _cells(
    plan: Plan, network: Network, population: Population, simulator: Simulator, seed: int
) -> dict[str, Any]:
    match = find_cell(population.cell)
    assert match is not None
    values = resolve.parameters(
        population.cell.parameters,
        population.parameters,
        population.size,
        seed,
        f"{population.name}/parameter",
    )
    given = cell_parameters(population, match, values, network.dt)
    initial = resolve.initial_state(
        population.cell.state,
        population.initial,
        {**values, **resolve.constants(population.cell.derived, values, network.dt)},
        population.size,
        seed,
        f"{population.name}/initial",
    )
    return {
        "name": population.name,
        "size": population.size,
        "cell": match.standard.name,
        "parameters": {k: plan.value(f"{population.name}/{k}", v) for k, v in given.items()},
        "current_scale": plan.value(f"{population.name}/scale", current_scale(match, values)),
        "initial": _initial(plan, population, match, initial, simulator),
        "record": _recorded(network, population, match),
    }


def cell_parameters(
    population: Population, match: CellMatch, values: Mapping[str, resolve.Number], dt: float
) -> dict[str, resolve.Number]:
    """Parameters by PyNN's names, in PyNN's units; the refractory period in whole steps."""
    given: dict[str, resolve.Number] = {}
    for parameter in match.standard.cell.parameters:
        name = match.standard.parameters.get(parameter.name, parameter.name)
        if name:
            value = np.asarray(values[match.renaming[parameter.name]])
            given[name] = np.asarray(parse_unit(parameter.unit).from_si(value), np.float64)
    if "i_offset" in given:
        given["i_offset"] = np.asarray(given["i_offset"]) * current_scale(match, values)
    if "tau_refrac" in given:
        steps = resolve.refractory_steps(population, values, dt)
        given["tau_refrac"] = np.asarray(steps, np.float64) * (dt * 1000)
    return given


def current_scale(match: CellMatch, values: Mapping[str, resolve.Number]) -> resolve.Number:
    """What currents are multiplied by, where PyNN's cell has a capacitance of its own."""
    if not match.standard.capacitance:
        return 1.0
    return match.standard.capacitance / np.asarray(values[match.renaming["cm"]])


def _initial(
    plan: Plan,
    population: Population,
    match: CellMatch,
    state: Mapping[str, Array],
    simulator: Simulator,
) -> dict[str, Any]:
    units = {v.name: v.unit for v in match.standard.cell.state}
    found = {}
    for name, theirs in match.standard.variables.items():
        if theirs in simulator.unsettable:
            continue
        value = np.asarray(parse_unit(units[name]).from_si(state[match.renaming[name]]))
        found[theirs] = plan.value(f"{population.name}/initial/{theirs}", value)
    return found


def _recorded(network: Network, population: Population, match: CellMatch) -> list[str]:
    """Spikes, where they are asked for, and state variables as far as there are probes."""
    names = {match.renaming[ours]: theirs for ours, theirs in match.standard.variables.items()}
    probed = [p.variable for p in network.probes if p.target == population.name]
    spikes = ["spikes"] if population.name in recorded_sources(network) else []
    return [*spikes, *dict.fromkeys(names[v] for v in probed if v in names)]


# Projections -------------------------------------------------------------------------------------


def _delays(network: Network, projection: Projection, simulator: Simulator, seed: int) -> Array:
    """Delays in ms as they are sent to the simulator, one per synapse."""
    expanded = resolve.synapses(network, projection, seed)
    extra = simulator.latency.get(_post_cell(network, projection).standard.name, 0)
    steps = np.maximum(np.broadcast_to(expanded.delay, expanded.rows.count) - extra, 1)
    return np.asarray(steps * (network.dt * 1000), np.float64)


def _post_cell(network: Network, projection: Projection) -> CellMatch:
    match = find_cell(network.population(projection.post).cell)
    assert match is not None
    return match


def _projection(
    plan: Plan,
    network: Network,
    projection: Projection,
    simulator: Simulator,
    delay: Array,
    seed: int,
) -> dict[str, Any]:
    expanded = resolve.synapses(network, projection, seed)
    cell, name = _post_cell(network, projection), projection.name
    receptor = next(p for p in cell.standard.signs if cell.renaming[p] == projection.port)
    unit = parse_unit(next(p.unit for p in cell.standard.cell.ports if p.name == receptor))
    weight = np.broadcast_to(np.asarray(unit.from_si(expanded.weight)), expanded.rows.count)
    plan.arrays[f"{name}/pre"] = expanded.rows.sources()
    plan.arrays[f"{name}/post"] = expanded.rows.indices
    plan.arrays[f"{name}/weight"] = weight * float(cell.standard.signs[receptor])
    plan.arrays[f"{name}/delay"] = delay
    match = find_synapse(projection.synapse)
    assert match is not None
    plastic = match.standard.name != "static"
    return {
        "name": name,
        "pre": projection.pre,
        "post": projection.post,
        "receptor": receptor,
        "stdp": _stdp(network, projection, match, simulator, seed) if plastic else None,
    }


def _stdp(
    network: Network, projection: Projection, match: SynapseMatch, simulator: Simulator, seed: int
) -> dict[str, Any]:
    values = synapse_values(network, projection, match, seed)
    first = {name: float(value[0]) for name, value in values.items()}
    cell = _post_cell(network, projection)
    weight = parse_unit(next(p.unit for p in cell.standard.cell.ports if p.name == "excitatory"))
    w_min, w_max = (float(weight.from_si(first[name])) for name in ("w_min", "w_max"))
    scale = 1.0
    if match.standard.name == "additive":
        relative = simulator.amplitude == "relative"
        scale = 1 / first["w_max"] if relative else float(weight.from_si(1.0))
    return {
        "timing": {
            "tau_plus": first["tau_plus"] * 1000,
            "tau_minus": first["tau_minus"] * 1000,
            "A_plus": first["A_plus"] * scale,
            "A_minus": first["A_minus"] * scale,
        },
        "dependence": f"{match.standard.name.capitalize()}WeightDependence",
        "bounds": {"w_min": w_min, "w_max": w_max},
        "more": dict(simulator.options),
    }


# What comes from outside -------------------------------------------------------------------------


def add_drive(plan: Plan, network: Network, drive: Drive, steps: int) -> None:
    """Add the length of the run, listed spikes, and changes of currents."""
    plan.tree["steps"] = steps
    for name, spikes in drive.spikes.items():
        inside = spikes.step < steps
        plan.arrays[f"{name}/step"] = spikes.step[inside]
        plan.arrays[f"{name}/index"] = spikes.index[inside]
    plan.tree["changes"] = _changes(plan, network, drive, steps)


def _changes(plan: Plan, network: Network, drive: Drive, steps: int) -> list[dict[str, Any]]:
    """Values of i_offset (nA) that begin at some steps, by population; sorted by step."""
    currents = [i for i in network.inputs if isinstance(i, CurrentInput)]
    found = []
    for name in dict.fromkeys(i.post for i in currents):
        signals = [drive.signals[i.name] for i in currents if i.post == name]
        begins = sorted({int(s) for signal in signals for s in signal.step if s < steps})
        population = next(p for p in plan.tree["populations"] if p["name"] == name)
        offset = plan.number(population["parameters"]["i_offset"])
        scale = plan.number(population["current_scale"]) * 1e9
        for step in begins:
            total = sum(np.asarray(signal.at(step), np.float64) for signal in signals)
            value = plan.value(f"{name}/i_offset/{step}", np.asarray(offset + total * scale))
            found.append({"step": step, "population": name, "i_offset": value})
    return sorted(found, key=lambda change: change["step"])
