"""Run a convolutional network as convolutions and with all its synapses in lists; print both.

Given a NIR file, that network; else one of random weights with the shape of Sinabs' CNN for N-MNIST.

    python benchmarks/structured.py [FILE] [--profile sinabs] [--rate 0.1] [--threads 1]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np

import neuro
from neuro.ir.connectivity import Sparse
from neuro.ir.network import Network, Projection, SpikeArray
from neuro.ir.resolve import is_structured, synapses
from neuro.lowering.lower import lower
from neuro.lowering.structured import axis_table
from neuro.lowering.tables import EdgeTable, Tables

WORD = 4


@dataclass(frozen=True)
class Bytes:
    """Memory of a network's tables: weights; states, sums and spikes of cells; where synapses are."""

    weights: int
    states: int
    places: int

    @property
    def ratio(self) -> float:
        """All of it, in weights and states."""
        return (self.weights + self.states + self.places) / (self.weights + self.states)


def random_cnn(seed: int = 1) -> Network:
    """Weights at random, shapes of Sinabs' CNN; cells fire at rates of a few percent of steps."""
    net, rng = neuro.NetworkBuilder(dt=1.0, name="cnn", seed=seed), np.random.default_rng(seed)
    pre = net.population(2 * 34 * 34, neuro.SpikeSourceArray(), label="input")
    layers: list[tuple[Any, tuple[int, ...], int]] = [
        (neuro.ConvolutionConnector((2, 34, 34), (16, 2, 5, 5), stride=2, padding=1), (16, 2, 5, 5), 4096),
        (neuro.ConvolutionConnector((16, 16, 16), (16, 16, 3, 3), padding=1), (16, 16, 3, 3), 4096),
        (neuro.ConvolutionConnector((16, 16, 16), (8, 16, 3, 3), padding=1, pool=2), (8, 16, 3, 3), 512),
        (neuro.ConvolutionConnector((8, 8, 8), (256, 8, 4, 4), pool=2), (256, 8, 4, 4), 256),
        (neuro.DenseConnector(), (256, 10), 10),
    ]  # fmt: skip
    for place, (connector, shape, size) in enumerate(layers):
        post = net.population(size, neuro.LIF(), label=f"layer{place}")
        inputs = np.prod(shape) / (shape[1] if len(shape) == 2 else shape[0])
        weight = rng.normal(1.0 / inputs, 3.0 / np.sqrt(inputs), shape).astype(np.float32)
        net.projection(pre, post, connector, neuro.StaticSynapse(weight=weight))
        pre = post
    return net.build()


def listed(network: Network) -> Network:
    """`network` with the synapses of every projection in lists."""

    def one(node: Projection) -> Projection:
        if not is_structured(node):
            return node
        made = synapses(network, node, network.seed or 0)
        weight = np.broadcast_to(np.asarray(made.weight), made.count).astype(np.float32)
        rows = Sparse(indptr=made.rows.indptr, indices=made.rows.indices)
        return replace(node, connectivity=rows, weight=weight)

    return replace(network, projections=tuple(map(one, network.projections)))


def memory(tables: Tables) -> Bytes:
    """Bytes of the engine's tables."""
    groups = [d.edges for part in (*tables.direct, *tables.sent) for d in part]
    rings = [*tables.rings.values(), *(ring for cells in tables.cells for ring in cells.ports)]
    states = [array for cells in tables.cells for array in (*cells.state.values(), cells.until)]
    spikes = sum(
        slots * source.size * WORD
        for slots, source in zip(tables.slots, tables.network.sources.values(), strict=True)
    )
    return Bytes(
        weights=total(array for group in groups for array in group.state.values()),
        states=spikes + total([*states, *(ring.sums for ring in rings)]),
        places=sum(map(places, groups)),
    )


def total(arrays: Iterable[Any]) -> int:
    """Bytes of arrays, each once."""
    return sum({int(array.ctypes.data): array.nbytes for array in arrays}.values())


def places(group: EdgeTable) -> int:
    """Bytes that say where the synapses of a group are."""
    if group.grid is None:
        return group.start.nbytes + group.target.nbytes
    axes = (group.grid.rows, group.grid.columns)
    return sum(axis_table(axis).size * WORD for axis in axes) + 12 * WORD + 2 * 8


def play(session: neuro.Session, inputs: dict[str, Any], steps: int) -> tuple[float, int]:
    """Seconds of a run, and spikes in it."""
    start = time.perf_counter()
    recording = session.run(steps, inputs=inputs)
    seconds = time.perf_counter() - start
    return seconds, sum(len(spikes.step) for spikes in recording.spikes.values())


def measure(network: Network, given: argparse.Namespace) -> None:
    """Run both in turn and print what they took."""
    source = next(item for item in network.inputs if isinstance(item, SpikeArray))
    fires = np.random.default_rng(0).random((given.steps, source.size)) < given.rate
    inputs = {source.name: np.nonzero(fires)}
    both = {"as convolutions": network, "in lists": listed(network)}
    options = {"threads": given.threads}
    sessions = {k: neuro.Session(v, backend="c", options=options) for k, v in both.items()}
    seconds: dict[str, list[float]] = {name: [] for name in both}
    counts = set()
    for _ in range(given.repeats):
        found = {name: play(session, inputs, given.steps) for name, session in sessions.items()}
        counts.add(len({spikes for _, spikes in found.values()}))
        for name, (taken, _) in found.items():
            seconds[name].append(taken)
    if counts != {1}:
        raise SystemExit("spikes differ")
    show(both, seconds, given)


def show(
    both: dict[str, Network], seconds: dict[str, list[float]], given: argparse.Namespace
) -> None:
    """Print the table."""
    print(f"{given.steps} steps, input rate {given.rate:g}, threads {given.threads}, "
          f"medians of {given.repeats} runs in turn")  # fmt: skip
    print(f"{'':16} {'ms':>8} {'weights':>10} {'states':>10} {'places':>10}  total / (w + s)")
    for name, network in both.items():
        own = memory(lower(network, network.seed or 0, threads=given.threads))
        print(f"{name:16} {median(seconds[name]) * 1e3:8.2f} {own.weights:10,} {own.states:10,} "
              f"{own.places:10,}  {own.ratio:.3f}")  # fmt: skip
    pairs = zip(*seconds.values(), strict=True)
    print(f"as convolutions / in lists: {median(a / b for a, b in pairs):.2f}")


def arguments() -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="a NIR file")
    parser.add_argument("--profile", default="sinabs")
    parser.add_argument("--rate", type=float, default=0.1, help="spikes a step and input")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=31)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Make the network, measure, print."""
    given = arguments()
    if given.file is None:
        measure(random_cnn(), given)
        return
    measure(neuro.from_nir(given.file, profile=given.profile, dt=1e-3).network, given)


if __name__ == "__main__":
    main()
