"""SpikingJelly: its neurons as cells with its own step, bit for bit.

Source: spikingjelly 2.0.0, ``_ops/if_``, ``_ops/lif``, ``_ops/plif`` (``charge`` and ``reset``) and
``activation_based/functional/neuron.py``.  A neuron fires at its threshold or above.  It makes no
difference whether a model takes a step at a time (``step_mode="s"``) or all of them (``"m"``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from neuro.errors import UnsupportedError
from neuro.formats.frameworks.draft import Draft
from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.probe import fires_from
from neuro.formats.frameworks.tensors import numbers
from neuro.formats.frameworks.torch_layers import TORCH_LAYERS, TORCH_REASONS
from neuro.formats.nir.own_cells import cell_node
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type

DT = 1e-4
"""SpikingJelly has no length of a step; this is what its own exporter writes."""

_CHARGES = {
    "IF": "v = v + input",
    "LIF_decayed": "v = v + (input - (v - rest)) / tau",
    "LIF_whole": "v = v - (v - rest) / tau + input",
    "PLIF_decayed": "v = v + (input - (v - rest)) * leak",
    "PLIF_whole": "v = v - (v - rest) * leak + input",
    "CUBALIF": "i = i * alpha + input\nv = v * beta + i",
}
_NAMES = {"IFNode": "IF", "LIFNode": "LIF", "ParametricLIFNode": "PLIF", "CUBALIFNode": "CUBALIF"}
_PARAMETERS = {"IF": (), "LIF": ("tau",), "PLIF": ("leak",), "CUBALIF": ("alpha", "beta")}


@lru_cache(maxsize=32)
def cell_of(kind: str, reset: str) -> CellType:
    """The cell type of a neuron.

    Parameters
    ----------
    kind
        What it does with its input: a key of the table above.
    reset
        ``"value"``: to ``v_reset``, which is also what it leaks to; ``"subtract"``.
    """
    hard = reset == "value"
    names = (
        *_PARAMETERS[kind.split("_", maxsplit=1)[0]],
        "threshold",
        *(["v_reset"] if hard else []),
    )
    return cell_type(
        f"spikingjelly_{kind}_{reset}",
        parameters="\n".join(f"{name} : 1" for name in names),
        state=f"v : 1 = {'v_reset' if hard else '0'}" + "\ni : 1" * (kind == "CUBALIF"),
        ports="input : 1",
        update=_CHARGES[kind].replace("rest", "v_reset" if hard else "0"),
        spike="v >= threshold",
        reset="v = v_reset" if hard else "v = v - threshold",
    )


def _neuron(draft: Draft, name: str, layer: Any, source: str) -> str:
    _check(name, layer)
    kind = _NAMES[type(layer).__name__]
    if kind in ("LIF", "PLIF"):
        kind += "_decayed" if layer.decay_input else "_whole"
    cell = cell_of(kind, "subtract" if layer.v_reset is None else "value")
    return draft.add(cell_node(name, cell, _numbers(name, layer, cell)), source)


def _check(name: str, layer: Any) -> None:
    if getattr(layer, "_neuron_precision", None) is not None:
        raise UnsupportedError(f"layer {name!r}: a precision of its own.")
    if not fires_from(layer.surrogate_function, None):
        raise UnsupportedError(
            f"layer {name!r}: its surrogate does not put out 1 from the threshold on and 0 below.",
            hint="Use a surrogate with spiking=True.",
        )


def _numbers(name: str, layer: Any, cell: CellType) -> dict[str, NDArray[Any]]:
    parts = {
        "threshold": lambda: layer.v_threshold,
        "v_reset": lambda: layer.v_reset,
        "tau": lambda: layer.tau,
        "leak": lambda: layer.w.detach().sigmoid(),
        "alpha": lambda: layer.c_decay,
        "beta": lambda: layer.v_decay,
    }
    where = f"layer {name!r}: its"
    return {q.name: numbers(parts[q.name](), f"{where} {q.name}") for q in cell.parameters}


_EXP = "torch's exp differs in the last bit from machine to machine"

SPIKINGJELLY = Framework(
    name="spikingjelly",
    title="SpikingJelly",
    layers={**TORCH_LAYERS, **dict.fromkeys(_NAMES, _neuron)},
    chains=frozenset(
        {"Sequential", "SeqToANNContainer", "MultiStepContainer", "StepModeContainer"}
    ),
    default_dt=DT,
    reasons={
        **TORCH_REASONS,
        "EIFNode": _EXP,
        "LinearRecurrentContainer": "only chains and modules with a forward of their own",
        "ElementWiseRecurrentContainer": "only chains and modules with a forward of their own",
    },
)
