"""From a NIR graph to a network of the IR."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, Finding, ParameterError
from neuro.formats.nir.cells import GATE, RECURRENT, Variant, behind_gate, cell_of, readout, relay
from neuro.formats.nir.flow import Arrival, Flow, least
from neuro.formats.nir.graph import Graph, Node, warning
from neuro.formats.nir.linear import Term, compose, delays
from neuro.formats.nir.normalise import normalise
from neuro.formats.nir.own_cells import OwnCell, own_cell, rests, starts_at_zero
from neuro.formats.nir.parameters import cell_parameters, check_conventions, odd_parameters
from neuro.formats.nir.primitives import OWN
from neuro.formats.nir.profiles import Conventions
from neuro.formats.nir.read import check_memory
from neuro.formats.nir.schedule import Link, latencies, loops
from neuro.formats.nir.shapes import Shape, infer_shapes
from neuro.ir.cell import CellType
from neuro.ir.network import (
    CurrentInput,
    GradedProjection,
    Input,
    Network,
    Population,
    Probe,
    Projection,
    SpikeArray,
)
from neuro.ir.verify import verified

Coding: TypeAlias = Literal["spikes", "values"]
Cycles: TypeAlias = Literal["refuse", "stretch"]

_CELL = 32
"""Bytes of a cell, at least: state, ports, and its places in lists of synapses."""

_BAD = re.compile(r"[^A-Za-z0-9_.\-]")
_START = re.compile(r"[A-Za-z_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A network, and how it relates to the graph that it was made from.

    Attributes
    ----------
    network
        The network.
    latency
        By population: its step t + latency is the framework's step t.
    shapes
        By input and population: the shape that NIR has for its cells.
    names
        By node: the name in the network.
    inputs
        Names of sources, in the network.
    outputs
        By Output node: the population that shows it.
    coding
        Whether inputs are spikes or values.
    findings
        What was repaired, changed or looks odd.
    conventions
        What was taken for what NIR does not say.
    """

    network: Network
    latency: Mapping[str, int]
    shapes: Mapping[str, Shape]
    names: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    coding: Coding
    findings: tuple[Finding, ...]
    conventions: Conventions


def build(
    graph: Graph,
    conventions: Conventions,
    *,
    name: str = "nir",
    coding: Coding = "spikes",
    cycles: Cycles = "refuse",
) -> Built:
    """Make a network of a graph.

    Parameters
    ----------
    graph
        As read; it is normalised here.
    conventions
        What NIR does not say.
    name
        Name of the network.
    coding
        ``"spikes"``: inputs are spike arrays; ``"values"``: they take a number per step.
    cycles
        ``"stretch"`` lets a cycle through several layers take a step for each.

    Raises
    ------
    FileFormatError
        If the graph contradicts itself.
    ParameterError
        If a fact is needed that neither graph nor conventions give.
    """
    flat = normalise(graph)
    require(flat, conventions)
    return _Builder(flat, conventions, coding, cycles).build(name)


def require(graph: Graph, conventions: Conventions) -> None:
    """Refuse to guess: every fact that the cells of `graph` need must be given.

    Raises
    ------
    ParameterError
        Names the argument.
    """
    kinds = {node.kind for node in graph.of_role("cell")} - OWN.keys()
    leaky = kinds - {"Threshold", "I", "IF"}
    spiking = kinds & {"IF", "LIF", "CubaLIF"}
    for argument, needed, meaning in (
        ("dt", True, "the length of a step in seconds"),
        ("scheme", bool(leaky), "how the equations are integrated: 'euler', 'exact' or 'decay'"),
        ("reset", bool(spiking), "what a spike does: 'value', 'subtract' or 'none'"),
    ):
        if needed and getattr(conventions, argument) is None:
            raise ParameterError(
                f"is needed: NIR does not say {meaning}.",
                where=f"from_nir, {argument}",
                hint=f"Give {argument}=… or profile=… (the framework that the graph is for).",
            )
    if conventions.unit_gain and leaky and conventions.scheme != "euler":
        raise ParameterError(
            f"is {conventions.scheme!r}, but with unit_gain there is only 'euler'.",
            where="from_nir, scheme",
            hint="Give unit_gain=False.",
        )
    factor = conventions.scheme == "decay" or conventions.form == "factor"
    if (conventions.bare or conventions.jump == "decayed") and leaky and not factor:
        raise ParameterError(
            "'bare' and jump='decayed' need scheme='decay' or form='factor'.",
            where="from_nir, form",
        )
    dt = conventions.dt
    if not isinstance(dt, int | float) or not np.isfinite(dt) or dt <= 0:
        raise ParameterError(f"is {dt!r}.", where="from_nir, dt", hint="Seconds, above zero.")


