"""Numbers of cells: broadcast, converted to seconds, and checked for what cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from neuro.errors import FileFormatError, Finding, ParameterError
from neuro.formats.nir.flow import seconds_per
from neuro.formats.nir.graph import Node, warning
from neuro.formats.nir.profiles import Conventions
from neuro.formats.nir.shapes import Shape, numbers

LONGEST = 1.0
"""A time constant of this many seconds or more is probably in another unit."""


def cell_parameters(node: Node, shape: Shape, conventions: Conventions) -> dict[str, Any]:
    """Values of a cell's parameters: one number, or one per neuron.

    Raises
    ------
    FileFormatError
        If a time constant is zero or negative.
    """
    assert conventions.dt is not None
    factor = seconds_per(conventions.time_unit, conventions.dt)
    result: dict[str, Any] = {}
    for name, default in node.primitive.parameters:
        value = numbers(node, name, default)
        if name in node.primitive.times:
            _check_positive(node, name, value)
            value = value if factor == 1.0 else value.astype(np.float64) * factor
        elif name == "r" and node.kind in ("I", "IF") and conventions.integrator == "dt":
            value = value if factor == 1.0 else value.astype(np.float64) / factor
        result[name] = shortest(value, shape)
    return result


def shortest(value: Any, shape: Shape) -> Any:
    """One number if all are equal, else one per neuron."""
    flat = value.reshape(-1)
    if (flat == flat[0]).all() and not (np.signbit(flat) != np.signbit(flat[0])).any():
        return float(flat[0])
    size = prod(shape)
    if flat.size == size:
        return flat if flat.dtype.kind == "f" else flat.astype(np.float64)
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0]
    return np.broadcast_to(value, shape).reshape(-1).astype(np.float64)


def _check_positive(node: Node, name: str, value: Any) -> None:
    if (value <= 0).any():
        raise FileFormatError(
            f"its {name} is {float(value.min()):g}.",
            where=node.where,
            hint="Time constants are above zero.",
        )


def check_conventions(node: Node, values: dict[str, Any], conventions: Conventions) -> None:
    """Refuse parameters that a framework's conventions cannot take.

    Raises
    ------
    ParameterError
        Names the parameter and the convention.
    """
    reset = np.asarray(values.get("v_reset", 0.0))
    if node.kind == "Threshold":
        return
    if reset.any() and conventions.reset == "value" and conventions.when != "now":
        raise ParameterError(
            f"v_reset is not 0, but with when={conventions.when!r} a reset is to 0.",
            where=node.where,
            hint="Give when='now'.",
        )
    spiking = node.primitive.spikes and node.kind != "IF"
    if conventions.unit_gain and spiking and np.any(values["v_leak"]):
        raise ParameterError(
            "v_leak is not 0; with unit_gain, as in snnTorch, there is none.",
            where=node.where,
            hint="Give unit_gain=False.",
        )
    if conventions.unit_gain and spiking and not np.all(_gain(values)):
        raise ParameterError(
            "r or w_in is 0, so the threshold cannot be divided by the gain.",
            where=node.where,
            hint="Give unit_gain=False.",
        )


def _gain(values: dict[str, Any]) -> Any:
    return np.multiply(values["r"], values.get("w_in", 1.0))


def odd_parameters(
    node: Node, values: dict[str, Any], conventions: Conventions
) -> Iterator[Finding]:
    """Warnings about values that may be in another unit, or that change what was meant."""
    assert conventions.dt is not None
    for name in node.primitive.times:
        tau = np.asarray(values[name], np.float64)
        yield from _odd_time(node, name, float(tau.min()), float(tau.max()), conventions)
    if conventions.reset != "value" and np.any(values.get("v_reset", 0.0)):
        what = f"v_reset is not 0, but reset={conventions.reset!r} takes no notice of it."
        yield warning(node.where, what, rule="unused-reset")


def _odd_time(
    node: Node, name: str, low: float, high: float, conventions: Conventions
) -> Iterator[Finding]:
    dt, unit = conventions.dt or 1.0, conventions.time_unit
    if unit == "s" and high >= LONGEST:
        what = f"{name} is up to {high:g} s; that looks like steps or milliseconds."
        hint = "If so, give time_unit='steps' or time_unit='ms'."
        yield warning(node.where, what, hint, rule="time-unit")
    elif low < dt and (unit != "s" or conventions.scheme == "euler"):
        what = f"{name} is {low:g} s, shorter than a step of {dt:g} s."
        hint = "Is it in another unit (time_unit=), or dt too long?"
        yield warning(node.where, what, hint, rule="time-unit")
