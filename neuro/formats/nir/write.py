"""From a network to a NIR graph, with a list of what NIR cannot say.

The graph is what a framework that passes all layers within a step should read: delays that only carry
a spike to the next layer are left out.  Everything else is kept beside it (see `sidecar`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.errors import Finding, UnsupportedError
from neuro.formats.nir.arrays import full, narrow, one_or_all, padding_of, positions, whole
from neuro.formats.nir.counterparts import counterpart, sign_of
from neuro.formats.nir.graph import Edge, Graph, Node, warning
from neuro.formats.nir.read import check_memory
from neuro.formats.nir.schedule import Link, latencies, loops
from neuro.ir.connectivity import (
    Convolution,
    Dense,
    OneToOne,
    Pooling,
    axes_of,
    output_shape,
)
from neuro.ir.network import (
    CurrentInput,
    GradedProjection,
    Network,
    PoissonInput,
    Population,
    Projection,
    SpikeArray,
)
from neuro.ir.philox import derived_seed
from neuro.ir.resolve import synapses
from neuro.ir.synapse import STATIC
from neuro.ir.values import Draw, draw

Shape: TypeAlias = tuple[int, ...]
AnyProjection: TypeAlias = Projection | GradedProjection


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """An array of the network that stands in a node of the graph.

    Attributes
    ----------
    node, value
        Where it stands.
    change
        ``"same"``: in another shape or precision; ``"transposed"``; or ``"gathered"``: the entries of
        the matrix where there are synapses.
    positions
        For ``"gathered"``: places in the flat matrix.
    """

    node: str
    value: str
    change: str = "same"
    positions: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A graph made of a network.

    Attributes
    ----------
    graph
        The graph.
    losses
        What NIR cannot say; the sidecar can.
    references
        Where the network's arrays stand, by their content.
    latency, shapes, inputs, outputs
        As in `build.Built`.
    """

    graph: Graph
    losses: tuple[Finding, ...]
    references: Mapping[bytes, Reference]
    latency: Mapping[str, int]
    shapes: Mapping[str, Shape]
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]


def content(array: NDArray[Any]) -> bytes:
    """What tells an array from others: type, shape and bytes."""
    return f"{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()


def write_graph(
    network: Network, latency: Mapping[str, int] | None = None, hop: int = 0
) -> Written:
    """Make a graph of a network.

    Parameters
    ----------
    network
        Any network.
    latency
        How many steps later than in a framework each source runs; None derives it from the layers.
    hop
        Steps that the framework itself takes from one layer to the next.

    Raises
    ------
    UnsupportedError
        If a population has no counterpart in NIR; carries all of them.
    """
    return _Writer(network, layer_starts(network) if latency is None else latency, hop).write()


def layer_starts(network: Network) -> dict[str, int]:
    """How many steps later than in a framework each source of spikes runs: its latency.

    That is its layer, counted along the longest way; less where something arrives earlier.  What a
    connection takes beyond this is a delay of its own.
    """
    links = [Link(e.pre, e.post, _least_delay(e)) for e in _connections(network)]
    groups = loops(links)
    forward = [e for e in links if not any({e.pre, e.post} <= group for group in groups)]
    layers = latencies(network.sources, [replace(e, delay=0) for e in forward if e.pre != e.post])
    changed = True
    while changed:
        changed = False
        for link in links:
            if link.pre != link.post and layers[link.pre] + link.delay < layers[link.post]:
                layers[link.post] = layers[link.pre] + link.delay
                changed = True
    return layers


def _connections(network: Network) -> list[AnyProjection]:
    """Projections and graded projections, in order."""
    return [*network.projections, *network.graded]


def _differs(delay: Any) -> bool:
    """True if delays are drawn, or not all the same."""
    return not isinstance(delay, np.ndarray) or bool(delay.size and np.ptp(delay))


def _least_delay(item: AnyProjection) -> int:
    """The shortest delay; a draw, or no synapse at all, counts as one step."""
    if not isinstance(item.delay, int | np.ndarray) or not np.size(item.delay):
        return 1
    return int(np.min(item.delay))


