"""The three ways of training: DSR, backpropagation through time, and online through time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from neuro.errors import ParameterError, UnsupportedError, unknown_name
from neuro.training.hlop.dsr import DSRIF, DSRLIF, DSRNeuron
from neuro.training.hlop.network import SpikingLayers
from neuro.training.hlop.products import is_steady
from neuro.training.hlop.rates import weighted_rate
from neuro.training.hlop.surrogate import OnlineLIF, SurrogateLIF

Update = Callable[[], None]
"""Changes the weights by the gradients there are, and clears these."""


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What a batch gave.

    Attributes
    ----------
    loss
        The loss.
    logits
        Shape (batch, classes).
    """

    loss: float
    logits: Tensor


class Rule(ABC):
    """A way of training layers.

    Parameters
    ----------
    steps
        How long an image is shown.

    Attributes
    ----------
    name
        Its name in settings.
    """

    name: ClassVar[str]

    def __init__(self, steps: int) -> None:
        if steps < 1:
            raise ParameterError(f"is {steps}.", where="steps", hint="Give 1 or more.")
        self.steps = steps

    @abstractmethod
    def neuron(self) -> nn.Module:
        """A layer of the cells that the rule trains."""

    @abstractmethod
    def answer(self, layers: SpikingLayers, images: Tensor) -> Tensor:
        """Logits of `images`, of shapes (batch, classes) and (batch, ...)."""

    @abstractmethod
    def learn(
        self, layers: SpikingLayers, images: Tensor, labels: Tensor, update: Update
    ) -> Learnt:
        """Learn from a batch; lateral circuits learn too, before `update` is called."""

    def check(self, feedback: str) -> None:
        """Refuse an error path that the rule does not have.

        Raises
        ------
        UnsupportedError
            If it has none of this kind.
        """
        del feedback

    def shown(self, images: Tensor) -> Tensor:
        """`images` in every step, without copies."""
        return images.expand(self.steps, *images.shape)


class _WholeTime(Rule):
    """Base of rules that see all steps before they learn."""

    @abstractmethod
    def rows(self, seen: Tensor) -> Tensor:
        """What lateral circuits learn from, of what a layer has seen; shape (steps, batch, ...)."""

    def learn(
        self, layers: SpikingLayers, images: Tensor, labels: Tensor, update: Update
    ) -> Learnt:
        """Learn from a batch; lateral circuits learn too, before `update` is called."""
        logits = self.answer(layers, images)
        loss = cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        for layer in layers.projected:
            layer.lateral.learn(layer.rows(self.rows(layer.seen)))
        update()
        return Learnt(loss.item(), logits.detach())


class DSR(_WholeTime):
    """Differentiation on spike representation: spikes forward, gradients of rates backward.

    Parameters
    ----------
    steps
        How long an image is shown (20).
    leaky
        False takes cells without a leak.
    threshold, alpha
        As for the cells (0.3, 0.3).
    """

    name = "dsr"

    def __init__(
        self, steps: int = 20, *, leaky: bool = True, threshold: float = 0.3, alpha: float = 0.3
    ) -> None:
        super().__init__(steps)
        self._kind: Callable[[float, float], DSRNeuron] = DSRLIF if leaky else DSRIF
        self._given = (threshold, alpha)
        self._decay = self._kind(threshold, alpha).decay

    def neuron(self) -> nn.Module:
        """A layer of the cells that the rule trains."""
        return self._kind(*self._given)

    def answer(self, layers: SpikingLayers, images: Tensor) -> Tensor:
        """Logits of `images`, of shapes (batch, classes) and (batch, ...)."""
        last, sent = layers.projected[-1], layers.before_last(self.shown(images))
        if last.lateral.spikes is not None:  # each step is rounded by itself
            return weighted_rate(last(sent), self._decay)
        made: Tensor = last(weighted_rate(sent, self._decay)[None])[0]
        return made

    def rows(self, seen: Tensor) -> Tensor:
        """What lateral circuits learn from, of what a layer has seen; shape (steps, batch, ...)."""
        return weighted_rate(seen, self._decay)[None]


