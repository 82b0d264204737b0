"""Live snnTorch modules as NIR graphs, with what NIR loses: reset mode and when it acts.

Modules are known by the names of their classes, so nothing is imported here.  Numbers are taken from
the modules themselves, in double precision: ``tau = dt / (1 - beta)`` gives `beta` back exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError, UnsupportedError
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.shapes import infer_shapes

DT = 1e-4
"""The step that snnTorch's own exporter writes; only ratios to it have a meaning."""

_RESETS = {"subtract": "subtract", "zero": "value", "none": "none"}


def snntorch_graph(module: Any, input_shape: Sequence[int]) -> Graph:
    """The graph of a ``torch.nn.Sequential`` of layers and snnTorch neurons.

    Parameters
    ----------
    module
        The module; sequences in it are flattened.
    input_shape
        Shape of one sample, without the batch.

    Raises
    ------
    UnsupportedError
        If a layer has no counterpart; names it and lists those that have.
    ParameterError
        If `module` is no sequence.
    """
    chain = _Chain(nodes={"input": Node("input", "Input", {"shape": np.array(input_shape)})})
    for name, layer in _layers(module, ""):
        chain.add(name, layer)
    chain.append(Node("output", "Output"))
    return Graph(chain.nodes, tuple(chain.edges), source=type(module).__name__)


