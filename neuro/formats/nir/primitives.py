"""The primitives of NIR 1.0.8: what each is here, and which values it must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["input", "output", "identity", "linear", "delay", "cell", "graph"]


@dataclass(frozen=True, slots=True)
class Primitive:
    """One primitive.

    Attributes
    ----------
    role
        What becomes of it: a source, an output, nothing, a linear map, steps of delay, a population,
        or a graph inside the graph.
    required
        Values that it must have.
    parameters
        Of a cell: numbers per neuron, with their defaults (None: required).
    spikes
        True for a cell that spikes; the others pass their state on.
    times
        Values that are times, hence in the file's unit of time.
    optional
        Numbers that it may have besides.
    """

    role: Role
    required: tuple[str, ...] = ()
    parameters: tuple[tuple[str, float | None], ...] = ()
    spikes: bool = False
    times: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        """Values that must hold numbers where they are given."""
        return (*self.required, *(name for name, _ in self.parameters), *self.optional)

    @property
    def needed(self) -> tuple[str, ...]:
        """Values that must be given."""
        return (*self.required, *(name for name, default in self.parameters if default is None))


_MEMBRANE = (("tau", None), ("r", None), ("v_leak", None))
_SYNAPSE = (("tau_syn", None), ("tau_mem", None), ("r", None), ("v_leak", None), ("w_in", 1.0))
_SPIKE = (("v_threshold", None), ("v_reset", 0.0))
_WINDOW = ("kernel_size", "stride", "padding")
_KERNEL = ("weight", "stride", "padding", "dilation", "groups")
_CUBA = ("tau_syn", "tau_mem")

PRIMITIVES: dict[str, Primitive] = {
    "Input": Primitive("input", ("shape",)),
    "Output": Primitive("output", optional=("shape",)),
    "Identity": Primitive("identity"),
    "Flatten": Primitive("identity", optional=("start_dim", "end_dim")),
    "Linear": Primitive("linear", ("weight",)),
    "Affine": Primitive("linear", ("weight", "bias")),
    "Scale": Primitive("linear", ("scale",)),
    "Conv1d": Primitive("linear", _KERNEL, optional=("bias",)),
    "Conv2d": Primitive("linear", _KERNEL, optional=("bias",)),
    "SumPool2d": Primitive("linear", _WINDOW),
    "AvgPool2d": Primitive("linear", _WINDOW),
    "Delay": Primitive("delay", ("delay",), times=("delay",)),
    "Threshold": Primitive("cell", parameters=(("threshold", None),), spikes=True),
    "I": Primitive("cell", parameters=(("r", None),)),
    "IF": Primitive("cell", parameters=(("r", None), *_SPIKE), spikes=True),
    "LI": Primitive("cell", parameters=_MEMBRANE, times=("tau",)),
    "LIF": Primitive("cell", parameters=(*_MEMBRANE, *_SPIKE), spikes=True, times=("tau",)),
    "CubaLI": Primitive("cell", parameters=_SYNAPSE, times=_CUBA),
    "CubaLIF": Primitive("cell", parameters=(*_SYNAPSE, *_SPIKE), spikes=True, times=_CUBA),
    "NIRGraph": Primitive("graph"),
}
"""All primitives by the name that files have for them."""

OWN: dict[str, Primitive] = {
    "SpikingCell": Primitive("cell", spikes=True),
    "GradedCell": Primitive("cell"),
}
"""Cells of live modules, which bring their own cell type; no file has them."""


def primitive(kind: str) -> Primitive:
    """What is known of a primitive, or of a cell that brings its own type."""
    return OWN[kind] if kind in OWN else PRIMITIVES[kind]
