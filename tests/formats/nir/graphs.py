"""Random NIR graphs whose sums are exact, so that spikes cannot depend on the order of a sum."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from neuro.formats.nir.graph import Graph
from neuro.formats.nir.shapes import infer_shapes
from tests.formats.nir.one_neuron import node

DT = 2.0**-10
"""A power of two: products with it are exact."""


class Builder:
    """A graph that grows at one end."""

    def __init__(self, shape: tuple[int, ...], rng: np.random.Generator) -> None:
        self.nodes = {"input": node("input", "Input", shape=shape)}
        self.edges: list[tuple[str, str]] = []
        self.last, self.rng = "input", rng

    def add(self, kind: str, *, after: str | None = None, name: str = "", **values: Any) -> str:
        """Append a node; returns its name."""
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes[name] = node(name, kind, **values)
        self.edges.append((after or self.last, name))
        self.last = name
        return name

    def shape(self) -> tuple[int, ...]:
        return infer_shapes(self.graph())[self.last]

    def graph(self) -> Graph:
        return Graph(dict(self.nodes), tuple(self.edges))

    def dyadic(self, *shape: int, low: int = -12, high: int = 24) -> np.ndarray[Any, Any]:
        """Multiples of 1/16 in single precision."""
        return (self.rng.integers(low, high, shape) / 16).astype(np.float32)


def add_cell(b: Builder, kind: str) -> None:
    """A cell with numbers per neuron; time constants of a few steps, powers of two."""
    shape = b.shape()
    tau = DT * 2.0 ** b.rng.integers(0, 4, shape)
    r = 2.0 ** b.rng.integers(-1, 2, shape)
    spike = {"v_threshold": b.dyadic(*shape, low=2, high=20), "v_reset": b.dyadic(*shape, high=1)}
    leak = b.dyadic(*shape, low=-2, high=3) if b.rng.random() < 0.3 else np.zeros(shape)
    values: dict[str, dict[str, Any]] = {
        "LIF": {"tau": tau, "r": r, "v_leak": leak, **spike},
        "LI": {"tau": tau, "r": r, "v_leak": leak},
        "IF": {"r": r, **spike},
        "I": {"r": r},
        "Threshold": {"threshold": b.dyadic(*shape, low=-1, high=12)},
    }
    b.add(kind, **values[kind])


def add_dense(b: Builder) -> None:
    if len(b.shape()) > 1:
        b.add("Flatten", start_dim=0, end_dim=-1)
    n_in, n_out = b.shape()[0], int(b.rng.integers(1, 5))
    weight = b.dyadic(n_out, n_in)
    if b.rng.random() < 0.5:
        b.add("Affine", weight=weight, bias=b.dyadic(n_out))
    else:
        b.add("Linear", weight=weight)


def add_conv(b: Builder) -> None:
    channels, *space = b.shape()
    axes = len(space)
    kernel = [int(b.rng.integers(1, min(3, n) + 1)) for n in space]
    out, groups = int(b.rng.integers(1, 4)), 1
    if channels > 1 and b.rng.random() < 0.5:
        groups, out = channels, channels * int(b.rng.integers(1, 3))
    padding: Any = [int(n) for n in b.rng.integers(0, 2, axes)]
    stride = [int(n) for n in b.rng.integers(1, 3, axes)]
    if all(k % 2 for k in kernel) and b.rng.random() < 0.3:
        padding, stride = "same", [1] * axes
    name = b.add(
        f"Conv{axes}d",
        weight=b.dyadic(out, channels // groups, *kernel),
        bias=b.dyadic(out),
        stride=stride,
        padding=0 if isinstance(padding, str) else padding,
        dilation=1,
        groups=groups,
    )
    if isinstance(padding, str):
        b.nodes[name].values["padding"] = padding  # type: ignore[index]


def add_pool(b: Builder) -> None:
    if len(b.shape()) == 3 and min(b.shape()[1:]) >= 2:
        kind = "SumPool2d" if b.rng.random() < 0.5 else "AvgPool2d"
        b.add(kind, kernel_size=[2, 2], stride=[2, 1], padding=[0, 0])


def add_delay(b: Builder) -> None:
    steps = b.rng.integers(0, 4, b.shape() if b.rng.random() < 0.5 else ())
    b.add("Delay", delay=steps * DT)


def add_recurrence(b: Builder) -> None:
    """A loop from the last cell to itself."""
    cell, (n,) = b.last, b.shape()
    back = b.add("Affine", name=f"{cell}.back", weight=b.dyadic(n, n), bias=b.dyadic(n))
    b.edges.append((back, cell))
    b.last = cell


def add_skip(b: Builder) -> None:
    """A way around a cell: both ways add up behind it."""
    before, shape = b.last, b.shape()
    add_cell(b, "LIF")
    b.add("Scale", scale=b.dyadic(*shape))
    join = b.add("Identity", name=f"join{len(b.nodes)}")
    b.edges.append((before, join))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A chain of layers with loops, skips, delays and structure."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(3,), (2, 5), (1, 4, 5), (2, 4, 4)]))
    b = Builder(shape, rng)
    for _ in range(draw(st.integers(1, 3))):
        if len(b.shape()) > 1 and draw(st.booleans()):
            add_conv(b)
            if draw(st.booleans()):
                add_pool(b)
        else:
            add_dense(b)
        if draw(st.booleans()):
            b.add("Scale", scale=b.dyadic(*b.shape()))
        if draw(st.integers(0, 2)) == 0:
            add_delay(b)
        add_cell(b, draw(st.sampled_from(["LIF", "LIF", "IF", "Threshold"])))
        if len(b.shape()) == 1 and draw(st.booleans()):
            add_recurrence(b)
        if draw(st.integers(0, 2)) == 0:
            add_skip(b)
    if draw(st.booleans()):
        add_cell(b, draw(st.sampled_from(["LI", "I"])))
    b.add("Output", shape=b.shape())
    return b.graph()
