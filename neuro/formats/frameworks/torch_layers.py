"""Layers of torch.nn without state: matrices, convolutions, pooling, normalisation."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError, UnsupportedError
from neuro.formats.frameworks.draft import Draft
from neuro.formats.frameworks.framework import Emit
from neuro.formats.frameworks.tensors import numbers
from neuro.formats.nir.graph import Node


def matrix(name: str, weight: Any, bias: Any = None) -> Node:
    """A node for ``weight @ x + bias``."""
    values = {"weight": numbers(weight, f"layer {name!r}: its weight")}
    if bias is None:
        return Node(name, "Linear", values)
    return Node(name, "Affine", {**values, "bias": numbers(bias, f"layer {name!r}: its bias")})


def convolution(name: str, layer: Any) -> Node:
    """A node for a convolution."""
    if layer.padding_mode != "zeros":
        raise UnsupportedError(f"layer {name!r}: padding with {layer.padding_mode!r}.")
    where = f"layer {name!r}: its"
    values: dict[str, Any] = {"groups": np.array(layer.groups)}
    values["weight"] = numbers(layer.weight, f"{where} weight")
    values["bias"] = None if layer.bias is None else numbers(layer.bias, f"{where} bias")
    for key in ("stride", "padding", "dilation"):
        given = getattr(layer, key)
        values[key] = given if isinstance(given, str) else np.array(given)
    return Node(name, f"Conv{values['weight'].ndim - 2}d", values)


def scaled(draft: Draft, name: str, factor: NDArray[Any], source: str) -> str:
    """`source` times `factor`, which broadcasts to it; nothing where all are 1."""
    if (factor == 1).all():
        return source
    full = factor if factor.size == 1 else np.broadcast_to(factor, draft.shape(source))
    return draft.add(Node(draft.free(name), "Scale", {"scale": np.array(full)}), source)


def _linear(draft: Draft, name: str, layer: Any, source: str) -> str:
    arriving = draft.shape_if_known(source)
    if arriving is not None and len(arriving) > 1:
        raise UnsupportedError(
            f"layer {name!r}: a Linear on what has more than one axis, {arriving}.",
            hint="Put a Flatten before it.",
        )
    return draft.add(matrix(name, layer.weight, layer.bias), source)


def _conv(draft: Draft, name: str, layer: Any, source: str) -> str:
    return draft.add(convolution(name, layer), source)


def _average(draft: Draft, name: str, layer: Any, source: str) -> str:
    padded = bool(np.any(layer.padding))
    if layer.ceil_mode or (padded and not layer.count_include_pad) or layer.divisor_override:
        raise UnsupportedError(
            f"layer {name!r}: ceil_mode, count_include_pad=False or a divisor of its own."
        )
    return draft.add(Node(name, "AvgPool2d", window(layer)), source)


def window(layer: Any) -> dict[str, Any]:
    """Size, stride and padding of a pooling layer."""
    stride = layer.kernel_size if layer.stride is None else layer.stride
    padding = getattr(layer, "padding", 0)
    return {
        "kernel_size": np.array(layer.kernel_size),
        "stride": np.array(stride),
        "padding": np.array(padding),
    }


def _power(draft: Draft, name: str, layer: Any, source: str) -> str:
    if layer.norm_type != 1 or layer.ceil_mode:
        raise UnsupportedError(f"layer {name!r}: only norm_type=1, a sum, without ceil_mode.")
    return draft.add(Node(name, "SumPool2d", window(layer)), source)


def _maximum(draft: Draft, name: str, layer: Any, source: str) -> str:
    """The largest of zeros and ones is 1 if their sum is above 0."""
    if layer.ceil_mode or layer.return_indices or np.any(np.array(layer.dilation) != 1):
        raise UnsupportedError(f"layer {name!r}: ceil_mode, return_indices or dilation.")
    if not draft.spikes(source):
        raise UnsupportedError(
            f"layer {name!r}: a maximum is exact on spikes only, and {source!r} puts out numbers.",
            hint="Put it behind the neurons, or use AvgPool2d.",
        )
    pooled = draft.add(Node(draft.free(f"{name}.sum"), "SumPool2d", window(layer)), source)
    return draft.add(Node(name, "Threshold", {"threshold": np.array(0.5)}), pooled)


def _flatten(draft: Draft, name: str, layer: Any, source: str) -> str:
    """Flatten counts a batch axis, which NIR does not have."""
    axes = len(draft.shape(source))
    first, last = (_axis(end, axes) for end in (layer.start_dim, layer.end_dim))
    if first < 0:
        raise UnsupportedError(f"layer {name!r}: it flattens the batch.", hint="Use start_dim=1.")
    if axes == 1 or first >= axes:
        return source
    values = {"start_dim": np.array(first), "end_dim": np.array(last)}
    return draft.add(Node(name, "Flatten", values), source)


def _axis(end: int, axes: int) -> int:
    """An axis of a batch as one of a sample."""
    return end - 1 if end >= 0 else axes + end


def _nothing(draft: Draft, name: str, layer: Any, source: str) -> str:
    del draft, name, layer
    return source


def _dropout(draft: Draft, name: str, layer: Any, source: str) -> str:
    del draft
    if layer.training and layer.p > 0:
        raise _training(name, layer)
    return source


def _training(name: str, layer: Any) -> ParameterError:
    return ParameterError(
        f"{type(layer).__name__} is in training mode, where it changes from run to run.",
        where=f"layer {name!r}",
        hint="Call model.eval() first.",
    )


def _normalise(draft: Draft, name: str, layer: Any, source: str) -> str:
    """Batch normalisation with fixed statistics is a factor and a bias per channel."""
    if layer.training or layer.running_mean is None:
        raise _training(name, layer)
    factor, bias = affine_of(name, layer)
    last = draft.node(source)
    if last.kind in _FOLDING and _leads_nowhere(draft, source):
        draft.nodes[source] = _folded(last, factor, bias)
        return source
    return draft.add(_per_channel(name, factor, bias, len(draft.shape(source))), source)


def affine_of(name: str, layer: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factor and bias per channel of a batch normalisation, in double precision."""
    where = f"layer {name!r}: its"
    mean = numbers(layer.running_mean, f"{where} mean").astype(np.float64)
    variance = numbers(layer.running_var, f"{where} variance").astype(np.float64)
    factor = 1 / np.sqrt(variance + layer.eps)
    if layer.weight is not None:
        factor = factor * numbers(layer.weight, f"{where} weight")
    bias = -mean * factor
    if layer.bias is not None:
        bias = bias + numbers(layer.bias, f"{where} bias")
    return factor, bias


