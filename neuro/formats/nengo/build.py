"""From the parts of a Nengo model to a network of the IR.

Nengo passes values without a synapse on within a step; here every connection takes one.  So layers
run later, as for NIR (see `neuro.formats.nir.schedule`).  With a synapse a connection takes a step in
Nengo, too, and nothing is late.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuro.errors import ParameterError
from neuro.formats.nengo.cells import COUNTED, PLAIN, Variant, cell_of, coefficients, port
from neuro.formats.nengo.parts import Filter, Neurons, Parts, Sink, Term, Values
from neuro.formats.nir.cells import GATE, relay
from neuro.formats.nir.schedule import Link, latencies
from neuro.ir.connectivity import Dense
from neuro.ir.network import (
    FLOAT64,
    CurrentInput,
    GradedProjection,
    Network,
    NumberFormat,
    Population,
    Probe,
    Projection,
)
from neuro.ir.verify import verified

_BAD = re.compile(r"[^A-Za-z0-9_.\-]")
_START = re.compile(r"[A-Za-z_]")


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A network, and how it relates to the model that it was made from.

    Attributes
    ----------
    network
        The network.
    latency
        By population: its step t + latency is Nengo's step t.
    names
        By label of Nengo: the name in the network.
    parts
        The model.
    """

    network: Network
    latency: Mapping[str, int]
    names: Mapping[str, str]
    parts: Parts


def build(parts: Parts, format_: NumberFormat = FLOAT64) -> Built:
    """Make a network of the parts of a model.

    Raises
    ------
    ParameterError
        If ensembles in a cycle pass values on within a step.
    """
    return _Builder(parts).build(format_)


@dataclass
class _Builder:
    parts: Parts
    names: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    latency: dict[str, int] = field(default_factory=dict)
    populations: list[Population] = field(default_factory=list)
    inputs: list[CurrentInput] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    graded: list[GradedProjection] = field(default_factory=list)

    def build(self, format_: NumberFormat) -> Built:
        parts = self.parts
        for label in (*parts.values, *parts.neurons, *parts.readouts):
            self.names[label] = self._free(label)
        self.latency = {self.names[n]: late for n, late in self._latencies().items()}
        for source in parts.values.values():
            self._add_values(source)
        sinks: list[Sink] = [*parts.neurons.values(), *parts.readouts.values()]
        for sink in sinks:
            self._add_sink(sink)
        network = Network(
            name=self._free(parts.name),
            dt=parts.dt,
            populations=tuple(self.populations),
            inputs=tuple(self.inputs),
            projections=tuple(self.projections),
            graded=tuple(self.graded),
            probes=self._probes(),
            format=format_,
        )
        return Built(verified(network), self.latency, self.names, parts)

    def _latencies(self) -> dict[str, int]:
        links = [Link(t.source, t.sink, t.synapse.delay) for t in self.parts.terms]
        try:
            return latencies(self.names, links)
        except ParameterError as error:
            hint = "Give every connection in it a synapse."
            raise ParameterError(error.what, where="from_nengo", hint=hint) from None

    def _free(self, label: str) -> str:
        """A name that the IR takes and nothing has yet."""
        clean = _BAD.sub("_", label)
        clean = clean if _START.match(clean) else f"n_{clean}"
        free, number = clean, 1
        while free in self.taken:
            number += 1
            free = f"{clean}_{number}"
        self.taken.add(free)
        return free

    def _add_values(self, source: Values) -> None:
        """A population that passes values on; they come from outside, or are constant."""
        name = self.names[source.name]
        self.populations.append(Population(name=name, size=source.size, cell=relay()))
        known = np.zeros(source.size) if source.constant is None else source.constant
        row = np.asarray(known, np.float64).reshape(1, -1)
        self.inputs.append(_current(values_of(name), name, "value", 0, row))

    def _add_sink(self, sink: Sink) -> None:
        terms = [term for term in self.parts.terms if term.sink == sink.name]
        filters = tuple(dict.fromkeys(t.synapse.filter for t in terms if t.synapse.filter))
        name = self.names[sink.name]
        gated = isinstance(sink, Neurons) and self.latency[name] > 0
        self.populations.append(self._population(sink, filters, gated=gated))
        if gated:
            start = np.ones(1)
            self.inputs.append(_current(f"{name}.start", name, GATE, self.latency[name], start))
        for term in terms:
            self._connect(term, filters)

    def _population(self, sink: Sink, filters: tuple[Filter, ...], *, gated: bool) -> Population:
        name = self.names[sink.name]
        constants = {n: v for k, f in enumerate(filters) for n, v in coefficients(k, f).items()}
        if not isinstance(sink, Neurons):
            cell = cell_of(Variant("readout", filters))
            return Population(name=name, size=sink.size, cell=cell, parameters=constants)
        given: dict[str, Any] = dict(sink.parameters) | constants
        floor = bool(np.isfinite(given.get("min_voltage", 0.0)))
        if not floor:
            del given["min_voltage"]
        cell = cell_of(Variant(sink.kind, filters, floor, gated))
        known = {parameter.name for parameter in cell.parameters}
        return Population(
            name=name,
            size=sink.size,
            cell=cell,
            parameters={key: value for key, value in given.items() if key in known},
            initial=dict(sink.initial),
        )

    def _connect(self, term: Term, filters: tuple[Filter, ...]) -> None:
        pre, post = self.names[term.source], self.names[term.sink]
        found = term.synapse.filter
        given: dict[str, Any] = {
            "name": self._free(f"{pre}_to_{post}"),
            "pre": pre,
            "post": post,
            "port": PLAIN if found is None else port(filters.index(found)),
            "connectivity": Dense(),
            "weight": np.ascontiguousarray(term.matrix.T),
            "delay": term.synapse.delay + self.latency[post] - self.latency[pre],
        }
        neurons = self.parts.neurons.get(term.source)
        if neurons is not None and neurons.kind not in COUNTED:
            self.projections.append(Projection(**given))
        else:
            variable = "v" if neurons is None else COUNTED[neurons.kind]
            self.graded.append(GradedProjection(variable=variable, **given))

    def _probes(self) -> tuple[Probe, ...]:
        """Spikes of all neurons, all readouts, and other variables that are probed."""
        wanted = [(name, "spikes") for name in self.parts.neurons]
        wanted += [(watch.target, watch.variable) for watch in self.parts.probes.values()]
        return tuple(
            Probe(target=self.names[name], variable=variable)
            for name, variable in dict.fromkeys(wanted)
        )


def values_of(name: str) -> str:
    """The input that gives a node's values."""
    return f"{name}.values"


def _current(name: str, post: str, where: str, step: int, value: Any) -> CurrentInput:
    return CurrentInput(name=name, post=post, port=where, step=np.array([step]), value=value)
