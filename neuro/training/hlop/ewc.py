"""Elastic weight consolidation: weights that mattered for old tasks are held by springs.

J. Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 114 (2017).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from neuro.training.hlop.network import SpikingLayers
from neuro.training.hlop.rules import Rule

STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
"""Among which one is chosen where none is given."""


class Springs:
    r"""The penalty :math:`\frac{\lambda}{2} \sum_k F_k (\theta - \theta_k)^2` of old tasks k.

    Parameters
    ----------
    strength
        :math:`\lambda`.

    Attributes
    ----------
    stiffness, pull
        Sums over old tasks of F and of F times the weights at their end, by parameter.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.stiffness: dict[str, Tensor] = {}
        self.pull: dict[str, Tensor] = {}

    def hold(self, layers: nn.Module, importance: dict[str, Tensor]) -> None:
        """Add springs at where the weights are now."""
        for name, parameter in layers.named_parameters():
            if name not in importance:
                continue
            own = importance[name]
            pulled = own * parameter.detach()
            known = name in self.stiffness
            self.stiffness[name] = self.stiffness[name] + own if known else own
            self.pull[name] = self.pull[name] + pulled if known else pulled

    @torch.no_grad()
    def relax(self, layers: nn.Module, rate: float) -> None:
        """Let the springs pull for one step of gradient descent.

        The step is implicit, so that it is stable however stiff they are.
        """
        for name, parameter in layers.named_parameters():
            if name not in self.stiffness:
                continue
            scale = rate * self.strength
            stiffness, pull = self.stiffness[name], self.pull[name]
            parameter.add_(scale * pull).div_(1 + scale * stiffness)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint keeps."""
        return {"stiffness": dict(self.stiffness), "pull": dict(self.pull)}

    def load(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Go back to what `state` gave."""
        self.stiffness, self.pull = dict(state["stiffness"]), dict(state["pull"])


def importance_of(
    layers: SpikingLayers,
    rule: Rule,
    image: Callable[[int], Tensor],
    count: int,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """The diagonal of the Fisher information of each matrix.

    Squared gradients of the logarithm of the likelihood, a sample at a time, with labels drawn from
    what the network answers.

    Parameters
    ----------
    layers, rule
        The network, and how it answers.
    image
        The k-th sample, shape (1, ...).
    count
        How many samples.
    generator
        Draws labels.
    """
    wanted = {name: p for name, p in layers.named_parameters() if p.ndim > 1}
    made = {name: torch.zeros_like(p) for name, p in wanted.items()}
    for k in range(count):
        logits = rule.answer(layers, image(k))
        chance = torch.softmax(logits.detach(), 1).cpu()
        label = torch.multinomial(chance, 1, generator=generator)[:, 0].to(logits.device)
        layers.zero_grad()
        cross_entropy(logits, label).backward()  # type: ignore[no-untyped-call]
        for name, parameter in wanted.items():
            if parameter.grad is not None:
                made[name] += parameter.grad**2 / count
    layers.zero_grad()
    return made
