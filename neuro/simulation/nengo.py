"""Networks from Nengo: `from_nengo`, and a model that speaks of Nengo's nodes and probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import ParameterError, unknown_name
from neuro.formats.nengo.build import Built, build, values_of
from neuro.formats.nengo.parts import Values, Watch
from neuro.formats.nengo.read import read_model
from neuro.ir.network import FLOAT64, Network, NumberFormat
from neuro.recording.data import Recording
from neuro.simulation.align import aligned
from neuro.simulation.progress import ProgressOption
from neuro.simulation.run import simulate

Floats = NDArray[np.float64]


def from_nengo(model: Any, *, dt: float = 0.001, format: NumberFormat = FLOAT64) -> NengoModel:
    """Make a network of a Nengo model: ensembles, connections, nodes and probes.

    Nengo builds the model and solves for its decoders; what it has built is taken over.  Without a
    seed it draws other numbers every time: give the network one, or give the simulator.

    Parameters
    ----------
    model
        A ``nengo.Network``, or a ``nengo.Simulator``, whose built numbers are taken.
    dt
        Length of a step in seconds; a simulator has its own.
    format
        Number format of the network; Nengo itself computes in double precision.

    Returns
    -------
    NengoModel
        The network, and its relation to Nengo's objects.

    Raises
    ------
    UnsupportedError
        If something has no counterpart: neurons other than LIF and SpikingRectifiedLinear, learning
        rules, noise, nodes that compute; lists all.
    ParameterError
        If `model` is neither network nor simulator, or a cycle has fewer synapses than ensembles.
    UnavailableError
        If Nengo is not installed.
    """
    return NengoModel(build(read_model(model, dt), format))


@dataclass(frozen=True, slots=True)
class NengoModel:
    """A network made from a Nengo model.

    Attributes
    ----------
    built
        What was made, with all that is known of it.
    """

    built: Built

    @property
    def network(self) -> Network:
        """The network; it runs, verifies and exports like any other."""
        return self.built.network

    @property
    def latency(self) -> Mapping[str, int]:
        """Steps that each population runs later than in Nengo."""
        return self.built.latency

    @property
    def names(self) -> Mapping[str, str]:
        """By label of Nengo: the name in the network."""
        return self.built.names

    @property
    def lag(self) -> int:
        """The largest latency."""
        return max(self.latency.values(), default=0)

    def with_network(self, network: Network) -> NengoModel:
        """The same model with another network, such as one with more probes."""
        return replace(self, built=replace(self.built, network=network))

    def inputs(
        self, steps: int, values: Mapping[str, ArrayLike] | None = None
    ) -> dict[str, Floats]:
        """Inputs for `neuro.simulate`: the values of all nodes that are not constant.

        Parameters
        ----------
        steps
            Nengo's steps.
        values
            By label of a node: one row a step.  Other nodes call their function with the time at
            the end of each step, as Nengo does.

        Raises
        ------
        UnknownNameError
            If there is no such node.
        ParameterError
            If a node needs values and has none, or they have another shape.
        """
        given, nodes = dict(values or {}), self.built.parts.values
        for label in given:
            if label not in nodes:
                raise unknown_name(label, nodes, kind="node", where="values")
        found = {}
        for label, node in nodes.items():
            if label in given:
                rows = _rows(given[label], node, steps)
            elif node.constant is None:
                rows = _called(node, self.network.dt, steps)
            else:
                continue
            found[values_of(self.names[label])] = rows
        return found

    def simulate(
        self,
        steps: int,
        values: Mapping[str, ArrayLike] | None = None,
        *,
        backend: str = "auto",
        options: dict[str, Any] | None = None,
        progress: ProgressOption = "auto",
    ) -> Recording:
        """Run the network and count steps as Nengo does.

        Parameters
        ----------
        steps, values
            As for `inputs`.
        backend, options, progress
            As for `neuro.simulate`.

        Returns
        -------
        Recording
            Spikes of all ensembles and what probes show; step t is Nengo's step t.
        """
        recording = simulate(
            self.network,
            steps + self.lag,
            inputs=self.inputs(steps, values),
            backend=backend,
            options=options,
            progress=progress,
        )
        return aligned(recording, self.latency, steps)

    def data(self, recording: Recording, probe: Any) -> Floats:
        """What ``simulator.data[probe]`` would be.

        Parameters
        ----------
        recording
            From `simulate`.
        probe
            One of the model's probes.

        Raises
        ------
        UnknownNameError
            If the model has no such probe.
        """
        watch = self.built.parts.probes.get(probe)
        if watch is None:
            known = [str(item) for item in self.built.parts.probes]
            raise unknown_name(str(probe), known, kind="probe", where="data")
        rows = self._samples(recording, watch)[:, watch.columns] * watch.scale
        return rows[np.arange(1, len(rows) + 1) % watch.every < 1]

    def _samples(self, recording: Recording, watch: Watch) -> Floats:
        """One row a step."""
        name = self.names[watch.target]
        if watch.variable != "spikes":
            return np.asarray(recording.trace_data(name, watch.variable).values, np.float64)
        spikes = recording.spike_data(name)
        rows = np.zeros((recording.steps, spikes.size))
        rows[spikes.step, spikes.index] = 1
        return rows


def _rows(given: ArrayLike, node: Values, steps: int) -> Floats:
    try:
        rows = np.asarray(given, np.float64).reshape(steps, node.size)
    except (TypeError, ValueError):
        raise ParameterError(
            f"does not hold {steps} rows of {node.size} numbers.", where=f"values[{node.name!r}]"
        ) from None
    return rows


def _called(node: Values, dt: float, steps: int) -> Floats:
    """The function of a node at the end of each step."""
    if node.function is None:
        raise ParameterError(
            "its values are neither constant nor a function of time.",
            where=f"node {node.name!r}",
            hint="Give them: values={label: one row a step}.",
        )
    call: Callable[[float], Any] = node.function
    rows = [np.asarray(call(step * dt), np.float64).reshape(-1) for step in range(1, steps + 1)]
    return _rows(np.array(rows), node, steps)
