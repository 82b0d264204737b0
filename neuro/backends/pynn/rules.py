"""What of a network PyNN's simulators lack, and where they do a step in another order than ours.

A finding of rule in `INEXACT` means that the network runs, but not to the same spikes: it is an
error unless the option ``approximate`` is on, which makes it a warning.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import singledispatch

import numpy as np

from neuro.backends.pynn.simulators import Simulator
from neuro.backends.pynn.standard import (
    POISSON,
    CellMatch,
    SynapseMatch,
    find_cell,
    find_synapse,
    why_no_cell,
    why_no_synapse,
)
from neuro.backends.rules import only_float
from neuro.errors import Finding
from neuro.ir import resolve
from neuro.ir.network import (
    CurrentInput,
    Network,
    PoissonInput,
    Population,
    Projection,
    SpikeArray,
)
from neuro.ir.synapse import WEIGHT

INEXACT = ("integration", "latency", "stdp-tie", "stdp-latency", "weight-reading")
"""Rules whose findings the option ``approximate`` turns into warnings."""


def missing(simulator: Simulator) -> str:
    """What has to be installed for `simulator`; "" if nothing."""
    lacking = [name for name in simulator.packages if importlib.util.find_spec(name) is None]
    if not lacking:
        return ""
    command = " ".join(f"'{simulator.packages[name]}'" for name in lacking)
    return f"needs {' and '.join(lacking)}: pip install {command}"


def unavailable(simulator: Simulator) -> Iterator[Finding]:
    """An error if a package is not installed."""
    problem = missing(simulator)
    if problem:
        needs, _, command = problem.partition(": ")
        yield Finding(
            severity="error",
            rule="unavailable",
            where=f"backend 'pynn:{simulator.name}'",
            what=f"{needs}, which is not installed.",
            hint=f"Install it with: {command}",
        )


def findings(
    network: Network, simulator: Simulator, seed: int, *, approximate: bool
) -> list[Finding]:
    """Everything that keeps `network` from running on `simulator`, or changes its spikes."""
    found = [*only_float(network, f"pynn:{simulator.name}"), *_grid(network, simulator)]
    for population in network.populations:
        found += _population(population, simulator)
    for projection in network.projections:
        found += _projection(network, projection, simulator, seed)
    for item in (*network.inputs, *network.graded):
        found += _outside(item, network)
    found += _probes(network, simulator)
    found += _same_post_trace(network, simulator, seed)
    found += _numbers(network, simulator)
    if approximate:
        return [_softened(finding) for finding in found]
    return [*found, *_way_out(found, simulator)]


def _softened(finding: Finding) -> Finding:
    return replace(finding, severity="warning") if finding.rule in INEXACT else finding


def _way_out(found: Iterable[Finding], simulator: Simulator) -> Iterator[Finding]:
    """Says that what is refused for its spikes alone can be run all the same."""
    errors = [finding for finding in found if finding.severity == "error"]
    if errors and all(finding.rule in INEXACT for finding in errors):
        yield Finding(
            severity="note",
            rule="approximate",
            where=f"backend 'pynn:{simulator.name}'",
            what="the network can run, but to other spikes than elsewhere.",
            hint="To run it so: --approximate; neuro verify measures how far off it is.",
        )


def _error(rule: str, where: str, what: str, hint: str = "") -> Finding:
    return Finding(severity="error", rule=rule, where=where, what=what, hint=hint)


def _numbers(network: Network, simulator: Simulator) -> Iterator[Finding]:
    if not simulator.runs:
        return
    yield Finding(
        severity="note",
        rule="number-format",
        where=f"network {network.name!r}, format",
        what=f"{simulator.title} {simulator.arithmetic}.",
    )


def _grid(network: Network, simulator: Simulator) -> Iterator[Finding]:
    steps = network.dt * 1000 / simulator.grid if simulator.grid else 1.0
    if abs(steps - round(steps)) > 1e-9 * steps:
        yield _error(
            "grid",
            f"network {network.name!r}, dt",
            f"is {network.dt * 1000:g} ms; {simulator.title} has steps of multiples of "
            f"{simulator.grid:g} ms.",
        )


# Cells -------------------------------------------------------------------------------------------


def _population(population: Population, simulator: Simulator) -> Iterator[Finding]:
    where = f"population {population.name!r}"
    match = find_cell(population.cell)
    if match is None:
        near = why_no_cell(population.cell)
        yield _error(
            "cell",
            where,
            f"its cell {population.cell.name!r} has the equations of no standard cell of PyNN"
            + (f"; {near}." if near else "."),
            "Use one of the library's IF_* cells, AdEx or Izhikevich, or another backend.",
        )
        return
    standard = match.standard
    if standard is POISSON:
        if simulator.own_noise:
            yield Finding(
                severity="warning",
                rule="noise",
                where=where,
                what=f"{simulator.title} draws the spikes of Poisson sources itself: others than ours.",
                hint="List the spikes in a SpikeSourceArray to have the same.",
            )
        return
    if standard.name not in simulator.cells:
        why = simulator.lacking.get(standard.name, "")
        what = f"{simulator.title} has no {standard.name} in PyNN"
        yield _error("cell", where, why or f"{what}.", "Use IF_curr_exp, or another backend.")
        return
    yield from _integration(where, match, simulator)
    yield from _initial(population, match, simulator, where)


def _integration(where: str, match: CellMatch, simulator: Simulator) -> Iterator[Finding]:
    standard = match.standard
    if not simulator.runs or standard.key in simulator.exact:
        return
    same = [key.partition("/")[2] for key in simulator.exact if key.startswith(f"{standard.name}/")]
    hint = f"Use scheme={same[0]!r}." if same else ""
    yield _error(
        "integration",
        where,
        f"{simulator.title} integrates {standard.name} in its own way, not by the cell's scheme "
        f"{standard.scheme!r}.",
        hint,
    )


def _initial(
    population: Population, match: CellMatch, simulator: Simulator, where: str
) -> Iterator[Finding]:
    known = match.standard.variables.items()
    settable = {match.renaming[k] for k, theirs in known if theirs not in simulator.unsettable}
    for name, value in population.initial.items():
        drawn = value if isinstance(value, int | float | np.ndarray) else 1.0
        if name not in settable and np.any(np.asarray(drawn) != 0):
            yield _error(
                "initial",
                f"{where}, {name}",
                f"PyNN cannot set its value before step 0 on {simulator.title}.",
                "Leave it at 0.",
            )


# Projections -------------------------------------------------------------------------------------


def _projection(
    network: Network, projection: Projection, simulator: Simulator, seed: int
) -> Iterator[Finding]:
    where = f"projection {projection.name!r}"
    match = find_synapse(projection.synapse)
    if match is None:
        near = why_no_synapse(projection.synapse)
        yield _error(
            "synapse",
            where,
            f"its synapse {projection.synapse.name!r} has the equations of no synapse of PyNN that "
            "neuro maps" + (f"; {near}." if near else "."),
            "Use a static synapse, or PairSTDP with all-to-all pairs and no gate.",
        )
    post = network.sources[projection.post]
    assert isinstance(post, Population)
    cell = find_cell(post.cell)
    if cell is None or cell.standard is POISSON:
        return
    yield from _port(projection, cell, where)
    plastic = match is not None and match.standard.name != "static"
    yield from _latency(network, projection, cell, simulator, seed, where, plastic=plastic)
    if match is not None and plastic:
        yield from _plastic(network, projection, match, cell, simulator, seed)


def _port(projection: Projection, cell: CellMatch, where: str) -> Iterator[Finding]:
    ports = {cell.renaming[name] for name in cell.standard.signs}
    if projection.port not in ports:
        yield _error(
            "port",
            f"{where}, port",
            f"{projection.port!r} takes no spikes in PyNN.",
            f"Use {' or '.join(sorted(ports))}.",
        )


def _latency(
    network: Network,
    projection: Projection,
    cell: CellMatch,
    simulator: Simulator,
    seed: int,
    where: str,
    *,
    plastic: bool,
) -> Iterator[Finding]:
    extra = simulator.latency.get(cell.standard.name, 0)
    expanded = resolve.synapses(network, projection, seed)
    short = int(np.count_nonzero(np.broadcast_to(expanded.delay, expanded.rows.count) <= extra))
    if extra and short:
        yield _error(
            "latency",
            f"{where}, delay",
            f"{short:,} of {expanded.rows.count:,} synapses have a delay of one step, but in "
            f"{simulator.title} a spike acts on {cell.standard.name} a step after it arrives: "
            "they act one step late.",
            f"Use delays of {extra + 1} steps or more, or IF_curr_delta.",
        )
    if extra and plastic and simulator.runs:
        yield _error(
            "stdp-latency",
            f"{where}, delay",
            f"to arrive in time, spikes are sent a step earlier in {simulator.title}, which shifts "
            "the differences of STDP by a step.",
            "Use IF_curr_delta.",
        )


def _plastic(
    network: Network,
    projection: Projection,
    match: SynapseMatch,
    cell: CellMatch,
    simulator: Simulator,
    seed: int,
) -> Iterator[Finding]:
    where = f"projection {projection.name!r}"
    values = synapse_values(network, projection, match, seed)
    varied = [name for name, value in values.items() if np.ptp(value) > 0]
    for name in varied:
        yield _error(
            "synapse-parameter",
            f"{where}, {match.renaming[name]}",
            "differs between synapses; PyNN has one value for a projection.",
        )
    if varied:
        return
    first = {name: float(value[0]) for name, value in values.items()}
    yield from _bounds(first, match, simulator, where)
    if cell.standard.signs[_known_port(cell, projection.port)] < 0:
        yield _error(
            "port",
            f"{where}, port",
            "plastic synapses onto an inhibitory port have other signs in PyNN.",
            "Use the excitatory port.",
        )
    if np.any(projection.axonal if isinstance(projection.axonal, np.ndarray) else 0) or (
        isinstance(projection.axonal, int | float) and projection.axonal
    ):
        yield _error(
            "axonal-delay",
            f"{where}, delay",
            f"delays of plastic synapses are all dendritic in {simulator.title}.",
            "Leave dendritic_delay_fraction at 1.",
        )
    if simulator.stdp:
        what = f"{simulator.title} {simulator.stdp}."
        yield _error("stdp-tie", where, what, "Use another backend where the rule matters.")


def _bounds(
    first: dict[str, float], match: SynapseMatch, simulator: Simulator, where: str
) -> Iterator[Finding]:
    if simulator.zero_w_min and first["w_min"] != 0:
        yield _error(
            "w-min",
            f"{where}, {match.renaming['w_min']}",
            f"is {first['w_min']:g}; {simulator.title} has no lower bound but 0.",
            "Use 0.",
        )
    if first["w_max"] <= 0:
        yield _error(
            "w-max", f"{where}, {match.renaming['w_max']}", "is not positive.", "Raise it."
        )
    if simulator.zero_w_min and first["A_plus"] == 0 != first["A_minus"]:
        yield _error(
            "amplitude",
            f"{where}, {match.renaming['A_plus']}",
            f"is 0, but {simulator.title} gives A_minus as a multiple of it.",
            "Give it a small value.",
        )


def _same_post_trace(network: Network, simulator: Simulator, seed: int) -> Iterator[Finding]:
    """NEST keeps the trace of depression in the cell, so it has one time constant for it."""
    if simulator.name != "nest":
        return
    seen: dict[str, tuple[str, float]] = {}
    for projection in network.projections:
        match = find_synapse(projection.synapse)
        if match is None or match.standard.name == "static":
            continue
        tau = float(synapse_values(network, projection, match, seed)["tau_minus"][0])
        other = seen.setdefault(projection.post, (projection.name, tau))
        if other[1] != tau:
            yield _error(
                "tau-minus",
                f"projection {projection.name!r}, {match.renaming['tau_minus']}",
                f"is {tau * 1000:g} ms, that of {other[0]!r} {other[1] * 1000:g} ms; NEST has one "
                f"for all plastic synapses onto {projection.post!r}.",
                "Use the same.",
            )


def synapse_values(
    network: Network, projection: Projection, match: SynapseMatch, seed: int
) -> dict[str, np.ndarray]:
    """Parameters of a projection's synapses by the known type's names; SI, at least one value."""
    count = resolve.synapses(network, projection, seed).rows.count
    values = resolve.parameters(
        projection.synapse.parameters,
        projection.parameters,
        count,
        seed,
        f"{projection.name}/parameter",
    )
    names = {p.name: match.renaming[p.name] for p in match.standard.synapse.parameters}
    return {known: np.atleast_1d(values[own]) for known, own in names.items()}


def _known_port(cell: CellMatch, port: str) -> str:
    return next((k for k in cell.standard.signs if cell.renaming[k] == port), "excitatory")


# Inputs and probes -------------------------------------------------------------------------------


@singledispatch
def _outside(item: object, network: Network) -> Iterable[Finding]:
    """Findings on an input or a graded projection; what is not listed here is a graded one."""
    return [
        _error(
            "graded",
            f"graded projection {item.name!r}",  # type: ignore[attr-defined]
            "PyNN has no projections of continuous values.",
        )
    ]


@_outside.register
def _(item: SpikeArray, network: Network) -> Iterable[Finding]:
    return []


@_outside.register
def _(item: PoissonInput, network: Network) -> Iterable[Finding]:
    return [
        _error(
            "poisson-input",
            f"input {item.name!r}",
            "PyNN has no input without a delay.",
            "Use a population of SpikeSourcePoisson and a projection.",
        )
    ]


@_outside.register
def _(item: CurrentInput, network: Network) -> Iterable[Finding]:
    post = network.sources.get(item.post)
    match = find_cell(post.cell) if isinstance(post, Population) else None
    if match is not None and match.renaming.names.get("current") == item.port:
        return []
    if isinstance(post, Population) and match is None:
        return []
    return [
        _error(
            "current-input",
            f"input {item.name!r}",
            f"PyNN has no continuous input to {item.port!r} of {item.post!r}.",
        )
    ]


def _probes(network: Network, simulator: Simulator) -> Iterator[Finding]:
    projections = {p.name for p in network.projections}
    for probe in network.probes:
        where = f"probe of {probe.target!r}, {probe.variable}"
        if probe.variable == "spikes":
            continue
        if probe.target in projections:
            if probe.variable != WEIGHT:
                yield _error("probe", where, "PyNN does not record it.", "Record spikes, v or w.")
            elif simulator.name == "spinnaker":
                what = "SpiNNaker gives out weights after a run only."
                yield _error("probe", where, what, "Read them from the session afterwards.")
            elif simulator.name == "nest":
                yield _error(
                    "weight-reading",
                    where,
                    "NEST brings a weight up to date when its presynaptic cell fires next, so what "
                    "is read between is older.",
                )
            continue
        population = network.population(probe.target)
        match = find_cell(population.cell)
        if match is None:
            continue
        known = {match.renaming[name] for name in match.standard.variables}
        if probe.variable not in known:
            yield _error(
                "probe", where, "PyNN does not record it.", f"Known: {', '.join(sorted(known))}."
            )
