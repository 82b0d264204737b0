"""Networks whose synapses are nowhere listed: every form of convolution, pooling and matrix."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

import neuro
from neuro.ir.connectivity import Convolution, Dense, Pooling, output_shape
from neuro.ir.network import Network, NumberFormat
from neuro.ir.values import Draw
from neuro.passes.quantise import quantise

STEPS = 24
SHAPE = (4, 5, 7)


def convolution(kernel: tuple[int, ...], **given: Any) -> Convolution:
    """A convolution of `SHAPE`, or of it as one axis."""
    axes = len(kernel) - 2
    shape = SHAPE if axes == 2 else (SHAPE[0], prod(SHAPE[1:]))
    return Convolution(
        input_shape=shape,
        kernel_shape=kernel,
        **{"stride": (1,) * axes, "padding": (0,) * axes, "dilation": (1,) * axes, **given},
    )


def pooling(window: tuple[int, ...], **given: Any) -> Pooling:
    """A pooling of `SHAPE`, or of it as one axis."""
    shape = SHAPE if len(window) == 2 else (SHAPE[0], prod(SHAPE[1:]))
    return Pooling(
        input_shape=shape,
        window=window,
        **{"stride": window, "padding": (0, 0)[: len(window)], **given},
    )


FORMS: dict[str, Convolution | Pooling | Dense] = {
    "plain": convolution((6, 4, 3, 3), padding=(1, 1)),
    "wide": convolution((6, 2, 3, 2), groups=2, stride=(1, 2), padding=(2, 0), dilation=(2, 3)),
    "same": convolution((3, 4, 2, 4), padding=(0, 1), padding_end=(1, 2)),
    "depthwise": convolution((4, 1, 3, 3), groups=4, stride=(2, 2), padding=(1, 1)),
    "beyond": convolution((2, 4, 7, 3), padding=(3, 0)),
    "pooled": convolution((3, 4, 2, 2), padding=(0, 1), pool=(2, 3)),
    "line": convolution((5, 4, 4), stride=(3,), padding=(2,), dilation=(2,)),
    "sum": pooling((2, 3)),
    "overlapping": pooling((3, 3), stride=(2, 1), padding=(1, 1)),
    "gaps": pooling((2,), stride=(3,)),
    "dense": Dense(),
}


def forms(
    format: NumberFormat = neuro.FLOAT32, *, delay: int = 1, names: tuple[str, ...] = tuple(FORMS)
) -> Network:
    """A source onto a population through each form, and all of them onto one through a matrix."""
    net = neuro.NetworkBuilder(dt=1.0, name="forms", seed=5, format=format)
    size = prod(SHAPE)
    pre = net.population(size, neuro.SpikeSourceArray(trains(size)), label="pre")
    last = net.population(70, neuro.LIF(tau_refrac=2.0), label="last")
    rng = np.random.default_rng(3)
    for name in names:
        form = FORMS[name]
        n_post = 90 if isinstance(form, Dense) else prod(output_shape(form))
        post = net.population(n_post, neuro.LIF(), label=f"to_{name}")
        net.projection(
            pre,
            post,
            neuro.OneToOneConnector() if n_post == size else neuro.DenseConnector(),
            neuro.StaticSynapse(weight=0.1),
            label=name,
        )
        weight = rng.normal(0.0, 0.2, (n_post, 70)).astype(np.float32)
        again = neuro.StaticSynapse(weight=weight, delay=2.0)
        net.projection(post, last, neuro.DenseConnector(), again, label=f"from_{name}")
    made = net.build()
    return replace(made, projections=tuple(_formed(p, delay, rng) for p in made.projections))


def _formed(node: neuro.ir.network.Projection, delay: int, rng: Any) -> Any:
    """`node` with the form of its name."""
    form = FORMS.get(node.name)
    if form is None:
        return node
    weight: Any = 0.3
    if isinstance(form, Convolution):
        weight = rng.normal(0.05, 0.25, form.kernel_shape).astype(np.float32)
    if node.name == "dense":
        weight = Draw(distribution="uniform", a=-0.1, b=0.2)
    if node.name == "line":
        weight = Draw(distribution="normal", a=0.1, b=0.2, seed=4)
    if node.name == "beyond":
        weight = 0.15
    axonal = delay - 1 if node.name == "wide" else 0
    return replace(node, connectivity=form, weight=weight, delay=delay, axonal=axonal)


def trains(size: int, rate: float = 0.1) -> list[list[float]]:
    """Spikes of each cell at random, in ms."""
    fires = np.random.default_rng(8).random((size, STEPS)) < rate
    return [np.flatnonzero(own).astype(float).tolist() for own in fires]


def in_fixed_point(weight_bits: int, *, delay: int = 1) -> Network:
    """The same with integers."""
    made = forms(delay=delay)
    return quantise(made, steps=STEPS, weight_bits=weight_bits, backend="reference").network


def listed(network: Network) -> Network:
    """The same with all synapses in lists."""
    from neuro.ir.connectivity import Sparse
    from neuro.ir.resolve import is_structured, synapses

    def one(node: Any) -> Any:
        if not is_structured(node):
            return node
        made = synapses(network, node, network.seed or 0)
        weight = np.broadcast_to(np.asarray(made.weight), made.count)
        rows = Sparse(indptr=made.rows.indptr, indices=made.rows.indices)
        return replace(node, connectivity=rows, weight=weight)

    return replace(network, projections=tuple(map(one, network.projections)))
