"""What is trained: a module, data, a loss, a measure, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from neuro.errors import ParameterError
from neuro.training.measures import Measure
from neuro.training.trainable import Trainable

Inputs = Mapping[str, Tensor]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Columns and rows."""


class Data(Protocol):
    """Samples by number."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def batch(self, index: Tensor, generator: torch.Generator) -> tuple[Inputs, Tensor]:
        """Inputs by name, of shape (steps, batch, n), and labels, such as of shape (batch,).

        Parameters
        ----------
        index
            Which samples.
        generator
            For encodings that draw numbers.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train.

    Attributes
    ----------
    epochs, batch
        Passes over the data, and samples of a step of each process.
    learning_rate, optimiser, momentum, weight_decay
        Of the optimiser; `momentum` is of ``"sgd"``.
    schedule
        ``"constant"``, or ``"cosine"`` down to zero.
    clip
        Largest norm of the gradient; 0 does not clip.
    patience
        Epochs without a better validation score before stopping; 0 goes on to the end.
    seed
        Of the order of samples and of encodings.
    """

    epochs: int = 10
    batch: int = 128
    learning_rate: float = 1e-3
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    clip: float = 0.0
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise ParameterError(
                    f"is {getattr(self, name)}.", where=name, hint="Give 1 or more."
                )
        if not self.learning_rate > 0:
            raise ParameterError(
                f"is {self.learning_rate}.", where="learning_rate", hint="Give a positive number."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """Something to train.

    Attributes
    ----------
    name
        Shown while it runs.
    module
        The network.
    train, validation, test
        Data; the score on `validation` decides which epoch is best.
    loss, measure
        What is made small, and what is reported and decides which epoch is best.
    settings
        How.
    facts
        What a report should say besides.
    closing
        More of these, made when the module holds the best values.
    """

    name: str
    module: Trainable
    train: Data
    validation: Data
    test: Data | None
    loss: Callable[[Any, Tensor], Tensor]
    measure: Measure
    settings: Settings
    facts: Mapping[str, Any] = field(default_factory=dict)
    closing: Callable[[], Mapping[str, Any]] = dict

    def line(self, row: Mapping[str, Any]) -> str:
        """A row of the log as people read it."""
        rates = "  ".join(f"{name} {rate:.3f}" for name, rate in row["rates"].items())
        measure = self.measure
        return (
            f"epoch {row['epoch'] + 1:>3}  loss {row['loss']:.4f}  "
            f"{measure.name.replace('_', ' ')} {measure.text(row[measure.name])}  "
            f"validation {measure.text(row[f'validation_{measure.name}'])}  "
            f"spikes a step: {rates}  ({row['seconds']:.1f} s)"
        )

    def table(self, summary: Mapping[str, Any]) -> Table:
        """A summary as people read it: columns and rows."""
        rows = [(key.replace("_", " "), _text(value)) for key, value in summary.items()]
        return ("what", "value"), rows


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