class BPTT(_WholeTime):
    """Backpropagation through time with a surrogate gradient.

    Parameters
    ----------
    steps
        How long an image is shown (6).
    """

    name = "bptt"

    def __init__(self, steps: int = 6) -> None:
        super().__init__(steps)

    def neuron(self) -> nn.Module:
        """A layer of the cells that the rule trains."""
        return SurrogateLIF()

    def answer(self, layers: SpikingLayers, images: Tensor) -> Tensor:
        """Logits of `images`, of shapes (batch, classes) and (batch, ...)."""
        made: Tensor = layers(self.shown(images)).mean(0)
        return made

    def rows(self, seen: Tensor) -> Tensor:
        """What lateral circuits learn from, of what a layer has seen; shape (steps, batch, ...)."""
        return seen[:1] if is_steady(seen) else seen


class OTTT(Rule):
    """Online training through time: gradients of each step, with traces of spikes.

    Parameters
    ----------
    steps
        How long an image is shown (6).
    online
        True changes the weights after every step (OTTT_O); False after the last (OTTT_A).
    """

    name = "ottt"

    def __init__(self, steps: int = 6, *, online: bool = False) -> None:
        super().__init__(steps)
        self.online = online

    def check(self, feedback: str) -> None:
        """Refuse an error path other than ``"exact"``."""
        if feedback != "exact":
            raise UnsupportedError(
                f"ottt has no error path {feedback!r}.",
                hint="Use feedback='exact', or rule='dsr' or 'bptt'.",
            )

    def neuron(self) -> nn.Module:
        """A layer of the cells that the rule trains."""
        return OnlineLIF()

    def answer(self, layers: SpikingLayers, images: Tensor) -> Tensor:
        """Logits of `images`, of shapes (batch, classes) and (batch, ...)."""
        _begin(layers)
        made = [layers.step(images[None])[0] for _ in range(self.steps)]
        return torch.stack(made).mean(0)

    def learn(
        self, layers: SpikingLayers, images: Tensor, labels: Tensor, update: Update
    ) -> Learnt:
        """Learn from a batch; lateral circuits learn too, before `update` is called."""
        _begin(layers)
        total, losses = torch.zeros(()), 0.0
        for step in range(self.steps):
            logits = layers.step(images[None])[0]
            loss = cross_entropy(logits, labels) / self.steps
            loss.backward()  # type: ignore[no-untyped-call]
            self._let_learn(layers)
            if self.online or step == self.steps - 1:
                update()
            total, losses = total + logits.detach(), losses + loss.item()
        return Learnt(losses, total / self.steps)

    def _let_learn(self, layers: SpikingLayers) -> None:
        for layer, trace in zip(layers.projected, layers.traces(), strict=True):
            rows = layer.rows(layer.seen)
            if trace is not None:
                rows = torch.cat([rows, layer.rows(trace)])
            layer.lateral.learn(rows)


def _begin(layers: SpikingLayers) -> None:
    for neuron in layers.neurons:
        if isinstance(neuron, OnlineLIF):
            neuron.begin()


RULES: dict[str, Callable[..., Rule]] = {"dsr": DSR, "bptt": BPTT, "ottt": OTTT}
RuleName = Literal["dsr", "bptt", "ottt"]


def rule_of(name: str, feedback: str = "exact", **given: object) -> Rule:
    """The rule called `name`, if it has the error path `feedback`.

    Raises
    ------
    UnknownNameError
        If there is none.
    UnsupportedError
        If it does not have the error path.
    """
    if name not in RULES:
        raise unknown_name(name, RULES, kind="rule", where="rule")
    rule = RULES[name](**given)
    rule.check(feedback)
    return rule