@dataclass
class _Writer:
    """Collects nodes and edges."""

    network: Network
    latency: Mapping[str, int]
    hop: int
    nodes: dict[str, Node | Graph] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    losses: list[Finding] = field(default_factory=list)
    references: dict[bytes, Reference] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def write(self) -> Written:
        self.shapes = _shapes(self.network)
        self.biases = self._host_biases()
        self._check_cells()
        self._write_sources()
        for item in _connections(self.network):
            self._write_projection(item)
        outputs = dict(self._write_outputs())
        self.losses += _lost(self.network, self.biases)
        return Written(
            graph=Graph(self.nodes, tuple(self.edges), source=self.network.name),
            losses=tuple(self.losses),
            references=self.references,
            latency=self.latency,
            shapes=self.shapes,
            inputs=tuple(self._inputs()),
            outputs=outputs,
        )

    def _inputs(self) -> Iterator[str]:
        relays = (p.name for p in self.network.populations if p.cell.name == "nir_input")
        yield from relays
        yield from (i.name for i in self.network.inputs if isinstance(i, SpikeArray))

    def _check_cells(self) -> None:
        unknown = [
            warning(f"population {p.name!r}", f"{p.cell.name} has no counterpart.", rule="no-nir")
            for p in self.network.populations
            if counterpart(p, self.network.dt) is None
        ]
        if unknown:
            hint = "Keep the network in a file of its own (neuro.save_network)."
            raise UnsupportedError("NIR cannot hold this network:", unknown, hint=hint)

    def _write_sources(self) -> None:
        for item in self.network.inputs:
            if isinstance(item, SpikeArray):
                self._add(item.name, "Input", {"shape": np.array(self.shapes[item.name])})
        for population in self.network.populations:
            self._write_population(population)

    def _write_population(self, population: Population) -> None:
        found = counterpart(population, self.network.dt)
        assert found is not None
        shape = self.shapes[population.name]
        if found.kind in ("Input", "Output"):
            self._add(population.name, found.kind, {"shape": np.array(shape)})
            return
        values = {name: full(value, shape) for name, value in found.values.items()}
        self._add(population.name, found.kind, values)
        for name, value in population.parameters.items():
            if isinstance(value, np.ndarray) and found.values.get(name) is value:
                self.references[content(value)] = Reference(population.name, name)
        self.losses += found.losses

    def _add(self, name: str, kind: str, values: Mapping[str, Any]) -> str:
        self.nodes[name] = Node(name, kind, dict(values))
        return name

    def _free(self, name: str) -> str:
        """A name for a node that the network has no word for."""
        taken = self.nodes.keys() | self.network.sources.keys()
        free, number = name, 1
        while free in taken:
            number += 1
            free = f"{name}_{number}"
        return free

    # Projections --------------------------------------------------------------------------------

    def _write_projection(self, item: AnyProjection) -> None:
        last = self._write_delay(item)
        last = self._flat(item, last)
        for name, kind, values in self._maps(item):
            self.edges.append((last, self._add(name, kind, values)))
            last = name
        self.edges.append((last, item.post))
        if isinstance(item, Projection) and item.synapse != STATIC:
            what = f"plasticity ({item.synapse.name}) is not in NIR."
            self.losses.append(warning(f"projection {item.name!r}", what, rule="plasticity"))

    def _write_delay(self, item: AnyProjection) -> str:
        """Steps beyond what passing through layers takes."""
        extra = _least_delay(item) + self.latency[item.pre] - self.latency[item.post]
        extra -= max(1, self.hop) if item.pre == item.post else self.hop
        if not isinstance(item.delay, int | float) and _differs(item.delay):
            what = "delays that differ between synapses are not in NIR; it has the shortest."
            self.losses.append(warning(f"projection {item.name!r}", what, rule="delays"))
        if extra <= 0:
            return item.pre
        shape = self.shapes[item.pre]
        values = {"delay": np.full(shape, extra * self.network.dt)}
        name = self._add(self._free(f"{item.name}.delay"), "Delay", values)
        self.edges.append((item.pre, name))
        return name

    def _flat(self, item: AnyProjection, last: str) -> str:
        """A flatten between cells that have a shape and a matrix."""
        shape = self.shapes[item.pre]
        keeps = isinstance(item.connectivity, Pooling | OneToOne) or (
            isinstance(item.connectivity, Convolution) and padding_of(item.connectivity) is not None
        )
        if len(shape) == 1 or keeps:
            return last
        values = {"input_type": np.array(shape), "start_dim": 0, "end_dim": -1}
        name = self._add(self._free(f"{item.name}.flatten"), "Flatten", values)
        self.edges.append((last, name))
        return name

    def _maps(self, item: AnyProjection) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Nodes for a projection's weights, in order."""
        sign = sign_of(self.network, item)
        match item.connectivity:
            case OneToOne():
                yield from self._one_to_one(item, sign)
            case Convolution() if padding_of(item.connectivity) is not None:
                yield from self._convolution(item, item.connectivity, sign)
            case Pooling():
                yield from self._pooling(item, item.connectivity, sign)
            case _:
                yield self._matrix(item, sign)

    def _one_to_one(self, item: AnyProjection, sign: int) -> Iterator[Any]:
        if not isinstance(item.weight, np.ndarray) and item.weight == 1.0 and sign == 1:
            return
        made = synapses(self.network, item, self.network.seed or 0)
        weight = full(np.multiply(sign, made.weight), self.shapes[item.pre])
        name = self._free(item.name)
        self._refer(item.weight, Reference(name, "scale"), sign)
        yield name, "Scale", {"scale": weight}

    def _refer(self, array: Any, reference: Reference, sign: int = 1) -> None:
        if isinstance(array, np.ndarray) and sign == 1:
            self.references.setdefault(content(array), reference)

    def _convolution(
        self, item: AnyProjection, connectivity: Convolution, sign: int
    ) -> Iterator[Any]:
        shape = connectivity.kernel_shape
        if connectivity.pool is not None:
            window = np.array(connectivity.pool)
            none = {"padding": np.zeros_like(window)}
            front = {"kernel_size": window, "stride": window, **none}
            yield self._free(f"{item.name}.pool"), "SumPool2d", front
        kernel = self._kernel(item, shape)
        weight = np.broadcast_to(kernel, shape) * whole(kernel, sign)
        name = self._free(item.name)
        self._refer(item.weight, Reference(name, "weight"), sign)
        axes = len(shape) - 2
        values = {
            "input_shape": one_or_all(tuple(a.blocks for a in axes_of(connectivity)), axes),
            "weight": weight,
            "stride": one_or_all(connectivity.stride, axes),
            "padding": padding_of(connectivity),
            "dilation": one_or_all(connectivity.dilation, axes),
            "groups": connectivity.groups,
            "bias": self._bias(item, (shape[0],)),
        }
        yield name, f"Conv{axes}d", values

    def _kernel(self, item: AnyProjection, shape: Shape) -> NDArray[Any]:
        """The numbers of a kernel, drawn if need be; one number if all are equal."""
        if not isinstance(item.weight, Draw):
            return np.asarray(item.weight)
        own = derived_seed(self.network.seed or 0, f"{item.name}/weight")
        return np.asarray(draw(item.weight, prod(shape), own)).reshape(shape)

    def _pooling(self, item: AnyProjection, connectivity: Pooling, sign: int) -> Iterator[Any]:
        if len(connectivity.window) != 2:
            yield self._matrix(item, sign)
            return
        values = {
            "kernel_size": np.array(connectivity.window),
            "stride": np.array(connectivity.stride),
            "padding": np.array(connectivity.padding),
        }
        weight = item.weight if isinstance(item.weight, int | float) else None
        mean = weight == 1.0 / prod(connectivity.window) and sign == 1
        if weight is None:
            yield self._matrix(item, sign)
            return
        yield self._free(item.name), "AvgPool2d" if mean else "SumPool2d", values
        if not mean and (weight != 1.0 or sign != 1):
            scale = full(sign * np.asarray(weight), output_shape(connectivity))
            yield self._free(f"{item.name}.weight"), "Scale", {"scale": scale}

    def _matrix(self, item: AnyProjection, sign: int) -> tuple[str, str, dict[str, Any]]:
        """Any connectivity as a matrix of shape (post, pre)."""
        n_pre, n_post = prod(self.shapes[item.pre]), prod(self.shapes[item.post])
        check_memory(n_pre * n_post * 8, f"projection {item.name!r}, as a matrix")
        made = synapses(self.network, item, self.network.seed or 0)
        exact = item.weight.dtype if isinstance(item.weight, np.ndarray) else np.float64
        weight = np.zeros((n_post, n_pre), exact if exact == np.float32 else np.float64)
        place, values = (made.rows.indices, made.rows.sources()), sign * np.asarray(made.weight)
        name, key = self._free(item.name), positions(made.rows, n_pre)
        alone = len(np.unique(key)) == len(key)
        if alone:
            weight[place] = values  # a sum with 0 would lose the sign of -0
        else:
            np.add.at(weight, place, values)
        if isinstance(item.connectivity, Dense):
            self._refer(item.weight, Reference(name, "weight", "transposed"), sign)
        elif made.rows.kernel_index is not None:
            pass  # the kernel stands in the sidecar
        elif alone:
            self._refer(item.weight, Reference(name, "weight", "gathered", key), sign)
        else:
            what = "several synapses between two cells become one."
            self.losses.append(warning(f"projection {item.name!r}", what, rule="parallel"))
        bias = self._bias(item, (n_post,))
        weight = narrow(weight)
        if bias.any() or self.biases.get(item.name) is not None:
            return name, "Affine", {"weight": weight, "bias": bias}
        return name, "Linear", {"weight": weight}

    # Biases -------------------------------------------------------------------------------------

    def _host_biases(self) -> dict[str, CurrentInput]:
        """Constant currents by the projection whose bias they become."""
        hosts: dict[str, CurrentInput] = {}
        for item in self.network.inputs:
            if isinstance(item, CurrentInput) and self._is_bias(item):
                found = [p.name for p in _connections(self.network)
                         if _takes_bias(p, item) and p.name not in hosts]  # fmt: skip
                if found:
                    hosts[found[0]] = item
        return hosts

    def _is_bias(self, item: CurrentInput) -> bool:
        starts = self.latency.get(item.post)
        return len(item.step) == 1 and int(item.step[0]) == starts and item.value.ndim == 2

    def _bias(self, item: AnyProjection, shape: Shape) -> NDArray[Any]:
        current = self.biases.get(item.name)
        if current is None:
            return np.zeros(shape, np.float32)
        value = np.asarray(current.value[0])
        if isinstance(item.connectivity, Convolution):
            value = value.reshape(shape[0], -1)[:, 0]
        else:
            self._refer(current.value, Reference(item.name, "bias"))
        return narrow(value)

    # Outputs ------------------------------------------------------------------------------------

    def _write_outputs(self) -> Iterator[tuple[str, str]]:
        """An output for each population that nothing hears."""
        heard = {pre for pre, post in self._reached()}
        for population in self.network.populations:
            if population.cell.name == "nir_output":
                yield population.name, population.name
            elif population.name not in heard:
                name = self._free(
                    f"output_{population.name}" if "output" in self.nodes else "output"
                )
                shape = np.array(self.shapes[population.name])
                self._add(name, "Output", {"shape": shape})
                self.edges.append((population.name, name))
                yield name, population.name

    def _reached(self) -> Iterator[tuple[str, str]]:
        for item in _connections(self.network):
            if item.pre != item.post:
                yield item.pre, item.post


