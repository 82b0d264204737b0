"""A second, naive meaning of NIR graphs: layer after layer within a step, as frameworks compute.

Forward Euler in single precision with resets at once (the profile ``norse``).  What a node needs of
one that comes later in the order (a recurrent edge) is its output of the step before; before the
first step cells are silent, but a recurrent bias is there.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.formats.nir.graph import Graph, Node

Array = NDArray[Any]
F = np.float32


def run(graph: Graph, values: Array, dt: float) -> dict[str, Array]:
    """What each node puts out, by name: shape (steps, *shape)."""
    order, state = topological(graph), {}
    last = {n: _STEPS[graph.node(n).kind](graph.node(n), np.zeros(_width(graph, n), F), {}, dt)
            for n in order if n.endswith(".back")}  # fmt: skip
    found: dict[str, list[Array]] = {name: [] for name in order}
    for given in values.astype(F):
        now: dict[str, Array] = {}
        for name in order:
            node = graph.node(name)
            if node.kind == "Input":
                now[name] = given
                continue
            parts = [now[b] if b in now else last.get(b) for b in graph.before(name)]
            arriving = [part for part in parts if part is not None]
            total = sum(arriving[1:], arriving[0])
            now[name] = _STEPS[node.kind](node, total, state.setdefault(name, {}), dt)
        last = now
        for name in order:
            found[name].append(now[name].reshape(-1))
    return {name: np.array(rows) for name, rows in found.items()}


def _width(graph: Graph, name: str) -> int:
    return int(graph.node(name).values["weight"].shape[1])


def topological(graph: Graph) -> list[str]:
    """Nodes in order; edges that go back from a recurrent weight are left out."""
    order: list[str] = []
    waiting = list(graph.nodes)
    while waiting:
        ready = [n for n in waiting if all(b in order or _goes_back(graph, b, n)
                                           for b in graph.before(n))]  # fmt: skip
        order += ready
        waiting = [n for n in waiting if n not in ready]
    return order


def _goes_back(graph: Graph, before: str, name: str) -> bool:
    return before.endswith(".back") and graph.before(before) == [name]


def _values(node: Node, name: str) -> Array:
    return np.asarray(node.values[name], F)


def _lif(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    v = state.get("v", np.broadcast_to(_values(node, "v_leak"), x.shape).astype(F))
    gain = (dt / np.asarray(node.values["tau"], np.float64)).astype(F)
    v = v + gain * (_values(node, "r") * x + _values(node, "v_leak") - v)
    fired = v > _values(node, "v_threshold")
    state["v"] = np.where(fired, _values(node, "v_reset"), v).astype(F)
    return fired.astype(F)


def _li(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    v = state.get("v", np.broadcast_to(_values(node, "v_leak"), x.shape).astype(F))
    gain = (dt / np.asarray(node.values["tau"], np.float64)).astype(F)
    state["v"] = v + gain * ((_values(node, "v_leak") - v) + _values(node, "r") * x)
    return state["v"]


def _if(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    v = state.get("v", np.zeros_like(x)) + _values(node, "r") * x
    fired = v > _values(node, "v_threshold")
    state["v"] = np.where(fired, _values(node, "v_reset"), v).astype(F)
    return fired.astype(F)


def _i(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    state["v"] = state.get("v", np.zeros_like(x)) + _values(node, "r") * x
    return state["v"]


def _threshold(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    return (x > _values(node, "threshold")).astype(F)


def _affine(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    bias = node.values.get("bias", 0.0)
    return (_values(node, "weight") @ x.reshape(-1) + np.asarray(bias, F)).astype(F)


def _scale(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    return _values(node, "scale") * x


def _delay(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    steps = np.broadcast_to(np.round(np.asarray(node.values["delay"]) / dt).astype(int), x.shape)
    history = state.setdefault("past", deque(maxlen=int(steps.max()) + 1))  # type: ignore[arg-type]
    history.appendleft(x)
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        if steps[place] < len(history):
            out[place] = history[steps[place]][place]
    return out


def _pair(node: Node, name: str, axes: int) -> list[int]:
    value = np.atleast_1d(node.values[name])
    return [int(n) for n in (np.repeat(value, axes) if len(value) == 1 else value)]


def _conv(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    """Convolution from its definition, one output at a time."""
    w, groups = _values(node, "weight"), int(node.values["groups"])
    axes = w.ndim - 2
    stride, dilation = _pair(node, "stride", axes), _pair(node, "dilation", axes)
    pad = node.values["padding"]
    size = w.shape[2:]
    if isinstance(pad, str):
        ends = (
            [0] * axes
            if pad == "valid"
            else [d * (k - 1) // 2 for d, k in zip(dilation, size, strict=True)]
        )
    else:
        ends = _pair(node, "padding", axes)
    x = np.pad(x, [(0, 0), *((p, p) for p in ends)])
    out = [
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip(x.shape[1:], dilation, size, stride, strict=True)
    ]
    y = np.zeros((w.shape[0], *out), F)
    for o, *place in np.ndindex(y.shape):
        first = o // (w.shape[0] // groups) * w.shape[1]
        window = [slice(p * s, p * s + d * (k - 1) + 1, d)
                  for p, s, d, k in zip(place, stride, dilation, size, strict=True)]  # fmt: skip
        y[(o, *place)] = (x[(slice(first, first + w.shape[1]), *window)] * w[o]).sum()
    bias = node.values.get("bias")
    return y if bias is None else y + np.asarray(bias, F).reshape(-1, *[1] * axes)


def _pool(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    window, stride = _pair(node, "kernel_size", 2), _pair(node, "stride", 2)
    x = np.pad(x, [(0, 0), *((p, p) for p in _pair(node, "padding", 2))])
    out = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:], window, stride, strict=True)]
    y = np.zeros((x.shape[0], *out), F)
    for c, i, j in np.ndindex(y.shape):
        a, b = i * stride[0], j * stride[1]
        y[c, i, j] = x[c, a : a + window[0], b : b + window[1]].sum()
    return y / F(np.prod(window)) if node.kind == "AvgPool2d" else y


def _same(node: Node, x: Array, state: dict[str, Array], dt: float) -> Array:
    return x.reshape(-1) if node.kind == "Flatten" else x


_STEPS: dict[str, Any] = {
    "LIF": _lif, "LI": _li, "IF": _if, "I": _i, "Threshold": _threshold, "Affine": _affine,
    "Linear": _affine, "Scale": _scale, "Delay": _delay, "Conv1d": _conv, "Conv2d": _conv,
    "SumPool2d": _pool, "AvgPool2d": _pool, "Flatten": _same, "Identity": _same, "Output": _same,
}  # fmt: skip
