"""A synapse: a type of the IR with weight, delay and parameters, in the units that users write."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from neuro.errors import ParameterError, suggestion, unknown_name
from neuro.ir.synapse import SynapseType
from neuro.surface import Given


class Synapse:
    """Base of the library's synapses.

    Weights and amplitudes stay as given until a projection tells the unit of its port.

    Parameters
    ----------
    synapse_type
        The type of the IR.
    weight
        Initial weight, in the unit of the port; a number, one per synapse in the order of the
        connector, or a distribution (0).
    delay
        From spike to arrival, ms; a multiple of ``dt``.  None is one step.
    dendritic_delay_fraction
        How much of the delay lies behind the synapse, 0 to 1 (1, as in PyNN); the dendritic part
        is at least one step.
    **parameters
        Values of the type's parameters.

    Raises
    ------
    UnknownNameError
        If the synapse has no such parameter.
    """

    def __init__(
        self,
        synapse_type: SynapseType,
        *,
        weight: Given = 0.0,
        delay: Given | None = None,
        dendritic_delay_fraction: float = 1.0,
        **parameters: Given,
    ) -> None:
        known = [parameter.name for parameter in synapse_type.parameters]
        for name in parameters:
            if name not in known:
                raise unknown_name(name, known, kind="parameter", where=type(self).__name__)
        if not 0 <= dendritic_delay_fraction <= 1:
            raise ParameterError(
                f"is {dendritic_delay_fraction}.",
                where=f"{type(self).__name__}, dendritic_delay_fraction",
                hint="Use 0 to 1.",
            )
        self.synapse_type = synapse_type
        self.weight = weight
        self.delay = delay
        self.dendritic_delay_fraction = dendritic_delay_fraction
        self.parameters: Mapping[str, Given] = parameters

    def __repr__(self) -> str:
        values = {"weight": self.weight, "delay": self.delay, **self.parameters}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in values.items())})"


class CustomSynapse(Synapse):
    """A synapse of any type of the IR."""


def chosen(owner: str, option: str, value: str, known: Collection[str]) -> str:
    """`value` if it is one of `known`.

    Raises
    ------
    ParameterError
        If it is not; names the options.
    """
    if value not in known:
        hint = suggestion(value, known)
        raise ParameterError(f"there is no {option} {value!r}.", where=owner, hint=hint)
    return value
