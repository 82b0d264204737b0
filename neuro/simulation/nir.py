"""Networks from NIR: `from_nir`, and a model that speaks in the framework's own steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import Finding, ParameterError, unknown_name
from neuro.formats.nir.build import Built, Coding, Cycles, build
from neuro.formats.nir.facts import built_from, facts_from, facts_of
from neuro.formats.nir.live import live_graph, write_file
from neuro.formats.nir.profiles import Conventions, conventions_of
from neuro.formats.nir.read import read_graph
from neuro.formats.nir.shapes import Shape
from neuro.formats.nir.sidecar import restore, sidecar
from neuro.formats.nir.write import write_graph
from neuro.ir.network import Network, Probe
from neuro.recording.data import Recording
from neuro.simulation.align import aligned
from neuro.simulation.progress import ProgressOption
from neuro.simulation.run import simulate


def from_nir(
    source: str | PathLike[str] | Any,
    *,
    profile: str | None = None,
    dt: float | None = None,
    reset: str | None = None,
    scheme: str | None = None,
    time_unit: str | None = None,
    inputs: Coding = "spikes",
    cycles: Cycles = "refuse",
    name: str | None = None,
    **conventions: Any,
) -> NIRModel:
    """Make a network of a NIR file or graph.

    NIR holds continuous equations; what a step of them is, it leaves open.  What it leaves open is
    never guessed here: it comes from the arguments, from a named `profile` (the conventions of the
    framework that the graph is for), or from what `to_nir` has put beside the graph.

    Parameters
    ----------
    source
        A path, or a ``nir.NIRGraph``.
    profile
        Name of a framework, such as ``"snntorch"``; see `neuro.formats.nir.profiles.PROFILES`.
    dt
        Length of a step in seconds.
    reset
        What a spike does: ``"value"`` (to v_reset), ``"subtract"`` or ``"none"``.
    scheme
        ``"euler"``, ``"exact"`` or ``"decay"``.
    time_unit
        Unit of times in the file: ``"s"``, ``"ms"`` or ``"steps"``.
    inputs
        ``"spikes"``: inputs are spike arrays; ``"values"``: they take any number in each step.
    cycles
        ``"refuse"`` cycles through several layers that frameworks pass in one step, or
        ``"stretch"`` them to a step for each layer.
    name
        Name of the network; by default that of the file.
    **conventions
        Any other field of `neuro.formats.nir.profiles.Conventions`.

    Returns
    -------
    NIRModel
        The network, and its relation to the graph.

    Raises
    ------
    FileFormatError
        If the file is no NIR file, is damaged or contradicts itself; names the node.
    ParameterError
        If a fact is missing; names the argument.
    UnknownNameError
        If there is no such profile or convention.
    """
    given = {"dt": dt, "reset": reset, "scheme": scheme, "time_unit": time_unit, **conventions}
    return NIRModel(_built(source, profile, given, inputs, cycles, name))


def _built(
    source: str | PathLike[str] | Any,
    profile: str | None,
    given: dict[str, Any],
    inputs: Coding,
    cycles: Cycles,
    name: str | None,
) -> Built:
    """The network: what `to_nir` has put beside the graph, unless something else is told."""
    check_choice("inputs", inputs, ("spikes", "values"))
    check_choice("cycles", cycles, ("refuse", "stretch"))
    chosen = conventions_of(profile, given)
    graph = read_graph(source)
    told = profile is not None or any(value is not None for value in given.values())
    restored = None if told else restore(graph)
    if restored is not None:
        return built_from(restored, name)
    stem = Path(source).stem if isinstance(source, str | PathLike) else "nir"
    return build(graph, chosen, name=name or stem, coding=inputs, cycles=cycles)


@dataclass(frozen=True, slots=True)
class NIRExport:
    """A NIR graph made from a network.

    Attributes
    ----------
    graph
        The ``nir.NIRGraph``; what NIR cannot say is in its metadata.
    losses
        What a reader other than neuro does not learn from it.
    path
        The file, if one was written.
    """

    graph: Any
    losses: tuple[Finding, ...]
    path: Path | None = None


def to_nir(network: Network | NIRModel, path: str | PathLike[str] | None = None) -> NIRExport:
    """Write a network as a NIR graph.

    The graph holds what NIR can say; the metadata holds the rest, so that `from_nir` without further
    arguments gives the same network back.

    Parameters
    ----------
    network
        A network, or a model that `from_nir` has made.
    path
        Where to write it; None for no file.

    Returns
    -------
    NIRExport
        The graph, and what other readers will not know.

    Raises
    ------
    UnsupportedError
        If NIR has no counterpart for a cell; lists all.
    UnavailableError
        If the package ``nir`` is not installed.
    StorageError
        If the file cannot be written.
    """
    model = network if isinstance(network, NIRModel) else None
    plain = network.network if isinstance(network, NIRModel) else network
    written = (
        write_graph(plain)
        if model is None
        else write_graph(plain, model.latency, model.conventions.hop)
    )
    facts = facts_of(model.built) if model is not None else facts_from(plain, written)
    graph = live_graph(written.graph, sidecar(plain, written, facts))
    target = None if path is None else write_file(graph, Path(path))
    return NIRExport(graph, written.losses, target)


def check_choice(
    argument: str, value: object, allowed: tuple[str, ...], where: str = "from_nir"
) -> None:
    """Refuse a word that an argument does not take.

    Raises
    ------
    ParameterError
        Lists the words.
    """
    if value not in allowed:
        hint = f"Use {' or '.join(map(repr, allowed))}."
        raise ParameterError(f"is {value!r}.", where=f"{where}, {argument}", hint=hint)


@dataclass(frozen=True, slots=True)
class NIRModel:
    """A network made from a NIR graph.

    In the network, each layer runs some steps later than in a framework, which passes all layers
    within one step (see `latency`).  `simulate` takes that off again: its recordings count the
    framework's own steps.

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

    def with_network(self, network: Network) -> NIRModel:
        """The same model with another network, such as one with more probes."""
        return replace(self, built=replace(self.built, network=network))

    @property
    def latency(self) -> Mapping[str, int]:
        """Steps that each population runs later than in the framework."""
        return self.built.latency

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was repaired, changed or looks odd."""
        return self.built.findings

    @property
    def names(self) -> Mapping[str, str]:
        """By node of the graph: its name in the network."""
        return self.built.names

    @property
    def outputs(self) -> Mapping[str, str]:
        """By Output node: the population that shows it."""
        return self.built.outputs

    @property
    def conventions(self) -> Conventions:
        """What was taken for what NIR does not say."""
        return self.built.conventions

    @property
    def lag(self) -> int:
        """The largest latency."""
        return max(self.latency.values(), default=0)

    def inputs(self, values: ArrayLike | Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Inputs for `neuro.simulate` from arrays of one value per step and cell.

        Parameters
        ----------
        values
            Steps first, then the shape of the input; or by name of the input.  Zeros and ones, unless
            the model was made with ``inputs="values"``.

        Raises
        ------
        ParameterError
            If a shape does not fit, or values other than 0 and 1 are given for spikes.
        """
        if not isinstance(values, Mapping):
            values = {self._only_input(): values}
        result: dict[str, Any] = {}
        for name, given in values.items():
            source = self.names.get(name, name)
            if source not in self.built.inputs:
                raise unknown_name(name, self.built.inputs, kind="input", where="inputs")
            array = self._rows(source, given)
            result |= self._coded(source, array)
        return result

    def _only_input(self) -> str:
        if len(self.built.inputs) != 1:
            listed = ", ".join(self.built.inputs) or "none"
            raise ParameterError(
                f"the model's inputs are {listed}.", where="inputs", hint="Give a dictionary."
            )
        return self.built.inputs[0]

    def _rows(self, source: str, given: ArrayLike) -> NDArray[np.float64]:
        """`given` as one row of numbers per step."""
        try:
            array = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            raise ParameterError("does not hold numbers.", where=f"inputs[{source!r}]") from None
        size = prod(self.built.shapes[source])
        if array.ndim == 0 or array.size != len(array) * size:
            raise ParameterError(
                f"has shape {array.shape}.",
                where=f"inputs[{source!r}]",
                hint=f"Needed: (steps, {', '.join(map(str, self.built.shapes[source]))}).",
            )
        return array.reshape(len(array), size)

    def _coded(self, source: str, rows: NDArray[np.float64]) -> dict[str, Any]:
        if self.built.coding == "values":
            return {f"{source}.values": rows}
        if not np.isin(rows, (0.0, 1.0)).all():
            raise ParameterError(
                "holds values other than 0 and 1, but inputs are spikes.",
                where=f"inputs[{source!r}]",
                hint="Make the model with inputs='values'.",
            )
        step, index = np.nonzero(rows)
        return {source: (step.astype(np.int64), index.astype(np.int64))}

    def simulate(
        self,
        values: ArrayLike | Mapping[str, ArrayLike],
        steps: int | None = None,
        *,
        backend: str = "auto",
        record: Iterable[str] = (),
        options: dict[str, Any] | None = None,
        progress: ProgressOption = "auto",
    ) -> Recording:
        """Run the network and count steps as the framework does.

        Parameters
        ----------
        values
            As for `inputs`.
        steps
            The framework's steps; by default as many as `values` has.
        backend, options, progress
            As for `neuro.simulate`.
        record
            Nodes (or populations) whose membrane ``v`` is recorded besides the spikes of all.

        Returns
        -------
        Recording
            With latencies taken off: step t is the framework's step t.
        """
        inputs = self.inputs(values)
        count = steps if steps is not None else self._length(values)
        recording = simulate(
            self._recorded(record),
            count + self.lag,
            inputs=inputs,
            backend=backend,
            options=options,
            progress=progress,
        )
        return self.align(recording, count)

    def _length(self, values: ArrayLike | Mapping[str, ArrayLike]) -> int:
        arrays = values.values() if isinstance(values, Mapping) else [values]
        return max((len(np.atleast_1d(np.asarray(array))) for array in arrays), default=0)

    def _recorded(self, record: Iterable[str]) -> Network:
        probes = dict.fromkeys(self.network.probes)
        wanted = [self.names.get(name, name) for name in record]
        if not wanted:
            return self.network
        if not probes:
            spiking = {p.name for p in self.network.populations if p.cell.spike is not None}
            sources = [n for n in self.network.sources if n in spiking or n in self.built.inputs]
            probes = dict.fromkeys(Probe(target=name) for name in sources)
        probes |= dict.fromkeys(Probe(target=name, variable="v") for name in wanted)
        return replace(self.network, probes=tuple(probes))

    def align(self, recording: Recording, steps: int | None = None) -> Recording:
        """`recording` of the network with latencies taken off.

        Parameters
        ----------
        recording
            Of a run of `network` from step 0.
        steps
            The framework's steps that it covers; by default all that are complete.
        """
        count = steps if steps is not None else max(0, recording.steps - self.lag)
        return aligned(recording, self.latency, count)

    def shape(self, name: str) -> Shape:
        """The shape that NIR has for the cells of a node or population."""
        return self.built.shapes[self.names.get(name, name)]
