"""How good a module is: what is reported, and what decides which epoch is best."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from neuro.training.losses import Answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """A number whose mean over samples says how good a module is.

    Attributes
    ----------
    name
        Such as ``"accuracy"``.
    of
        From an output and labels to one number a sample, or a token; any shape.
    lower_is_better
        Whether the best epoch is the one with the lowest mean.
    percent
        Whether people read it in percent.
    """

    name: str
    of: Callable[[Any, Tensor], Tensor]
    lower_is_better: bool = False
    percent: bool = False

    @property
    def worst(self) -> float:
        """What any value is better than."""
        return math.inf if self.lower_is_better else -math.inf

    def is_better(self, value: float, than: float) -> bool:
        """Whether `value` beats `than`."""
        return value < than if self.lower_is_better else value > than

    def text(self, value: float) -> str:
        """`value` as people read it."""
        return f"{100 * value:.2f} %" if self.percent else f"{value:.4f}"


def accuracy(answer: Answer) -> Measure:
    """The share of samples whose answer is their label."""
    return Measure(
        name="accuracy", of=lambda output, labels: answer(output) == labels, percent=True
    )
