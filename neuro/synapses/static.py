"""A synapse whose weight never changes."""

from __future__ import annotations

from neuro.ir.synapse import STATIC
from neuro.surface import Given
from neuro.synapses.base import Synapse


class StaticSynapse(Synapse):
    """A fixed weight: each presynaptic spike adds ``weight`` to the port after ``delay``.

    Parameters
    ----------
    weight, delay, dendritic_delay_fraction
        As for `Synapse`.
    """

    def __init__(self, **given: Given) -> None:
        super().__init__(STATIC, **given)
