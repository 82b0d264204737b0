"""How a continual run is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from neuro.errors import ParameterError, unknown_name
from neuro.training.hlop.feedback import PATHS, Feedback
from neuro.training.hlop.lateral import LateralSpikes
from neuro.training.hlop.rules import RULES, Rule, RuleName, rule_of

Method = Literal["none", "ewc", "hlop", "joint"]
METHODS: tuple[Method, ...] = ("none", "ewc", "hlop", "joint")
"""No protection, elastic weight consolidation, HLOP, and all tasks at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train; the defaults are those of HLOP's reference code for permuted MNIST.

    Attributes
    ----------
    method
        ``"none"``, ``"ewc"``, ``"hlop"`` or ``"joint"``.
    rule
        ``"dsr"``, ``"bptt"`` or ``"ottt"``.
    steps
        How long an image is shown; 0 takes the rule's default.
    leaky
        False takes DSR's cells without a leak.
    online
        True changes weights after every step (OTTT only).
    feedback
        ``"exact"``, ``"alignment"`` or ``"sign"``.
    hidden
        Cells of each hidden layer.
    epochs, batch, learning_rate
        Of each task; plain gradient descent.
    first_rows
        Rows of the lateral circuits in the first task, one number a layer.
    later_rows
        Rows added to every layer in each later task; the last number goes on.
    lateral_rates
        Of the lateral circuits, one a layer.
    lateral_momentum, lateral_iterations, lateral_limit
        As for `Lateral`.
    lateral_apart
        True draws the rows of a task orthogonal to those of older tasks, which matters where tasks
        are short; see `Lateral`.
    lateral_steps, lateral_scale, lateral_simulated
        As for `LateralSpikes`; 0 steps send values as they are.
    replay
        Samples of each class that are kept of each task, and seen again after later tasks; 0 for none.
    replay_epochs, replay_rate
        Epochs and learning rate of that.
    ewc_strength
        Weight of the penalty; 0 chooses it on a held-out part of the first tasks.
    ewc_samples
        Samples from which the importance of weights is estimated.
    seed
        Of weights, rows, the order of samples.
    """

    method: Method = "hlop"
    rule: RuleName = "dsr"
    steps: int = 0
    leaky: bool = True
    online: bool = False
    feedback: Feedback = "exact"
    hidden: Sequence[int] = (800, 800)
    epochs: int = 1
    batch: int = 64
    learning_rate: float = 0.1
    first_rows: Sequence[int] = (80, 200, 100)
    later_rows: Sequence[int] = (70, 70, 50, 50, 50, 30, 30, 30, 10)
    lateral_rates: Sequence[float] = (0.001, 0.01, 0.01)
    lateral_momentum: float = 0.9
    lateral_iterations: int = 5
    lateral_limit: float = 10.0
    lateral_apart: bool = False
    lateral_steps: int = 0
    lateral_scale: float = 20.0
    lateral_simulated: bool = False
    replay: int = 0
    replay_epochs: int = 1
    replay_rate: float = 0.01
    ewc_strength: float = 0.0
    ewc_samples: int = 1000
    seed: int = 2022

    def __post_init__(self) -> None:
        for name, known in (("method", METHODS), ("rule", RULES), ("feedback", PATHS)):
            if getattr(self, name) not in known:
                raise unknown_name(getattr(self, name), known, kind=name, where="settings")
        for name in ("epochs", "batch", "lateral_iterations", "ewc_samples", "replay_epochs"):
            _require(name, getattr(self, name), least=1)
        for name in ("steps", "lateral_steps", "replay", "ewc_strength"):
            _require(name, getattr(self, name), least=0)
        if not self.learning_rate > 0:
            raise ParameterError(
                f"is {self.learning_rate}.", where="learning_rate", hint="Give a positive number."
            )
        layers = len(self.hidden) + 1
        for name in ("first_rows", "lateral_rates"):
            if len(getattr(self, name)) != layers:
                raise ParameterError(
                    f"has {len(getattr(self, name))} numbers for {layers} layers.",
                    where=name,
                    hint="Give one a layer.",
                )
        if self.online and self.rule != "ottt":
            raise ParameterError(
                f"is set with rule {self.rule!r}.", where="online", hint="It is for rule=ottt."
            )
        self.chosen_rule()

    def chosen_rule(self) -> Rule:
        """The rule, with its options.

        Raises
        ------
        UnsupportedError
            If it does not have the error path.
        """
        options: dict[str, object] = {"steps": self.steps} if self.steps else {}
        if self.rule == "dsr":
            options["leaky"] = self.leaky
        if self.rule == "ottt":
            options["online"] = self.online
        return rule_of(self.rule, self.feedback, **options)

    def lateral_spikes(self) -> LateralSpikes | None:
        """How lateral neurons spike."""
        if not self.lateral_steps:
            return None
        return LateralSpikes(
            steps=self.lateral_steps, scale=self.lateral_scale, simulated=self.lateral_simulated
        )

    def rows(self, task: int) -> list[int]:
        """Rows to add for `task`, one number a layer."""
        if self.method != "hlop":
            return [0] * (len(self.hidden) + 1)
        if not task:
            return list(self.first_rows)
        later = self.later_rows or [0]
        return [later[min(task, len(later)) - 1]] * (len(self.hidden) + 1)


def _require(name: str, value: float, *, least: int) -> None:
    if value < least:
        raise ParameterError(f"is {value}.", where=name, hint=f"Give {least} or more.")
