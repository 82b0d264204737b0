"""A synapse whose weight never changes."""

from __future__ import annotations

from typing import Any

from neuro.ir.synapse import STATIC
from neuro.synapses.base import Synapse


class StaticSynapse(Synapse):
    """A fixed weight: each presynaptic spike adds ``weight`` to the port after ``delay``.

    Parameters
    ----------
    weight, delay, dendritic_delay_fraction
        As for `Synapse`.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(STATIC, **given)
