"""snnTorch: its neurons as cells with its own step, bit for bit.

Source: snntorch 1.0.0, ``_neurons/*.py``.  All but Alpha are ``v = beta * v + input``; they differ in what
a reset does and in its place in the step.  By default a reset acts at the beginning of the next step; with
``reset_delay=False`` at once, but a membrane that is still above its threshold is reset again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import UnsupportedError
from neuro.formats.frameworks.draft import Draft
from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.probe import fires_above
from neuro.formats.frameworks.tensors import numbers
from neuro.formats.frameworks.torch_layers import (
    TORCH_LAYERS,
    TORCH_REASONS,
    convolution,
    matrix,
    scaled,
)
from neuro.formats.nir.graph import Node
from neuro.formats.nir.own_cells import cell_node
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type

DT = 1e-4
"""snnTorch has no length of a step; this is what its own exporter writes."""

INTEGRATE = {
    "Leaky": "v = beta * v + input",
    "RLeaky": "v = beta * v + input + recurrent",
    "Synaptic": "i = alpha * i + input\nv = beta * v + i",
    "RSynaptic": "i = alpha * i + input + recurrent\nv = beta * v + i",
    "Lapicque": "v = input * resistance * rate * time_step + decay * v",
}
_PARAMETERS = {
    "Leaky": ("beta",),
    "RLeaky": ("beta",),
    "Synaptic": ("alpha", "beta"),
    "RSynaptic": ("alpha", "beta"),
    "Lapicque": ("resistance", "rate", "time_step", "decay"),
}


@lru_cache(maxsize=64)
def cell_of(kind: str, reset: str, *, delayed: bool) -> CellType:
    """The cell type of a neuron other than Alpha.

    Parameters
    ----------
    kind
        Name of snnTorch's class.
    reset
        Its ``reset_mechanism``.
    delayed
        Its ``reset_delay``.
    """
    before, after = _pending(kind, reset)
    at_once = not delayed and reset != "none"
    steps = ["z = 1 if v > threshold else 0"] if reset != "none" else []
    steps += [before, INTEGRATE[kind], after]
    if at_once:
        steps += ["s = 1 if v > threshold else 0"]
        steps += [f"v = v - (s - z) * {'threshold' if reset == 'subtract' else 'v'}"]
    state = "v : 1\n" + ("i : 1\n" if "Synaptic" in kind else "") + ("s : 1" if at_once else "")
    return cell_type(
        f"snntorch_{kind}_{reset}" + ("_at_once" if at_once else ""),
        parameters="\n".join(f"{name} : 1" for name in (*_PARAMETERS[kind], "threshold")),
        state=state,
        ports="input : 1" + ("\nrecurrent : 1" if kind.startswith("R") else ""),
        update="\n".join(step for step in steps if step),
        spike="s > 0.5" if at_once else "v > threshold",
    )


def _pending(kind: str, reset: str) -> tuple[str, str]:
    """What a reset that is due does before and after the integration."""
    if reset == "none":
        return "", ""
    if reset == "subtract":
        return "", "v = v - z * threshold"
    return ("v = (1 - z) * v", "") if kind == "Leaky" else ("", "v = v - z * v")


_ALPHA_RESETS = {
    "subtract": (
        "excited - z * threshold",
        "inhibited - z * (beta * inhibition - input)",
        "v + z * inhibition",
    ),
    "zero": ("excited - z * excited", "inhibited - z * inhibited", "v - z * v"),
    "none": ("excited", "inhibited", "v"),
}


@lru_cache(maxsize=4)
def alpha_cell(reset: str) -> CellType:
    """The cell type of Alpha: the difference of two currents."""
    excitation, inhibition, membrane = _ALPHA_RESETS[reset]
    due = "" if reset == "none" else "z = 1 if v > threshold else 0"
    return cell_type(
        f"snntorch_Alpha_{reset}",
        parameters="alpha : 1\nbeta : 1\ntau_alpha : 1\nthreshold : 1",
        state="v : 1\nexcitation : 1\ninhibition : 1",
        ports="input : 1",
        update=f"""
            {due}
            excited = alpha * excitation + input
            inhibited = beta * inhibition - input
            v = tau_alpha * (excited + inhibited)
            v = {membrane}
            excitation = {excitation}
            inhibition = {inhibition}
        """,
        spike="v > threshold",
    )


def _neuron(draft: Draft, name: str, layer: Any, source: str) -> str:
    _check(name, layer)
    cell = cell_of(type(layer).__name__, layer.reset_mechanism, delayed=_delayed(layer))
    draft.add(cell_node(name, cell, _numbers(name, layer)), source)
    return _graded(draft, name, layer)


def _alpha(draft: Draft, name: str, layer: Any, source: str) -> str:
    _check(name, layer)
    cell = alpha_cell(layer.reset_mechanism)
    draft.add(cell_node(name, cell, _numbers(name, layer)), source)
    return _graded(draft, name, layer)


def _recurrent(draft: Draft, name: str, layer: Any, source: str) -> str:
    """A neuron, and what it sends to itself."""
    if type(layer).__name__ == "RSynaptic" and not layer.reset_delay:
        raise UnsupportedError(
            f"layer {name!r}: RSynaptic with reset_delay=False does not run in snnTorch 1.0.0."
        )
    shown = _neuron(draft, name, layer, source)
    back = _back(draft, f"{name}.w_rec", layer.recurrent, shown)
    draft.nodes[back.name] = back
    draft.edges += [(shown, back.name), (back.name, name)]
    return shown


def _back(draft: Draft, name: str, recurrent: Any, shown: str) -> Node:
    kind = type(recurrent).__name__
    if kind == "Linear":
        return matrix(name, recurrent.weight, recurrent.bias)
    if kind == "Conv2d":
        return convolution(name, recurrent)
    factor = numbers(recurrent.V, f"layer {name!r}: its V")
    full = factor if factor.size == 1 else np.broadcast_to(factor, draft.shape(shown))
    return Node(name, "Scale", {"scale": np.array(full)})


def _graded(draft: Draft, name: str, layer: Any) -> str:
    """Spikes times their factor."""
    factor = numbers(layer.graded_spikes_factor, f"layer {name!r}: its graded_spikes_factor")
    if not _delayed(layer) and not factor.all():
        raise UnsupportedError(
            f"layer {name!r}: with reset_delay=False snnTorch divides by graded_spikes_factor, "
            "which is 0."
        )
    if factor.ndim and factor.size > 1 and draft.shape_if_known(name) is None:
        raise UnsupportedError(f"layer {name!r}: a factor per neuron inside a loop of layers.")
    return scaled(draft, f"{name}.graded", factor, name)


def _delayed(layer: Any) -> bool:
    """Lapicque and Alpha have no reset_delay: their resets wait for the next step."""
    return bool(getattr(layer, "reset_delay", True))


def _check(name: str, layer: Any) -> None:
    if layer.inhibition or layer.state_quant:
        raise UnsupportedError(f"layer {name!r}: inhibition or quantised state.")
    if not fires_above(layer.spike_grad, layer.threshold):
        raise UnsupportedError(
            f"layer {name!r}: its spike_grad does not put out 1 above the threshold and 0 elsewhere."
        )


def _numbers(name: str, layer: Any) -> dict[str, NDArray[Any]]:
    """Parameters as snnTorch uses them, decays clipped to 0 … 1."""
    where = f"layer {name!r}: its"
    found = {"threshold": numbers(layer.threshold, f"{where} threshold")}
    kind = type(layer).__name__
    if kind == "Lapicque":
        return found | _circuit(layer, where)
    for key in ("alpha", "beta") if kind in ("Synaptic", "RSynaptic", "Alpha") else ("beta",):
        found[key] = np.clip(numbers(getattr(layer, key), f"{where} {key}"), 0, 1)
    if kind == "Alpha":
        alpha, beta = layer.alpha.clamp(0, 1).log(), layer.beta.clamp(0, 1).log()
        found["tau_alpha"] = numbers(alpha / (beta - alpha) + 1, f"{where} tau_alpha")
    return found


def _circuit(layer: Any, where: str) -> dict[str, NDArray[Any]]:
    """Lapicque's constants, computed by torch in its own order."""
    parts = {
        "resistance": layer.R,
        "rate": 1 / (layer.R * layer.C),
        "time_step": layer.time_step,
        "decay": 1 - layer.time_step / (layer.R * layer.C),
    }
    return {key: numbers(value, f"{where} {key}") for key, value in parts.items()}


def _stateful(module: Any) -> bool:
    """Neurons return their state too, unless they keep it hidden."""
    return hasattr(module, "init_hidden") and (not module.init_hidden or bool(module.output))


_PARALLEL = "it runs all steps at once"
_LSTM = "it is an LSTM, whose gates are not spikes"

SNNTORCH = Framework(
    name="snntorch",
    title="snnTorch",
    layers={
        **TORCH_LAYERS,
        "Leaky": _neuron,
        "Synaptic": _neuron,
        "Lapicque": _neuron,
        "Alpha": _alpha,
        "RLeaky": _recurrent,
        "RSynaptic": _recurrent,
    },
    chains=frozenset({"Sequential"}),
    stateful=_stateful,
    default_dt=DT,
    reasons={
        **TORCH_REASONS,
        "SLSTM": _LSTM,
        "SConv2dLSTM": _LSTM,
        "LeakyParallel": _PARALLEL,
        "StateLeaky": _PARALLEL,
        "AssociativeLeaky": _PARALLEL,
        "LinearLeaky": _PARALLEL,
    },
)