def _leads_nowhere(draft: Draft, name: str) -> bool:
    return all(before != name for before, _ in draft.edges)


def _folded(node: Node, factor: NDArray[np.float64], bias: NDArray[np.float64]) -> Node:
    """A linear node with the factor and bias in its own; rounded once."""
    weight = node.values["weight"]
    by_row = factor.reshape(-1, *[1] * (weight.ndim - 1))
    given = node.values.get("bias")
    total = bias if given is None else given * factor + bias
    values = dict(node.values)
    values["weight"] = (weight * by_row).astype(weight.dtype)
    values["bias"] = np.asarray(total).astype(weight.dtype)
    return Node(node.name, "Affine" if node.kind == "Linear" else node.kind, values)


def _per_channel(
    name: str, factor: NDArray[np.float64], bias: NDArray[np.float64], axes: int
) -> Node:
    """A factor and a bias per channel as a layer of its own."""
    narrow = factor.astype(np.float32), bias.astype(np.float32)
    if axes == 1:
        return Node(name, "Affine", {"weight": np.diag(narrow[0]), "bias": narrow[1]})
    space = axes - 1
    values = {
        "weight": narrow[0].reshape(-1, 1, *[1] * space),
        "bias": narrow[1],
        "stride": np.array(1),
        "padding": np.array(0),
        "dilation": np.array(1),
        "groups": np.array(prod(factor.shape)),
    }
    return Node(name, f"Conv{space}d", values)


_FOLDING = ("Linear", "Affine", "Conv1d", "Conv2d")

TORCH_LAYERS: dict[str, Emit] = {
    "Linear": _linear,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "AvgPool2d": _average,
    "LPPool2d": _power,
    "MaxPool2d": _maximum,
    "Flatten": _flatten,
    "Identity": _nothing,
    "Dropout": _dropout,
    "Dropout1d": _dropout,
    "Dropout2d": _dropout,
    "BatchNorm1d": _normalise,
    "BatchNorm2d": _normalise,
}
"""Layers of torch.nn by the names of their classes."""

TORCH_REASONS = {
    "MaxPool1d": "only MaxPool2d, on spikes",
    "ReLU": "its output is neither a spike nor linear; give the layer's neurons instead",
    "LSTM": "its gates are neither spikes nor linear",
    "LayerNorm": "it divides by what arrives in each step",
}