def _layers(module: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Layers by dotted name, in order."""
    if type(module).__name__ != "Sequential":
        raise ParameterError(
            f"is {type(module).__name__}.",
            where="from_snntorch",
            hint="Give a torch.nn.Sequential, or export to NIR and use from_nir.",
        )
    for name, layer in module.named_children():
        if type(layer).__name__ == "Sequential":
            yield from _layers(layer, f"{prefix}{name}.")
        else:
            yield prefix + name, layer


@dataclass
class _Chain:
    """Nodes in a row; `last` is where the next one is attached."""

    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    last: str = "input"

    def add(self, name: str, layer: Any) -> None:
        make = _LAYERS.get(type(layer).__name__)
        if make is None:
            raise UnsupportedError(
                f"layer {name!r}: there is no counterpart of {type(layer).__name__}.",
                hint=f"Supported: {', '.join(sorted(_LAYERS))}.",
            )
        make(self, name, layer)

    def append(self, node: Node) -> None:
        self.nodes[node.name] = node
        self.edges.append((self.last, node.name))
        self.last = node.name

    def shape(self) -> tuple[int, ...]:
        """The shape of what the last node puts out."""
        return infer_shapes(Graph(self.nodes, tuple(self.edges)))[self.last]


def _numbers(tensor: Any) -> NDArray[Any]:
    return np.asarray(tensor.detach().cpu().numpy())


def _linear(chain: _Chain, name: str, layer: Any) -> None:
    chain.append(_matrix(name, layer))


def _matrix(name: str, layer: Any) -> Node:
    weight = {"weight": _numbers(layer.weight)}
    if layer.bias is None:
        return Node(name, "Linear", weight)
    return Node(name, "Affine", {**weight, "bias": _numbers(layer.bias)})


def _conv(chain: _Chain, name: str, layer: Any) -> None:
    chain.append(_convolution(name, layer))


def _convolution(name: str, layer: Any) -> Node:
    if layer.padding_mode != "zeros":
        raise UnsupportedError(f"layer {name!r}: padding with {layer.padding_mode!r}.")
    values: dict[str, Any] = {"weight": _numbers(layer.weight), "groups": np.array(layer.groups)}
    values["bias"] = None if layer.bias is None else _numbers(layer.bias)
    for key in ("stride", "padding", "dilation"):
        given = getattr(layer, key)
        values[key] = given if isinstance(given, str) else np.array(given)
    return Node(name, type(layer).__name__, values)


def _average(chain: _Chain, name: str, layer: Any) -> None:
    if layer.ceil_mode or not layer.count_include_pad or layer.divisor_override:
        raise UnsupportedError(
            f"layer {name!r}: ceil_mode, count_include_pad=False or a divisor of its own."
        )
    keys = {"kernel_size": "kernel_size", "stride": "stride", "padding": "padding"}
    values = {key: np.array(getattr(layer, attribute)) for key, attribute in keys.items()}
    chain.append(Node(name, "AvgPool2d", values))


def _flatten(chain: _Chain, name: str, layer: Any) -> None:
    """Flatten counts a batch axis that NIR does not have."""
    first, last = layer.start_dim, layer.end_dim
    values = {
        "start_dim": np.array(first - 1 if first > 0 else first),
        "end_dim": np.array(last - 1 if last > 0 else last),
    }
    chain.append(Node(name, "Flatten", values))


def _nothing(chain: _Chain, name: str, layer: Any) -> None:
    """Dropout and identity do nothing to a trained network."""
    del chain, name, layer


def _neuron(chain: _Chain, name: str, layer: Any) -> None:
    _check_plain(name, layer)
    chain.append(_neuron_node(name, layer))
    _scale_spikes(chain, name, layer)


def _recurrent(chain: _Chain, name: str, layer: Any) -> None:
    """A recurrent cell: the neuron, and what it sends to itself."""
    _check_plain(name, layer)
    chain.append(_neuron_node(name, layer))
    back = _back(f"{name}.w_rec", layer.recurrent)
    chain.nodes[back.name] = back
    chain.edges += [(name, back.name), (back.name, name)]


def _back(name: str, recurrent: Any) -> Node:
    make = {"Linear": _matrix, "Conv2d": _convolution}.get(type(recurrent).__name__)
    if make is not None:
        return make(name, recurrent)
    return Node(name, "Scale", {"scale": _numbers(recurrent.V)})


def _neuron_node(name: str, layer: Any) -> Node:
    beta = np.clip(_numbers(layer.beta).astype(np.float64), 0, 1)
    values: dict[str, Any] = {
        "v_threshold": _numbers(layer.threshold),
        "v_leak": np.zeros(1),
        "conventions": {
            "reset": _RESETS[layer.reset_mechanism],
            "when": "next" if layer.reset_delay else "now",
        },
    }
    if not hasattr(layer, "alpha"):
        tau = _time_constant(name, beta)
        return Node(name, "LIF", {**values, "tau": tau, "r": tau / DT})
    alpha = np.clip(_numbers(layer.alpha).astype(np.float64), 0, 1)
    mem, syn = _time_constant(name, beta), _time_constant(name, alpha)
    values |= {"tau_mem": mem, "tau_syn": syn, "r": mem / DT, "w_in": syn / DT}
    return Node(name, "CubaLIF", values)


def _time_constant(name: str, decay: NDArray[np.float64]) -> NDArray[np.float64]:
    if (decay >= 1).any():
        raise UnsupportedError(
            f"layer {name!r}: a decay of 1 has no time constant.", hint="Use a value below 1."
        )
    return np.asarray(DT / (1 - decay), np.float64)


def _check_plain(name: str, layer: Any) -> None:
    if layer.inhibition or layer.state_quant:
        raise UnsupportedError(f"layer {name!r}: inhibition or quantised state.")


def _scale_spikes(chain: _Chain, name: str, layer: Any) -> None:
    factor = _numbers(layer.graded_spikes_factor)
    if (factor != 1).any():
        chain.append(Node(f"{name}.graded", "Scale", {"scale": factor}))


_LAYERS: dict[str, Callable[[_Chain, str, Any], None]] = {
    "Linear": _linear,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "AvgPool2d": _average,
    "Flatten": _flatten,
    "Dropout": _nothing,
    "Identity": _nothing,
    "Leaky": _neuron,
    "Synaptic": _neuron,
    "RLeaky": _recurrent,
    "RSynaptic": _recurrent,
}
