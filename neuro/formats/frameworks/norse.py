"""Norse: its neurons as cells with its own step, bit for bit.

Source: norse 1.1.0, ``torch/functional/lif.py``, ``lif_box.py``, ``leaky_integrator.py``,
``leaky_integrator_box.py``, ``iaf.py``.  A gain is ``dt * tau_inv``, which Norse rounds to single precision
before it uses it; so is it taken here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from neuro.errors import ParameterError, UnsupportedError
from neuro.formats.frameworks.draft import Draft
from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.tensors import numbers
from neuro.formats.frameworks.torch_layers import TORCH_LAYERS, TORCH_REASONS, matrix
from neuro.formats.nir.own_cells import cell_node
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type

_DEFAULT_DT = 1e-3
_HEAVISIDE = ("heaviside", "super", "triangle", "tanh", "circ", "heavi_erfc", "adjoint")
_LIF = "v = v + g_mem * ((v_leak - v) + i)\ni = i - g_syn * i"
_STEPS = {
    "LIF": f"i = i + input\n{_LIF}",
    "LIFRecurrent": f"i = i + input + recurrent\n{_LIF}",
    "LI": f"i = i + input\n{_LIF}",
    "LIFBox": "v = v + g_mem * (input + v_leak - v)",
    "LIBox": "v = v + g_mem * ((v_leak - v) + input)",
    "IAF": "v = v + input",
}
_SPIKING = ("LIF", "LIFRecurrent", "LIFBox", "IAF")
_RESETS = {"value": "v = v_reset", "subtract": "v = v - threshold"}


@lru_cache(maxsize=16)
def cell_of(kind: str, reset: str = "value") -> CellType:
    """The cell type of a neuron.

    Parameters
    ----------
    kind
        Name of Norse's class without ``Cell``.
    reset
        ``"value"`` or ``"subtract"``.
    """
    spiking, current = kind in _SPIKING, "g_syn" in _STEPS[kind]
    names = [] if kind == "IAF" else ["v_leak", "g_mem"]
    names += ["g_syn"] * current + ["threshold", "v_reset"] * spiking
    word = kind.removesuffix("Recurrent")
    variant = ("_recurrent" if kind.endswith("Recurrent") else "") + f"_{reset}" * spiking
    return cell_type(
        f"norse_{word}{variant}",
        parameters="\n".join(f"{name} : 1" for name in names),
        state=f"v : 1 = {'v_reset' if kind == 'IAF' else 'v_leak'}" + "\ni : 1" * current,
        ports="input : 1" + ("\nrecurrent : 1" if kind.endswith("Recurrent") else ""),
        update=_STEPS[kind],
        spike="v > threshold" if spiking else None,
        reset=_RESETS[reset] if spiking else "",
    )


def _cell(draft: Draft, name: str, layer: Any, source: str) -> str:
    kind = _kind(layer)
    cell = cell_of(kind, _reset(name, layer))
    return draft.add(cell_node(name, cell, _numbers(name, layer, cell)), source)


def _recurrent(draft: Draft, name: str, layer: Any, source: str) -> str:
    """Input weights, the neuron, and what it sends to itself."""
    weighted = draft.add(matrix(f"{name}.w_in", layer.input_weights), source)
    shown = _cell(draft, name, layer, weighted)
    back = matrix(f"{name}.w_rec", layer.recurrent_weights)
    draft.nodes[back.name] = back
    draft.edges += [(shown, back.name), (back.name, shown)]
    return shown


def _weighted(draft: Draft, name: str, layer: Any, source: str) -> str:
    """A leaky integrator with input weights."""
    return _cell(draft, name, layer, draft.add(matrix(f"{name}.w_in", layer.input_weights), source))


def _lifted(draft: Draft, name: str, layer: Any, source: str) -> str:
    """A layer of torch applied to each step."""
    inner = layer.lifted_module
    kind = type(inner).__name__
    if kind not in TORCH_LAYERS:
        raise UnsupportedError(f"layer {name!r}: Lift of {kind}.", hint="Lift layers of torch.nn.")
    return TORCH_LAYERS[kind](draft, name, inner, source)


def _kind(layer: Any) -> str:
    """The word for a class: what it computes in one step."""
    name = type(layer).__name__.removesuffix("Cell").replace("Linear", "")
    return str(name)


def _reset(name: str, layer: Any) -> str:
    """What a spike does; only LIFBox can be told."""
    p = layer.p
    method = getattr(p, "method", "heaviside")
    if method not in _HEAVISIDE:
        raise UnsupportedError(f"layer {name!r}: the threshold function {method!r}.")
    given = getattr(p, "reset_method", None)
    if given is None:
        return "value"
    word = str(getattr(given, "__name__", "")).removeprefix("reset_")
    if word not in _RESETS or not str(given.__module__).startswith("norse."):
        raise UnsupportedError(f"layer {name!r}: a reset of its own, {word!r}.")
    return word


def _numbers(name: str, layer: Any, cell: CellType) -> dict[str, NDArray[Any]]:
    """Parameters, with gains as Norse rounds them."""
    where = f"layer {name!r}: its"
    p, dt = layer.p, layer.dt
    parts = {
        "v_leak": lambda: p.v_leak,
        "g_mem": lambda: dt * p.tau_mem_inv,
        "g_syn": lambda: dt * p.tau_syn_inv,
        "threshold": lambda: p.v_th,
        "v_reset": lambda: p.v_reset,
    }
    return {q.name: numbers(parts[q.name](), f"{where} {q.name}") for q in cell.parameters}


def steps_of(module: Any) -> Iterator[tuple[str, float]]:
    """The length of a step of each neuron in a module."""
    for name, part in module.named_modules():
        if hasattr(part, "dt") and type(part).__module__.startswith("norse."):
            yield name, float(part.dt)


def common_step(module: Any) -> float | None:
    """The length of a step of all neurons in a module.

    Raises
    ------
    ParameterError
        If neurons differ in it.
    """
    found = dict(steps_of(module))
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name!r}: {dt:g} s" for name, dt in found.items())
        raise ParameterError(
            f"its neurons have steps of different length ({listed}).",
            where="from_norse",
            hint="Give all of them the same dt.",
        )
    return next(iter(found.values()), None)


def _stateful(module: Any) -> bool:
    """Neurons return their state too; so do sequences of them."""
    return hasattr(module, "state_fallback") or type(module).__name__ in (
        "SequentialState",
        "LILinearCell",
    )


_EXP = "torch's exp differs in the last bit from machine to machine"
_NOT_YET = "it has no cell here yet"
_CELLS = ("LIFCell", "LIF", "LICell", "LI", "LIFBoxCell", "LIBoxCell", "IAFCell", "IAF")

NORSE = Framework(
    name="norse",
    title="Norse",
    layers={
        **TORCH_LAYERS,
        **dict.fromkeys(_CELLS, _cell),
        "LIFRecurrentCell": _recurrent,
        "LIFRecurrent": _recurrent,
        "LILinearCell": _weighted,
        "Lift": _lifted,
    },
    chains=frozenset({"Sequential", "SequentialState"}),
    stateful=_stateful,
    step=common_step,
    default_dt=_DEFAULT_DT,
    reasons={
        **TORCH_REASONS,
        **dict.fromkeys(("LIFAdExCell", "LIFAdEx", "LIFAdExRecurrentCell", "LIFExCell"), _EXP),
        **dict.fromkeys(("LIFRefracCell", "LSNNCell", "IzhikevichCell", "CobaLIFCell"), _NOT_YET),
    },
)
