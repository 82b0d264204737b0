"""Neurons with a surrogate gradient: through time (BPTT), and step by step (OTTT)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuro.errors import ParameterError

SLOPE = 4.0
"""Of the sigmoid whose derivative stands for that of a spike."""


def surrogate(distance: Tensor, slope: float = SLOPE) -> Tensor:
    """Derivative of ``sigmoid(slope * distance)``."""
    share = torch.sigmoid(slope * distance)
    return slope * share * (1 - share)


class SurrogateLIF(nn.Module):
    r"""A leaky cell, trained through time.

    .. math::

        v \leftarrow (1 - 1/\tau)\, v + x, \quad \text{fire if } v \ge \theta, \quad
        v \leftarrow v - \theta s

    No gradient passes the reset.

    Parameters
    ----------
    tau, threshold
        Time constant in steps, and threshold (2, 1).
    """

    def __init__(self, *, tau: float = 2.0, threshold: float = 1.0) -> None:
        super().__init__()
        _require(tau, threshold)
        self.keep, self.threshold = 1 - 1 / tau, threshold

    def forward(self, current: Tensor) -> Tensor:
        """Spikes; shapes (steps, batch, ...)."""
        made: Tensor = _Through.apply(  # type: ignore[no-untyped-call]
            current, self.keep, self.threshold
        )
        return made


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current: Tensor, keep: float, threshold: float) -> Tensor:
        reached = current.new_empty(current.shape)
        potential = torch.zeros_like(current[0])
        for t, arrives in enumerate(current):
            potential.mul_(keep).add_(arrives)
            reached[t] = potential
            potential.sub_((potential >= threshold) * threshold)
        ctx.save_for_backward(reached)
        ctx.keep, ctx.threshold = keep, threshold
        return (reached >= threshold).to(current.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (reached,) = ctx.saved_tensors
        made = gradients[0] * surrogate(reached - ctx.threshold)
        for t in range(len(made) - 2, -1, -1):
            made[t] += ctx.keep * made[t + 1]
        return made, None, None


class OnlineLIF(nn.Module):
    r"""The same cell one step at a time, with a trace of its spikes and no gradient through time.

    .. math:: a \leftarrow (1 - 1/\tau)\, a + s

    Parameters
    ----------
    tau, threshold
        As for `SurrogateLIF`.

    Attributes
    ----------
    trace
        The trace after the last step; shape (1, batch, ...).

    References
    ----------
    M. Xiao et al., "Online training through time for spiking neural networks", NeurIPS 2022.
    """

    def __init__(self, *, tau: float = 2.0, threshold: float = 1.0) -> None:
        super().__init__()
        _require(tau, threshold)
        self.keep, self.threshold = 1 - 1 / tau, threshold
        self.begin()

    def begin(self) -> None:
        """Forget: a new sample."""
        self._potential: Tensor | None = None
        self.trace = torch.zeros(0)

    def forward(self, current: Tensor) -> Tensor:
        """Spikes of one step; shapes (1, batch, ...)."""
        if self._potential is None:
            self._potential = torch.zeros_like(current)
            self.trace = torch.zeros_like(current)
        reached = self.keep * self._potential + current
        spikes: Tensor = _Now.apply(reached, self.threshold)  # type: ignore[no-untyped-call]
        sent = spikes.detach()
        self._potential = reached.detach() - self.threshold * sent
        self.trace = self.keep * self.trace + sent
        return spikes


class _Now(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, reached: Tensor, threshold: float) -> Tensor:
        ctx.save_for_backward(reached)
        ctx.threshold = threshold
        return (reached >= threshold).to(reached.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (reached,) = ctx.saved_tensors
        return gradients[0] * surrogate(reached - ctx.threshold), None


def _require(tau: float, threshold: float) -> None:
    if tau < 1 or not threshold > 0:
        raise ParameterError(
            f"tau is {tau} and threshold {threshold}.",
            where="leaky cell",
            hint="Give a tau of at least one step, and a positive threshold.",
        )
