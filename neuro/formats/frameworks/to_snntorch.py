"""Networks of snnTorch's cells as modules of snnTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from importlib import import_module
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError, UnsupportedError
from neuro.formats.frameworks.chain import Arrow, Layer, chain_of
from neuro.formats.frameworks.snntorch import INTEGRATE, alpha_cell, cell_of
from neuro.ir.cell import CellType
from neuro.ir.connectivity import Convolution, OneToOne, Pooling, output_shape
from neuro.ir.network import Network
from neuro.ir.resolve import initial_state, parameters, synapses
from neuro.ir.values import Draw

Shape = tuple[int, ...]
LEARNABLE = ("alpha", "beta", "threshold")
MAXIMUM = "nir_Threshold"
"""The cell that importers put behind sums for MaxPool: above 0.5 there is a one among zeros."""


def module_of(
    network: Network, shape: Shape | None, spike_grad: Any, learn: Collection[str]
) -> Any:
    """An ``nn.Sequential`` of snnTorch; see `neuro.to_snntorch`."""
    import torch

    if network.format.kind != "float32":
        raise UnsupportedError(
            f"the network computes in {network.format.kind}; snnTorch's neurons put out float32.",
            hint="Build it in float32.",
        )
    source, layers = chain_of(network)
    here = shape or (network.sources[source].size,)
    parts: list[Any] = []
    for number, layer in enumerate(layers):
        found, here = _synapses(network, layer, here)
        parts += found
        cells = _cells(network, layer, here, last=number == len(layers) - 1)
        parts.append(cells(spike_grad, learn))
    return torch.nn.Sequential(*parts).float()


# Synapses --------------------------------------------------------------------------------------


def _synapses(network: Network, layer: Layer, here: Shape) -> tuple[list[Any], Shape]:
    """What stands before the neurons, and the shape that comes out."""
    form = layer.arrow.connectivity
    if isinstance(form, Convolution):
        found = _reshaped(here, form.input_shape) + _convolution(layer, form)
        return found, output_shape(form)
    if isinstance(form, Pooling):
        return [*_reshaped(here, form.input_shape), _pooling(layer, form)], output_shape(form)
    return [*_reshaped(here, (prod(here),)), _matrix(network, layer)], (layer.cells.size,)


def _reshaped(here: Shape, needed: Shape) -> list[Any]:
    from torch import nn

    if here == needed:
        return []
    return [nn.Flatten()] if len(needed) == 1 else [*_flat(here), nn.Unflatten(1, needed)]


def _flat(here: Shape) -> list[Any]:
    from torch import nn

    return [nn.Flatten()] if len(here) > 1 else []


def _matrix(network: Network, layer: Layer) -> Any:
    return _linear(_weights(network, layer.arrow, layer.cells.size), layer.bias)


def _linear(weights: NDArray[Any], bias: NDArray[Any] | None) -> Any:
    from torch import nn

    made = nn.Linear(weights.shape[0], weights.shape[1], bias=bias is not None)
    _fill(made.weight, weights.T)
    if bias is not None:
        _fill(made.bias, bias)
    return made


def _fill(parameter: Any, values: NDArray[Any]) -> None:
    import torch

    parameter.data = torch.from_numpy(np.array(values, np.float64)).reshape(parameter.shape)


def _weights(network: Network, arrow: Arrow, size: int) -> NDArray[np.float64]:
    """A matrix (pre, post); weights of several synapses between the same cells add up."""
    found = synapses(network, arrow, 0 if network.seed is None else network.seed)
    shape = (network.sources[arrow.pre].size, size)
    made, reached = (
        np.full(shape, -0.0),
        np.zeros(shape, bool),
    )  # adding to -0.0 keeps signs of zeros
    rows = found.rows
    pre = np.repeat(np.arange(len(rows.indptr) - 1), np.diff(rows.indptr))
    np.add.at(made, (pre, rows.indices), found.weight)
    reached[pre, rows.indices] = True
    return np.where(reached, made, 0.0)


def _convolution(layer: Layer, form: Convolution) -> list[Any]:
    from torch import nn

    axes = len(form.input_shape) - 1
    kernel = np.broadcast_to(np.asarray(layer.arrow.weight, float), form.kernel_shape)
    before: list[Any] = []
    padding: Any = form.padding
    if form.pool is not None:
        before.append(_sum_pool(axes, form.pool, form.pool))
    if form.padding_end is not None and form.padding_end != form.padding:
        ends = zip(reversed(form.padding), reversed(form.padding_end), strict=True)
        pad: Any = (nn.ConstantPad1d, nn.ConstantPad2d)[axes - 1]
        before.append(pad(tuple(n for pair in ends for n in pair), 0.0))
        padding = (0,) * axes
    kind: Any = (nn.Conv1d, nn.Conv2d)[axes - 1]
    made = kind(
        form.kernel_shape[1] * form.groups,
        form.kernel_shape[0],
        form.kernel_shape[2:],
        stride=form.stride,
        padding=padding,
        dilation=form.dilation,
        groups=form.groups,
        bias=layer.bias is not None,
    )
    _fill(made.weight, kernel)
    if layer.bias is not None:
        _fill(made.bias, _by_channel(layer, form.kernel_shape[0]))
    return [*before, made]


def _by_channel(layer: Layer, channels: int) -> NDArray[Any]:
    assert layer.bias is not None
    found = layer.bias.reshape(channels, -1)
    if (found != found[:, :1]).any():
        raise UnsupportedError(
            f"the bias of {layer.cells.name!r} differs within a channel; a Conv2d's does not."
        )
    return found[:, 0]


def _pooling(layer: Layer, form: Pooling) -> Any:
    from torch import nn

    axes = len(form.input_shape) - 1
    weight = None if isinstance(layer.arrow.weight, Draw) else np.asarray(layer.arrow.weight)
    _without_bias(layer)
    if _is_maximum(layer):
        largest: Any = (nn.MaxPool1d, nn.MaxPool2d)[axes - 1]
        return largest(form.window, form.stride, form.padding)
    if weight is not None and weight.shape == () and weight == 1 and not any(form.padding):
        return _sum_pool(axes, form.window, form.stride)
    if weight is not None and weight.shape == () and weight == 1 / prod(form.window):
        average: Any = (nn.AvgPool1d, nn.AvgPool2d)[axes - 1]
        return average(form.window, form.stride, form.padding)
    raise UnsupportedError(
        f"projection {layer.arrow.name!r} pools with other weights than 1 or 1 / {prod(form.window)}."
    )


def _without_bias(layer: Layer) -> None:
    if layer.bias is not None:
        raise UnsupportedError(f"{layer.cells.name!r} has a bias behind pooling.")


def _sum_pool(axes: int, window: Shape, stride: Shape) -> Any:
    from torch import nn

    kind: Any = (nn.LPPool1d, nn.LPPool2d)[axes - 1]
    return kind(1, window, stride)


# Neurons ---------------------------------------------------------------------------------------

Make = Callable[[Any, Collection[str]], Any]
"""From a surrogate and the names of what is learnt to a layer."""


@lru_cache(maxsize=1)
def _kinds() -> dict[CellType, tuple[str, str, bool]]:
    """By cell type: class of snnTorch, reset_mechanism, reset_delay."""
    resets = ("subtract", "zero", "none")
    found = {
        cell_of(kind, reset, delayed=delayed): (kind, reset, delayed)
        for kind, reset, delayed in product(INTEGRATE, resets, (False, True))
    }
    return found | {alpha_cell(reset): ("Alpha", reset, True) for reset in resets}


def _is_maximum(layer: Layer) -> bool:
    """Whether the layer puts out the largest of zeros and ones, as an importer makes it."""
    cells = layer.cells
    return cells.cell.name == MAXIMUM and dict(cells.parameters) == {"threshold": 0.5}


def _cells(network: Network, layer: Layer, shape: Shape, *, last: bool) -> Make:
    """How to make the layer of neurons."""
    cells = layer.cells
    if _is_maximum(layer) and isinstance(layer.arrow.connectivity, Pooling):
        return lambda spike_grad, learn: _nothing()
    if cells.cell not in _kinds():
        raise UnsupportedError(
            f"population {cells.name!r}: snnTorch has no cell with the step of {cells.cell.name!r}.",
            hint="Networks made by from_snntorch have such cells.",
        )
    _at_rest(network, layer)
    kind, reset, delayed = _kinds()[cells.cell]
    numbers = _numbers(network, layer, shape)
    given: dict[str, Any] = {"init_hidden": True, "output": last, "reset_mechanism": reset}
    if kind not in ("Lapicque", "Alpha"):
        given["reset_delay"] = delayed

    def make(spike_grad: Any, learn: Collection[str]) -> Any:
        learnt = {f"learn_{n}": True for n in learn if n in numbers or kind == "Lapicque"}
        made = _make(kind, numbers, {**given, **learnt, "spike_grad": spike_grad}, layer)
        if kind.startswith("R"):
            _connect_back(network, layer, made)
        return made

    return make


def _nothing() -> Any:
    from torch import nn

    return nn.Identity()


def _at_rest(network: Network, layer: Layer) -> None:
    cells, seed = layer.cells, 0 if network.seed is None else network.seed
    values = parameters(cells.cell.parameters, cells.parameters, cells.size, seed, cells.name)
    declared = cells.cell.state
    began = initial_state(declared, cells.initial, values, cells.size, seed, cells.name)
    if any(np.any(value) for value in began.values()):
        raise UnsupportedError(
            f"population {layer.cells.name!r} does not begin at zero, as snnTorch's neurons do."
        )


def _numbers(network: Network, layer: Layer, shape: Shape) -> dict[str, Any]:
    """Parameters as tensors: one number, or one a neuron."""
    import torch

    cells, seed = layer.cells, 0 if network.seed is None else network.seed
    values = parameters(cells.cell.parameters, cells.parameters, cells.size, seed, cells.name)
    found = {}
    for name, value in values.items():
        array = np.array(value, np.float64)
        found[name] = torch.tensor(
            array if not array.ndim else array.reshape(shape), dtype=torch.float32
        )
    return found


def _make(kind: str, numbers: Mapping[str, Any], given: Mapping[str, Any], layer: Layer) -> Any:
    snntorch: Any = import_module("snntorch")
    if kind == "Lapicque":
        return _lapicque(numbers, given, layer)
    named = {name: numbers[name] for name in ("alpha", "beta") if name in numbers}
    if kind.startswith("R"):
        named |= _recurrence(layer)
    made = getattr(snntorch, kind)(**named, threshold=numbers["threshold"], **given)
    if kind == "Alpha":
        _same(_tau_alpha(made), numbers["tau_alpha"], layer, "tau_alpha")
    return made


def _tau_alpha(made: Any) -> Any:
    alpha, beta = made.alpha.detach().clamp(0, 1).log(), made.beta.detach().clamp(0, 1).log()
    return alpha / (beta - alpha) + 1


def _same(theirs: Any, ours: Any, layer: Layer, what: str) -> None:
    import torch

    if not torch.equal(theirs.expand_as(ours), ours):
        raise UnsupportedError(
            f"population {layer.cells.name!r}: snnTorch derives {what} from other parameters, and "
            "comes to another value."
        )


def _lapicque(numbers: Mapping[str, Any], given: Mapping[str, Any], layer: Layer) -> Any:
    """Its resistance and capacitance; the rest is derived from them, in its own order."""
    snntorch: Any = import_module("snntorch")
    resistance, step = numbers["resistance"], float(numbers["time_step"])
    capacitance = 1 / (numbers["rate"] * resistance)
    named = {"R": float(resistance), "C": float(capacitance), "time_step": step}
    made = snntorch.Lapicque(**named, threshold=numbers["threshold"], **given)
    _same(1 / (made.R.detach() * made.C.detach()), numbers["rate"], layer, "its rate")
    decay = 1 - made.time_step / (made.R.detach() * made.C.detach())
    _same(decay, numbers["decay"], layer, "its decay")
    return made


def _recurrence(layer: Layer) -> dict[str, Any]:
    """Arguments that say how a layer reaches itself."""
    if layer.back is None:
        raise UnsupportedError(
            f"population {layer.cells.name!r} does not reach itself; use a cell that is not recurrent."
        )
    form = layer.back.connectivity
    if isinstance(form, Convolution):
        if len(form.input_shape) != 3:
            raise UnsupportedError(f"projection {layer.back.name!r}: snnTorch has Conv2d only.")
        kernel = form.kernel_shape[2:]
        return {"conv2d_channels": form.kernel_shape[0], "kernel_size": kernel}
    if isinstance(form, OneToOne):
        return {"all_to_all": False, "V": 1.0}
    return {"linear_features": layer.cells.size}


def _connect_back(network: Network, layer: Layer, made: Any) -> None:
    """Put the network's weights into what a recurrent layer made for itself."""
    assert layer.back is not None
    form = layer.back.connectivity
    if isinstance(form, OneToOne):
        _one_to_one(layer, made)
    elif isinstance(form, Convolution):
        made.recurrent = _convolution(_as_layer(layer), form)[-1]
    else:
        weights = _weights(network, layer.back, layer.cells.size)
        made.recurrent = _linear(weights, layer.back_bias)


def _one_to_one(layer: Layer, made: Any) -> None:
    import torch

    assert layer.back is not None
    if layer.back_bias is not None:
        raise UnsupportedError(f"{layer.cells.name!r} has a bias on its way back to itself.")
    made.recurrent.V = torch.nn.Parameter(torch.as_tensor(np.array(layer.back.weight, np.float64)))


def _as_layer(layer: Layer) -> Layer:
    """The way back of a layer as if it were the way to it."""
    assert layer.back is not None
    return Layer(
        cells=layer.cells, arrow=layer.back, back=None, bias=layer.back_bias, back_bias=None
    )


def check_learnt(learn: Collection[str]) -> None:
    """Refuse names that snnTorch cannot learn.

    Raises
    ------
    ParameterError
        Lists those that it can.
    """
    unknown = sorted(set(learn) - set(LEARNABLE))
    if unknown:
        raise ParameterError(
            f"{', '.join(map(repr, unknown))} cannot be learnt.",
            where="to_snntorch, learn",
            hint=f"Any of {', '.join(LEARNABLE)}.",
        )