def _takes_bias(item: AnyProjection, current: CurrentInput) -> bool:
    """True if `current` can stand as the bias of a projection."""
    if (item.post, item.port) != (current.post, current.port):
        return False
    if isinstance(item.connectivity, Convolution):
        channels = np.asarray(current.value[0]).reshape(item.connectivity.kernel_shape[0], -1)
        return bool((channels == channels[:, :1]).all())
    return not isinstance(item.connectivity, OneToOne | Pooling)


def _lost(network: Network, biases: Mapping[str, CurrentInput]) -> Iterator[Finding]:
    """What of inputs, format and noise NIR cannot say."""
    kept = {item.name for item in biases.values()}
    for item in network.inputs:
        what = "" if item.name in kept else _LOST[type(item)](item)
        if what:
            yield warning(f"input {item.name!r}", what, rule="input")
    if network.format.kind == "fixed":
        yield warning("format", "fixed point is not in NIR.", rule="format")
    what = "the length of a step, its scheme and what a reset does are not in NIR."
    yield warning(f"network {network.name!r}", what, rule="step")


def _lost_spikes(item: Any) -> str:
    return "its spikes are not in NIR." if len(item.step) else ""


def _lost_current(item: Any) -> str:
    """Currents that only start a layer, or wait for values, are no loss."""
    ours = item.name.endswith((".start", ".values"))
    return "its current is not in NIR." if np.any(item.value) and not ours else ""


def _lost_noise(item: Any) -> str:
    del item
    return "Poisson input is not in NIR."


_LOST: dict[type, Callable[[Any], str]] = {
    SpikeArray: _lost_spikes,
    CurrentInput: _lost_current,
    PoissonInput: _lost_noise,
}


def _shapes(network: Network) -> dict[str, Shape]:
    """Shapes of sources: those that a convolution or pooling gives them, else their size."""
    shapes: dict[str, Shape] = {name: (item.size,) for name, item in network.sources.items()}
    for item in _connections(network):
        if isinstance(item.connectivity, Convolution | Pooling):
            shapes[item.pre] = item.connectivity.input_shape
            shapes[item.post] = output_shape(item.connectivity)
    return shapes