@dataclass
class _Builder:
    """Collects the parts of a network; `build` runs the steps in order."""

    graph: Graph
    conventions: Conventions
    coding: Coding
    cycles: Cycles
    names: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    latency: dict[str, int] = field(default_factory=dict)
    restless: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    populations: list[Population] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    graded: list[GradedProjection] = field(default_factory=list)

    def build(self, name: str) -> Built:
        self.shapes = infer_shapes(self.graph)
        assert self.conventions.dt is not None
        self.flow = Flow(
            self.graph, self.shapes, dt=self.conventions.dt, unit=self.conventions.time_unit
        )
        self.sources = self.graph.of_role("input", "cell")
        self.outputs = {node.name: self._direct(node) for node in self.graph.of_role("output")}
        self._check_ends()
        self.sinks = [n for n in self.graph.of_role("output") if self.outputs[n.name] is None]
        for node in (*self.sources, *self.sinks):
            check_memory(_CELL * prod(self.shapes[node.name]), node.where)
            self.names[node.name] = self._free(node.name, _word(node))
        self._schedule()
        for node in self.graph.of_role("input"):
            self._add_input(node)
        cells = sorted(self.graph.of_role("cell"), key=self._latency)
        for node in cells:
            self._add_cell(node)
        for node in self.sinks:
            self._add_readout(node)
        for node in (*cells, *self.sinks):
            self._connect(node)
        return self._finish(name)

    def _check_ends(self) -> None:
        if not self.sources:
            raise FileFormatError("has no inputs and no neurons.", where=self.graph.source)
        if not self.outputs:
            what = "has no Output node; every population is recorded all the same."
            self.findings.append(warning(self.graph.source, what, rule="no-output"))

    def _free(self, name: str, kind: str) -> str:
        """A name that the IR takes and nothing has yet."""
        clean = _BAD.sub("_", name)
        if not _START.match(clean):
            clean = f"{kind.lower()}_{clean}"
        free, number = clean, 1
        while free in self.taken:
            number += 1
            free = f"{clean}_{number}"
        self.taken.add(free)
        return free

    # Time ---------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        links = list(self._links())
        self.stretched = loops(links) if self.cycles == "stretch" else []
        if self.cycles == "stretch":
            links = [replace(link, delay=self._native(link.pre, link.post, link.delay))
                     for link in links]  # fmt: skip
        found = latencies(self.names, links)
        self.latency = {self.names[name]: steps for name, steps in found.items()}
        for group in self.stretched:
            listed = ", ".join(map(repr, sorted(group)))
            what = f"the cycle through {listed} takes a step for each layer."
            hint = "Its spikes differ from the framework's."
            self.findings.append(warning(self.graph.source, what, hint, rule="stretched-cycle"))

    def _links(self) -> Iterator[Link]:
        for node in (*self.graph.of_role("cell"), *self.sinks):
            for arrival in self.flow.arrivals(node.name):
                for term in arrival.terms:
                    if term.source is not None:
                        steps = least(term.before) + least(term.after)
                        yield Link(term.source, node.name, self._own(term.source, node.name, steps))

    def _own(self, pre: str, post: str, steps: Any) -> Any:
        """The framework's own delay: what Delay nodes say, and one step where it takes one."""
        steps = steps + self.conventions.hop
        return np.maximum(steps, 1) if pre == post else steps

    def _native(self, pre: str, post: str, steps: Any) -> Any:
        """`_own`, with a step for each connection inside a stretched cycle."""
        inside = any({pre, post} <= group for group in self.stretched)
        return np.maximum(steps, 1) if inside else steps

    def _latency(self, node: Node) -> int:
        return self.latency[self.names[node.name]]

    # Parts --------------------------------------------------------------------------------------

    def _add_input(self, node: Node) -> None:
        name, size = self.names[node.name], prod(self.shapes[node.name])
        none = np.zeros(0, np.int64)
        if self.coding == "spikes":
            self.inputs.append(SpikeArray(name=name, size=size, step=none, index=none))
            return
        self.populations.append(Population(name=name, size=size, cell=relay()))
        values = self._free(f"{name}.values", "input")
        self.inputs.append(_from(values, name, "value", 0, np.zeros(1)))

    def _add_cell(self, node: Node) -> None:
        live = own_cell(node)
        if live is not None:
            self._add_own(node, live)
            return
        shape, own = self.shapes[node.name], self.conventions
        values = cell_parameters(node, shape, own)
        check_conventions(node, values, own)
        self.findings += odd_parameters(node, values, own)
        name = self.names[node.name]
        gated = self._is_gated(node, values)
        variant = Variant(node.kind, _relevant(own), self._recurs(node), gated)
        self._add(Population(name=name, size=prod(shape), cell=cell_of(variant), parameters=values))

    def _add_own(self, node: Node, live: OwnCell) -> None:
        """A cell of a live module, with the program that the module has."""
        values = live.values(node, self.shapes[node.name])
        late = self.latency[self.names[node.name]] > 0
        gated = late and (
            not rests(live.cell, values, self.conventions.dt) or self._hears_restless(node.name)
        )
        cell = (
            behind_gate(replace(live.cell, name=f"{live.cell.name}_gated")) if gated else live.cell
        )
        self._add(Population(name=self.names[node.name], size=prod(self.shapes[node.name]),
                             cell=cell, parameters=values))  # fmt: skip

    def _add_readout(self, node: Node) -> None:
        shape = self._sink_shape(node)
        gated = self._hears_restless(node.name)
        self._add(Population(name=self.names[node.name], size=prod(shape), cell=readout(gated)))

    def _add(self, population: Population) -> None:
        self.populations.append(population)
        if any(port.name == GATE for port in population.cell.ports):
            start = self._free(f"{population.name}.start", "start")
            step = self.latency[population.name]
            self.inputs.append(_from(start, population.name, GATE, step, np.ones(1)))

    def _sink_shape(self, node: Node) -> Shape:
        return self.shapes[node.name]

    def _recurs(self, node: Node) -> bool:
        return any(arrival.own for arrival in self.flow.arrivals(node.name))

    def _is_gated(self, node: Node, values: dict[str, Any]) -> bool:
        """True if the cell would not stay as it is until its layer starts."""
        if not self.latency[self.names[node.name]]:
            return False
        theta = np.asarray(values.get("v_threshold", values.get("threshold", np.inf)))
        fires = (theta <= 0).any() if self.conventions.inclusive else (theta < 0).any()
        rests = not np.any(values.get("v_leak", 0.0))
        if not rests and self.conventions.initial == "leak" and not node.primitive.spikes:
            self.restless.add(node.name)
        return bool(fires) or not rests or self._hears_restless(node.name)

    def _hears_restless(self, name: str) -> bool:
        """True if a graded cell that is not 0 at rest sends here; its value comes too early."""
        return any(
            term.source is not None and self._is_restless(self.graph.node(term.source))
            for arrival in self.flow.arrivals(name)
            for term in arrival.terms
        )

    def _is_restless(self, node: Node) -> bool:
        if node.primitive.role != "cell" or node.primitive.spikes:
            return False
        live = own_cell(node)
        if live is not None:
            return not starts_at_zero(live.cell, live.parameters)
        leak = node.values.get("v_leak")
        return leak is not None and bool(np.any(leak)) and self.conventions.initial == "leak"

    # Connections --------------------------------------------------------------------------------

    def _direct(self, node: Node) -> str | None:
        """The cell that an output shows, if it shows one as it is."""
        terms = [term for arrival in self.flow.arrivals(node.name) for term in arrival.terms]
        if len(terms) != 1:
            return None
        term, source = terms[0], terms[0].source
        plain = not term.maps and not np.any(term.before) and not np.any(term.after)
        return source if plain and source is not None and self._is_cell(source) else None

    def _is_cell(self, name: str) -> bool:
        return self.graph.node(name).primitive.role == "cell"

    def _connect(self, node: Node) -> None:
        constants: dict[str, list[Term]] = {}
        for arrival in self.flow.arrivals(node.name):
            port = self._port(node, arrival)
            for term in arrival.terms:
                if term.constant is not None:
                    constants.setdefault(port, []).append(term)
                else:
                    self._project(term, node, port)
        for port, terms in constants.items():
            self._add_bias(self.names[node.name], port, terms)

    def _port(self, node: Node, arrival: Arrival) -> str:
        if not arrival.own or not self._is_cell(node.name):
            return "input"
        live = own_cell(node)
        return RECURRENT if live is None or live.has_port(RECURRENT) else "input"

    def _project(self, term: Term, node: Node, port: str) -> None:
        assert term.source is not None
        pre, post = self.names[term.source], self.names[node.name]
        size, n_post = prod(self.shapes[term.source]), prod(self._sink_shape(node))
        connectivity, weight = compose(term.maps)
        own = self._own(term.source, node.name, delays(term, connectivity, size, n_post))
        steps = self._native(term.source, node.name, own) + self.latency[post] - self.latency[pre]
        nodes = [step.node for step in term.maps]
        kind = self.graph.node(nodes[0]).kind if nodes else "link"
        parts: dict[str, Any] = {
            "name": self._free(".".join(nodes) if nodes else f"{pre}_to_{post}", kind),
            "pre": pre,
            "post": post,
            "port": port,
            "connectivity": connectivity,
            "weight": weight,
            "delay": steps if isinstance(steps, np.ndarray) and steps.ndim else int(steps),
        }
        if self._spikes(term.source):
            self.projections.append(Projection(**parts))
        else:
            self.graded.append(GradedProjection(variable="v", **parts))

    def _spikes(self, name: str) -> bool:
        node = self.graph.node(name)
        return self.coding == "spikes" if node.kind == "Input" else node.primitive.spikes

    def _add_bias(self, post: str, port: str, terms: list[Term]) -> None:
        """A constant from the layer's start on; constants behind a Delay join later."""
        starts = sorted({least(term.after) for term in terms})
        rows = [_sum(term for term in terms if least(term.after) <= start) for start in starts]
        name = self._free(f"{post}.{'bias' if port == 'input' else port + '_bias'}", "bias")
        self.inputs.append(
            CurrentInput(
                name=name,
                post=post,
                port=port,
                step=np.array(starts, np.int64) + self.latency[post],
                value=np.array(rows, np.float64),
            )
        )

    # The end ------------------------------------------------------------------------------------

    def _finish(self, name: str) -> Built:
        assert self.conventions.dt is not None
        network = Network(
            name=self._free(name, "nir"),
            dt=float(self.conventions.dt),
            populations=tuple(self.populations),
            inputs=tuple(self.inputs),
            projections=tuple(self.projections),
            graded=tuple(self.graded),
        )
        network = replace(network, probes=_probes(network, set(self._shown().values())))
        verified(network)
        sizes = {self.names[n.name]: self.shapes[n.name] for n in (*self.sources, *self.sinks)}
        return Built(
            network=network,
            latency=self.latency,
            shapes=sizes,
            names=self.names,
            inputs=tuple(self.names[n.name] for n in self.graph.of_role("input")),
            outputs=self._shown(),
            coding=self.coding,
            findings=(*self.graph.findings, *self.flow.findings, *self.findings),
            conventions=self.conventions,
        )

    def _shown(self) -> dict[str, str]:
        return {name: self.names[source or name] for name, source in self.outputs.items()}


