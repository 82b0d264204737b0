"""Spyx: its neurons as cells with its own step, bit for bit.

Source: spyx 1.0.0, ``nn.py``.  A neuron that crossed its threshold spikes at the beginning of its next step,
together with its reset.  A recurrent neuron hears its own spikes in that same step, so here it is two
populations: one that fires when the threshold is crossed and hears itself a step later, and one that shows
its spikes when Spyx does.

Images have channels last in Spyx and first here; weights and parameters are turned around.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuro.errors import UnsupportedError
from neuro.formats.frameworks.draft import INPUT, Draft
from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.tensors import numbers
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.own_cells import cell_node
from neuro.formats.nir.shapes import Shape
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type

DT = 1e-3
"""Spyx has no length of a step."""

_STEPS = {
    "IF": "v = v + input - z * threshold",
    "RIF": "v = v + input + recurrent - z * threshold",
    "LIF": "v = beta * v + input - z * threshold",
    "RLIF": "v = beta * v + input + recurrent - z * threshold",
    "CuBaLIF": "v = v - z * threshold\ni = alpha * i + input\nv = beta * v + i",
    "RCuBaLIF": "v = v - z * threshold\ni = alpha * i + input + recurrent\nv = beta * v + i",
    "ALIF": "v = beta * v + input - z * theta\nraised = gamma * raised + (1 - gamma) * z",
}
_PARAMETERS = {
    "IF": (),
    "RIF": (),
    "LIF": ("beta",),
    "RLIF": ("beta",),
    "CuBaLIF": ("alpha", "beta"),
    "RCuBaLIF": ("alpha", "beta"),
    "ALIF": ("beta", "gamma"),
}


@lru_cache(maxsize=16)
def cell_of(kind: str) -> CellType:
    """The cell type of a neuron by the name of its class."""
    if kind == "LI":
        return cell_type("spyx_LI", parameters="beta : 1", state="v : 1", ports="input : 1",
                         update="v = beta * v + input")  # fmt: skip
    recurrent, adapts = kind.startswith("R"), kind == "ALIF"
    crossed = "theta = threshold + raised\n" * adapts
    crossed += f"z = 1 if v > {'theta' if adapts else 'threshold'} else 0"
    state = "v : 1" + "\ni : 1" * kind.endswith("CuBaLIF") + "\nraised : 1" * adapts
    return cell_type(
        f"spyx_{kind}",
        parameters="\n".join(f"{name} : 1" for name in (*_PARAMETERS[kind], "threshold")),
        state=state + ("" if recurrent else "\nz : 1"),
        ports="input : 1" + ("\nrecurrent : 1" if recurrent else ""),
        update=f"{crossed}\n{_STEPS[kind]}",
        spike="v > threshold" if recurrent else "z > 0.5",
    )


def spyx_graph(
    module: Any, input_shape: Sequence[int], coding: Literal["spikes", "values"], dt: float
) -> Graph:
    """The graph of a ``spyx.nn.Sequential``, or of one layer.

    Parameters
    ----------
    module
        The model.
    input_shape
        Shape of one sample without batch and time, channels first.
    coding
        Whether the input is spikes.
    dt
        Length of a step in seconds.

    Raises
    ------
    UnsupportedError
        If a layer has no counterpart; names it.
    """
    draft, last = Draft(input_shape, coding, dt), INPUT
    layers = list(module.layers) if hasattr(module, "layers") else [module]
    for number, layer in enumerate(layers):
        name = f"layer_{number}"
        emit = SPYX.emit(layer, name)
        if _image_before(draft, last) and type(layer).__name__ not in ("Linear", "Dropout"):
            raise UnsupportedError(
                f"layer {name!r}: {type(layer).__name__} behind a Flatten of an image, whose order "
                "of channels is another one here.",
                hint="Put a Linear behind the Flatten.",
            )
        last = emit(draft, name, layer, last)
    draft.output(last)
    return draft.graph(type(module).__name__)


def _image_before(draft: Draft, source: str) -> Shape | None:
    """The shape of the image that `source` has flattened; None if it is no flatten."""
    if draft.node(source).kind != "Flatten":
        return None
    (before,) = (a for a, b in draft.edges if b == source)
    return draft.shape(before)


def _value(param: Any) -> Any:
    """The array of a parameter of flax."""
    return np.asarray(param[...]) if hasattr(param, "__getitem__") else param


def _linear(draft: Draft, name: str, layer: Any, source: str) -> str:
    where = f"layer {name!r}: its"
    kernel = numbers(_value(layer.kernel), f"{where} kernel")
    turned = _image_before(draft, source)
    if turned is not None:
        channels, *space = turned
        image = kernel.reshape(*space, channels, -1)
        kernel = np.moveaxis(image, -2, 0).reshape(kernel.shape)
    weight = np.ascontiguousarray(kernel.T)
    if layer.bias is None:
        return draft.add(Node(name, "Linear", {"weight": weight}), source)
    bias = numbers(_value(layer.bias), f"{where} bias")
    return draft.add(Node(name, "Affine", {"weight": weight, "bias": bias}), source)


def _conv(draft: Draft, name: str, layer: Any, source: str) -> str:
    kernel = numbers(_value(layer.kernel), f"layer {name!r}: its kernel")
    axes = kernel.ndim - 2
    if axes not in (1, 2) or np.any(np.array(layer.input_dilation) != 1):
        raise UnsupportedError(f"layer {name!r}: a convolution of {axes} axes, or input_dilation.")
    bias = None if layer.bias is None else numbers(_value(layer.bias), f"layer {name!r}: its bias")
    values = {
        "weight": np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1))),
        "bias": bias,
        "stride": np.array(layer.strides if layer.strides is not None else 1),
        "padding": _padding(name, layer.padding),
        "dilation": np.array(layer.kernel_dilation if layer.kernel_dilation is not None else 1),
        "groups": np.array(layer.feature_group_count),
    }
    return draft.add(Node(name, f"Conv{axes}d", values), source)


def _padding(name: str, given: Any) -> Any:
    """Padding as NIR has it: the same on both sides, or a word."""
    if isinstance(given, str):
        if given.upper() not in ("SAME", "VALID"):
            raise UnsupportedError(f"layer {name!r}: padding {given!r}.")
        return given.lower()
    pairs = np.array(given)
    if pairs.ndim == 2 and (pairs[:, 0] != pairs[:, 1]).any():
        raise UnsupportedError(f"layer {name!r}: padding that differs between two sides.")
    return pairs[:, 0] if pairs.ndim == 2 else pairs


def _sum_pool(draft: Draft, name: str, layer: Any, source: str) -> str:
    if str(layer.padding).upper() != "VALID":
        raise UnsupportedError(f"layer {name!r}: padding 'SAME'.", hint="Use 'VALID'.")
    values = {
        "kernel_size": np.array(layer.window_shape),
        "stride": np.array(layer.strides),
        "padding": np.array(0),
    }
    return draft.add(Node(name, "SumPool2d", values), source)


def _flatten(draft: Draft, name: str, layer: Any, source: str) -> str:
    del layer
    if len(draft.shape(source)) == 1:
        return source
    values = {"start_dim": np.array(0), "end_dim": np.array(-1)}
    return draft.add(Node(name, "Flatten", values), source)


def _dropout(draft: Draft, name: str, layer: Any, source: str) -> str:
    del draft
    if layer.rate > 0 and not layer.deterministic:
        raise UnsupportedError(
            f"layer {name!r}: a Dropout that is active.", hint="Call model.eval() first."
        )
    return source


def _neuron(draft: Draft, name: str, layer: Any, source: str) -> str:
    cell = cell_of(type(layer).__name__)
    if cell.spike is not None:
        _check(name, layer)
    return draft.add(cell_node(name, cell, _numbers(name, layer, cell)), source)


def _recurrent(draft: Draft, name: str, layer: Any, source: str) -> str:
    """The neuron as it crosses its threshold, and as Spyx shows its spikes."""
    _check(name, layer)
    crossing, cell = f"{name}.crossing", cell_of(type(layer).__name__)
    draft.add(cell_node(crossing, cell, _numbers(name, layer, cell)), source)
    kernel = numbers(_value(layer.recurrent_w), f"layer {name!r}: its recurrent_w")
    back = Node(f"{name}.w_rec", "Linear", {"weight": np.ascontiguousarray(kernel.T)})
    draft.nodes[back.name] = back
    draft.edges += [(crossing, back.name), (back.name, crossing)]
    delay = draft.delay(f"{name}.delay")
    draft.edges.append((crossing, delay))
    return draft.add(Node(name, "Threshold", {"threshold": np.array(0.5)}), delay)


def _check(name: str, layer: Any) -> None:
    """The activation must be a step at zero."""
    tried = np.array([-1e3, -1.0, -1e-30, 0.0, 1e-30, 0.4, 1.0, 1e3], np.float32)
    found = np.asarray(layer.spike(tried))
    if not np.array_equal(found, (tried > 0).astype(found.dtype)):
        raise UnsupportedError(
            f"layer {name!r}: its activation does not put out 1 above the threshold and 0 elsewhere."
        )


def _numbers(name: str, layer: Any, cell: CellType) -> dict[str, NDArray[Any]]:
    """Parameters as Spyx uses them: decays clipped to 0 … 1, channels first."""
    found = {}
    for parameter in cell.parameters:
        given = _value(getattr(layer, parameter.name))
        array = numbers(given, f"layer {name!r}: its {parameter.name}")
        if parameter.name != "threshold":
            array = np.clip(array, 0, 1)
        found[parameter.name] = np.moveaxis(array, -1, 0) if array.ndim > 1 else array
    return found


SPYX = Framework(
    name="spyx",
    title="Spyx",
    layers={
        "Linear": _linear,
        "Conv": _conv,
        "SumPool": _sum_pool,
        "Flatten": _flatten,
        "Dropout": _dropout,
        **dict.fromkeys(("IF", "LIF", "CuBaLIF", "ALIF", "LI"), _neuron),
        **dict.fromkeys(("RIF", "RLIF", "RCuBaLIF"), _recurrent),
    },
    chains=frozenset({"Sequential"}),
    default_dt=DT,
    shared=("flax.",),
    reasons={
        "PSU_LIF": "it sums all steps at once, in another order",
        "AssociativeLIF": "it sums all steps at once, in another order",
        "ResonateFire": "it has a complex state",
    },
)
