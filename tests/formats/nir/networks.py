"""Random networks of the front end whose cells NIR has: all connectors, synapses, delays, inputs, formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.network import Network, Probe
from neuro.testing.library import LIBRARY_CELLS, SYNAPSES, plastic
from neuro.testing.random_networks import scaled

KINDS = ("LIF value", "LIF subtract", "IF_curr_exp")
SPACES = ((1, 4, 5), (2, 3, 4), (3, 6))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Layers, some with a shape, and connections of any kind between them."""
    fixed = draw(st.integers(0, 5)) == 0
    float_ = draw(st.sampled_from([neuro.FLOAT32, neuro.FLOAT64]))
    format_ = neuro.fixed_point(7, 24) if fixed else float_
    net = neuro.NetworkBuilder(
        dt=draw(st.sampled_from([0.5, 1.0])), name="net", format=format_,
        seed=draw(st.sampled_from([None, 7])),
    )  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    space = draw(st.sampled_from(SPACES))
    times = [sorted(rng.integers(0, 20, 3).tolist()) for _ in range(int(np.prod(space)))]
    trains = [sorted({float(t) for t in cell}) for cell in times]
    events = neuro.SpikeSourceArray(spike_times=trains if draw(st.booleans()) else [])
    source = net.population(len(trains), events, label="source")
    layers = [_layer(draw, net, f"p{k}", rng) for k in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        layers.append(_structured(draw, net, source, space, rng))
    for place in range(draw(st.integers(1, 4))):
        pre = draw(st.sampled_from([source, *layers]))
        _connect(draw, net, pre, draw(st.sampled_from(layers)), place, rng)
    for layer in layers:
        _drive(draw, net, layer)
    network = net.build()
    network = scaled(network) if fixed else network
    return _probed(draw, network)


def _cell(draw: st.DrawFn, size: int, rng: np.random.Generator) -> Any:
    cell = LIBRARY_CELLS[draw(st.sampled_from(KINDS))][0]()
    if draw(st.booleans()):
        parameter = draw(st.sampled_from(cell.cell_type.parameters))
        base = cell.parameters.get(parameter.name, parameter.default)
        cell.parameters[parameter.name] = base * rng.uniform(0.8, 1.2, size)
    return cell


def _layer(
    draw: st.DrawFn, net: neuro.NetworkBuilder, label: str, rng: np.random.Generator
) -> PopulationHandle:
    size = draw(st.sampled_from([1, 3, 8]))
    return net.population(size, _cell(draw, size, rng), label=label)


def _structured(
    draw: st.DrawFn,
    net: neuro.NetworkBuilder,
    source: PopulationHandle,
    space: tuple[int, ...],
    rng: np.random.Generator,
) -> PopulationHandle:
    """A layer behind a convolution or a pooling."""
    axes = len(space) - 1
    if draw(st.booleans()):
        shape = (draw(st.integers(1, 3)), space[0], *[2] * axes)
        connector: Any = neuro.ConvolutionConnector(space, shape, padding=draw(st.integers(0, 1)))
        weight: Any = rng.normal(size=shape).astype(np.float32)
        weight = draw(st.sampled_from([weight, 0.25, neuro.Uniform(0.0, 1.0)]))
    else:
        connector = neuro.PoolingConnector(space, window=2)
        weight = draw(st.sampled_from([1.0, 0.5**axes, 0.3, -0.5]))
    from neuro.ir.connectivity import output_shape

    size = int(np.prod(output_shape(connector.connect(source.size, 0).connectivity)))
    layer = net.population(size, LIBRARY_CELLS["LIF value"][0](), label="shaped")
    net.projection(source, layer, connector, neuro.StaticSynapse(weight=weight), label="structure")
    return layer


def _connect(
    draw: st.DrawFn,
    net: neuro.NetworkBuilder,
    pre: PopulationHandle,
    post: PopulationHandle,
    place: int,
    rng: np.random.Generator,
) -> None:
    ms = net.dt * 1000
    pairs = [(int(rng.integers(pre.size)), int(rng.integers(post.size))) for _ in range(6)]
    drawn = [(*pair, float(rng.random()), ms * int(rng.integers(1, 4))) for pair in pairs]
    here, there = (rng.random((size, 2)) for size in (pre.size, post.size))
    connectors: list[Any] = [
        neuro.AllToAllConnector(),
        neuro.AllToAllConnector(allow_self_connections=False),
        neuro.DenseConnector(),
        neuro.FixedProbabilityConnector(0.4),
        neuro.FixedNumberPreConnector(1),
        neuro.FixedNumberPostConnector(1, seed=5),
        neuro.FromListConnector(pairs),
        neuro.DistanceDependentProbabilityConnector("exp(-d)", here, there),
        *([neuro.OneToOneConnector()] if pre.size == post.size else []),
    ]
    connector = draw(st.sampled_from(connectors))
    delay = draw(st.sampled_from([ms, 2 * ms, 5 * ms, neuro.Uniform(ms, 4 * ms)]))
    if draw(st.integers(0, 5)) == 0:
        connector, synapse = neuro.FromListConnector(drawn), neuro.StaticSynapse()
    else:
        synapse = plastic(draw(st.sampled_from(["static", "static", *SYNAPSES])), 0.3, delay=delay)
        if isinstance(connector, neuro.DenseConnector):
            synapse.weight = rng.random((pre.size, post.size))
        elif draw(st.booleans()):
            synapse.weight = neuro.Uniform(0.0, 0.5)
    ports = [port.name for port in _ports(post) if port.name not in ("current", "bound")]
    port = draw(st.sampled_from(ports))
    handle = net.projection(pre, post, connector, synapse, receptor_type=port, label=f"j{place}")
    for factor in synapse.synapse_type.factors:
        net.inject(neuro.StepCurrentSource([0.0, 10.0], [1.0, -0.5]), handle, port=factor.name)


def _ports(handle: PopulationHandle) -> Any:
    return handle.cell.cell_type.ports  # type: ignore[union-attr]


def _drive(draw: st.DrawFn, net: neuro.NetworkBuilder, post: PopulationHandle) -> None:
    names = [port.name for port in _ports(post)]
    if draw(st.booleans()):
        net.poisson_input(post, rate=200.0, weight=0.1)
    if draw(st.booleans()):
        port = "current" if "current" in names else names[0]
        times = draw(st.sampled_from([[0.0], [2.0, 20.0]]))
        net.inject(neuro.StepCurrentSource(times, [0.2, 0.1][: len(times)]), post, port=port)


def _probed(draw: st.DrawFn, network: Network) -> Network:
    """Probes of some cells, some variables, some steps; or none."""
    first = network.populations[0]
    probes = (
        Probe(target=first.name),
        Probe(target=first.name, variable="v", every=draw(st.integers(1, 3)), index=np.array([0])),
    )
    return replace(network, probes=probes) if draw(st.booleans()) else network