def _word(node: Node) -> str:
    """What a cell without a name of its own is called after."""
    live = own_cell(node)
    return node.kind if live is None else live.cell.name.split("_")[1]


def _from(name: str, post: str, port: str, step: int, value: NDArray[np.float64]) -> CurrentInput:
    return CurrentInput(name=name, post=post, port=port, step=np.array([step]), value=value)


def _sum(terms: Iterable[Term]) -> NDArray[np.float64]:
    """The sum of constants."""
    found = [term.constant for term in terms if term.constant is not None]
    return np.asarray(np.sum(found, axis=0), np.float64)


def _relevant(conventions: Conventions) -> Conventions:
    """The conventions without what plays no role for a cell, so that equal types are one."""
    return replace(conventions, dt=None, hop=0, time_unit="s")


def _probes(network: Network, outputs: Iterable[str]) -> tuple[Probe, ...]:
    """Spikes of all; and the values of outputs that do not spike."""
    graded = [p.name for p in network.populations if p.cell.spike is None and p.name in outputs]
    if not graded:
        return ()
    spiking = [n for n, s in network.sources.items() if _can_spike(network, n)]
    return (
        *(Probe(target=name) for name in spiking),
        *(Probe(target=name, variable="v") for name in graded),
    )


def _can_spike(network: Network, name: str) -> bool:
    cells = {population.name: population.cell for population in network.populations}
    cell: CellType | None = cells.get(name)
    return cell is None or cell.spike is not None
