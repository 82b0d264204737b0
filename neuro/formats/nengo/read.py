"""From a built Nengo model to its parts; what has no counterpart is collected, then refused at once.

Nengo itself solves for decoders and scales encoders.  Its connections end on matrices here: a
connection onto an ensemble is multiplied by the encoders, and nodes that only pass values on are
multiplied out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neuro.errors import Finding, ParameterError, UnavailableError, UnsupportedError
from neuro.formats.nengo.cells import COUNTED, KINDS
from neuro.formats.nengo.filters import synapse_of
from neuro.formats.nengo.parts import (
    Matrix,
    Neurons,
    Parts,
    Readout,
    Synapse,
    Term,
    Values,
    Watch,
)
from neuro.formats.nir.read import check_memory


def nengo_package() -> Any:
    """The package.

    Raises
    ------
    UnavailableError
        If it is not installed.
    """
    try:
        import nengo
    except ImportError:
        raise UnavailableError(
            "the package nengo is not installed.",
            where="from_nengo",
            hint="pip install nengo==4.1.0",
        ) from None
    return nengo


def read_model(model: Any, dt: float) -> Parts:
    """The parts of a ``nengo.Network``, or of a ``nengo.Simulator`` that has built one.

    Parameters
    ----------
    model
        The network or simulator.
    dt
        Length of a step in seconds, for a network.

    Raises
    ------
    ParameterError
        If `model` is neither, or a step has no length.
    UnavailableError
        If Nengo is not installed.
    UnsupportedError
        If something in it has no counterpart; lists all.
    """
    nengo = nengo_package()
    if isinstance(model, nengo.Simulator):
        return _Reader(nengo, model.model).read()
    if not isinstance(model, nengo.Network):
        raise ParameterError(
            f"is {type(model).__name__}.",
            where="from_nengo",
            hint="Give a nengo.Network or a nengo.Simulator.",
        )
    if not np.isfinite(dt) or dt <= 0:
        raise ParameterError(f"is {dt!r}.", where="from_nengo, dt", hint="Seconds, above zero.")
    with nengo.Simulator(model, dt=dt, progress_bar=False, optimize=False) as simulator:
        return _Reader(nengo, simulator.model).read()


@dataclass(frozen=True, slots=True, eq=False)
class _Hop:
    """One connection: from an object to an object through a matrix."""

    name: str
    pre: Any
    post: Any
    synapse: Synapse
    matrix: Matrix


@dataclass
class _Reader:
    """Collects parts and findings."""

    nengo: Any
    built: Any
    names: dict[Any, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    neurons: dict[str, Neurons] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    readouts: dict[str, Readout] = field(default_factory=dict)
    hops: dict[Any, list[_Hop]] = field(default_factory=dict)
    probes: dict[Any, Watch] = field(default_factory=dict)

    def read(self) -> Parts:
        top = self.built.toplevel
        for number, ensemble in enumerate(top.all_ensembles):
            self._add_neurons(ensemble, number)
        for number, node in enumerate(top.all_nodes):
            self._add_node(node, number)
        for number, probe in enumerate(top.all_probes):
            self._add_probe(probe, number)
        for connection in self._connections():
            self._add_hop(connection)
        terms = [term for sink in self._sinks() for term in self._terms(sink)]
        if self.findings:
            raise UnsupportedError(
                "This Nengo model has parts without a counterpart:", self.findings
            )
        return Parts(
            name=top.label or "nengo",
            dt=float(self.built.dt),
            neurons=self.neurons,
            values=self.values,
            readouts=self.readouts,
            terms=tuple(terms),
            probes=self.probes,
        )

    def _refuse(self, where: str, what: str, hint: str = "") -> None:
        finding = Finding(severity="error", where=where, what=what, hint=hint, rule="nengo")
        self.findings.append(finding)

    def _name(self, item: Any, kind: str, number: int) -> str:
        """A label that nothing else has."""
        wanted = item.label or f"{kind}_{number}"
        taken = set(self.names.values())
        free, count = wanted, 1
        while free in taken:
            count += 1
            free = f"{wanted}_{count}"
        self.names[item] = free
        return free

    # Objects ------------------------------------------------------------------------------------

    def _add_neurons(self, ensemble: Any, number: int) -> None:
        name = self._name(ensemble, "ensemble", number)
        kind = type(ensemble.neuron_type).__name__
        if kind not in KINDS:
            hint = f"Supported: {', '.join(KINDS)}."
            self._refuse(f"ensemble {name!r}", f"there is no counterpart of {kind} neurons.", hint)
            return
        if ensemble.noise is not None:
            self._refuse(f"ensemble {name!r}", "it has noise.", "Set noise=None.")
        self.names[ensemble.neurons] = name
        self.neurons[name] = Neurons(
            name=name,
            size=ensemble.n_neurons,
            kind=kind,
            parameters=_parameters(ensemble.neuron_type)
            | {"bias": self.built.params[ensemble].bias},
            initial=self._initial(ensemble.neurons),
            amplitude=float(ensemble.neuron_type.amplitude),
        )

    def _initial(self, neurons: Any) -> dict[str, Matrix]:
        """State before the first step."""
        signals = self.built.sig[neurons]
        return {
            ours: np.array(signals[theirs].initial_value, np.float64)
            for theirs, ours in _STATES.items()
            if theirs in signals
        }

    def _add_node(self, node: Any, number: int) -> None:
        name, output = self._name(node, "node", number), node.output
        if output is None:
            return
        if node.size_in:
            self._refuse(
                f"node {name!r}",
                "it computes a function of its input.",
                "Decode the function from an ensemble, or give its values as a node without input.",
            )
            return
        if isinstance(output, self.nengo.Process):
            self.values[name] = Values(name, node.size_out)
        elif callable(output):
            self.values[name] = Values(name, node.size_out, function=output)
        else:
            self.values[name] = Values(name, node.size_out, np.atleast_1d(np.array(output)))

    def _add_probe(self, probe: Any, number: int) -> None:
        name = self._name(probe, "probe", number)
        every = 1.0 if probe.sample_every is None else probe.sample_every / self.built.dt
        target = probe.obj
        if isinstance(target, self.nengo.ensemble.Neurons):
            self._watch_neurons(probe, name, every)
        elif (type(target).__name__, probe.attr) not in _READOUTS:
            self._refuse(f"probe {name!r}", f"{probe.attr!r} of {target} cannot be probed.")
        else:
            self.readouts[name] = Readout(name, probe.size_in)
            self.probes[probe] = Watch(name, "v", np.arange(probe.size_in), every=every)
            if isinstance(target, self.nengo.Node):
                self._watch_node(probe, name)

    def _watch_node(self, probe: Any, name: str) -> None:
        """A probe of a node reads it without a connection."""
        synapse = synapse_of(probe.synapse, self.built.dt)
        if synapse is None:
            self._refuse(f"probe {name!r}", f"there is no counterpart of {probe.synapse}.")
            return
        matrix = np.eye(probe.obj.size_out)[_places(probe.obj.size_out, probe.slice)]
        self.hops.setdefault(probe, []).append(_Hop(name, probe.obj, probe, synapse, matrix))

    def _watch_neurons(self, probe: Any, name: str, every: float) -> None:
        ensemble = self.neurons.get(self.names.get(probe.obj, ""))
        if ensemble is None:
            return
        variable = _VARIABLES.get(probe.attr)
        if variable == "spikes":
            variable = COUNTED.get(ensemble.kind, variable)
        if variable is None or probe.synapse is not None:
            what = f"{probe.attr!r} of neurons, filtered by {probe.synapse}, cannot be probed."
            self._refuse(f"probe {name!r}", what, "Probe spikes or voltage without a synapse.")
            return
        columns = np.arange(ensemble.size)[slice(None) if probe.slice is None else probe.slice]
        counts = variable in ("spikes", *COUNTED.values())
        scale = ensemble.amplitude / self.built.dt if counts else 1.0
        self.probes[probe] = Watch(ensemble.name, variable, np.atleast_1d(columns), scale, every)

    # Connections --------------------------------------------------------------------------------

    def _connections(self) -> Iterator[Any]:
        """All that were built, also those that lead to probes."""
        for item in self.built.params:
            if isinstance(item, self.nengo.Connection):
                yield item

    def _add_hop(self, connection: Any) -> None:
        where, before = f"connection {connection}", len(self.findings)
        synapse = synapse_of(connection.synapse, self.built.dt)
        if synapse is None:
            hint = "Use Lowpass, Alpha, another LinearFilter without passthrough, or None."
            self._refuse(where, f"there is no counterpart of {connection.synapse}.", hint)
        if connection.learning_rule is not None:
            self._refuse(where, "it learns.", "Run it in Nengo, and import the learnt weights.")
        if isinstance(connection.pre_obj, self.nengo.Node) and connection.function is not None:
            self._refuse(where, "it computes a function of a node's values.")
        matrix = self._matrix(connection)
        if matrix is None:
            self._refuse(where, f"a {type(connection.transform).__name__} is no matrix.")
        if len(self.findings) > before or synapse is None or matrix is None:
            return
        post = self._owner(connection.post_obj)
        pre = self._owner(connection.pre_obj)
        self.hops.setdefault(post, []).append(_Hop(where, pre, post, synapse, matrix))

    def _owner(self, item: Any) -> Any:
        """The ensemble for its neurons."""
        return item.ensemble if isinstance(item, self.nengo.ensemble.Neurons) else item

    def _matrix(self, connection: Any) -> Matrix | None:
        """From what the presynaptic object puts out to what arrives, of full size; None if it is none.

        For ensembles that is from spikes and to currents.
        """
        weights = self.built.params[connection].weights
        solved = isinstance(connection.pre_obj, self.nengo.Ensemble)
        columns = _places(connection.pre_obj.size_out, None if solved else connection.pre_slice)
        if solved:
            columns = np.arange(connection.pre_obj.n_neurons)
        if weights is None:
            weights = np.ones(len(columns))
        if hasattr(weights, "toarray"):
            weights = weights.toarray()
        if np.ndim(weights) > 2:
            return None
        weights = np.diag(np.broadcast_to(weights, len(columns))) if weights.ndim < 2 else weights
        if solved and connection.solver.weights and self._is_ensemble(connection.post_obj):
            return np.array(weights)
        rows = _places(connection.post_obj.size_in, connection.post_slice)
        n_pre = connection.pre_obj.n_neurons if solved else connection.pre_obj.size_out
        full = np.zeros((connection.post_obj.size_in, n_pre))
        full[np.ix_(rows, columns)] = weights
        return self._into(connection.post_obj, full)

    def _is_ensemble(self, item: Any) -> bool:
        return isinstance(item, self.nengo.Ensemble)

    def _into(self, post: Any, full: Matrix) -> Matrix:
        """Onto neurons: by encoders, or by gains."""
        if self._is_ensemble(post):
            return np.asarray(self.built.params[post].scaled_encoders @ full)
        if isinstance(post, self.nengo.ensemble.Neurons):
            return np.asarray(self.built.params[post.ensemble].gain[:, None] * full)
        return full

    # Ways ---------------------------------------------------------------------------------------

    def _sinks(self) -> Iterator[Any]:
        """Ensembles and probes of values that something arrives at."""
        for item in self.hops:
            if self.names.get(item) in (self.neurons.keys() | self.readouts.keys()):
                yield item

    def _terms(self, sink: Any) -> list[Term]:
        """What arrives at `sink`, one term a source and synapse."""
        found: dict[tuple[str, Synapse], Term] = {}
        for term in self._arriving(sink, (), self.names[sink]):
            key = (term.source, term.synapse)
            before = found.get(key)
            matrix = term.matrix if before is None else before.matrix + term.matrix
            found[key] = replace(term, matrix=matrix)
        return list(found.values())

    def _arriving(self, item: Any, passed: tuple[Any, ...], sink: str) -> Iterator[Term]:
        """Terms over each connection to `item`, and through nodes that pass values on."""
        if item in passed:
            self._refuse(f"node {self.names[item]!r}", "values run around it without a neuron.")
            return
        for hop in self.hops.get(item, []):
            source = self.names.get(hop.pre, "")
            if source in self.neurons or source in self.values:
                yield Term(source, sink, hop.synapse, hop.matrix * self._count(source))
                continue
            for term in self._arriving(hop.pre, (*passed, item), sink):
                yield from self._joined(hop, term)

    def _count(self, source: str) -> float:
        """What one event of `source` counts."""
        neurons = self.neurons.get(source)
        return 1.0 if neurons is None else neurons.amplitude / self.built.dt

    def _joined(self, hop: _Hop, term: Term) -> Iterator[Term]:
        """`term` and then `hop`."""
        if hop.synapse.delay and term.synapse.delay:
            what = "two synapses in a row, with only a node between, have no counterpart."
            self._refuse(hop.name, what, "Set synapse=None on one of them.")
            return
        check_memory(8 * len(hop.matrix) * term.matrix.shape[1], hop.name)
        synapse = hop.synapse if hop.synapse.delay else term.synapse
        yield replace(term, synapse=synapse, matrix=hop.matrix @ term.matrix)


_STATES = {"voltage": "v", "refractory_time": "ref"}
"""Nengo's state variables, and ours."""

_READOUTS = {("Ensemble", "decoded_output"), ("Node", "output")}
"""What can be probed besides neurons."""

_VARIABLES = {"output": "spikes", "spikes": "spikes", "voltage": "v", "refractory_time": "ref"}
"""What can be probed of neurons."""


def _parameters(neuron_type: Any) -> dict[str, Any]:
    names = ("tau_rc", "tau_ref", "min_voltage")
    return {name: float(getattr(neuron_type, name)) for name in names if hasattr(neuron_type, name)}


def _places(size: int, part: Any) -> Any:
    """The places that a slice means."""
    return np.atleast_1d(np.arange(size)[slice(None) if part is None else part])
