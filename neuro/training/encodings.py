"""From numbers to spikes: rate, latency, delta and direct encodings.

All take values between 0 and 1 of shape (batch, n), or (steps, batch, n) for `delta`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rate(values: Tensor, steps: int, generator: torch.Generator | None = None) -> Tensor:
    """A spike in each step with probability `values`; shape (steps, batch, n)."""
    chance = torch.rand(steps, *values.shape, generator=generator, dtype=values.dtype)
    return (chance.to(values.device) < values).to(values.dtype)


def latency(values: Tensor, steps: int, *, silent: float = 0.0) -> Tensor:
    """One spike each, the earlier the larger the value; none of values up to `silent`.

    A value of 1 spikes in step 0, one just above `silent` in the last.
    """
    span = (values - silent) / (1 - silent)
    when = ((1 - span) * (steps - 1)).round().long().clamp(0, steps - 1)
    spikes = torch.zeros(steps, *values.shape, dtype=values.dtype, device=values.device)
    spikes.scatter_(0, when[None], 1.0)
    made: Tensor = spikes * (values > silent)
    return made


def levels(values: Tensor, steps: int) -> Tensor:
    """Spikes from the first step on, the more the larger the value; none are random.

    A value spikes in step t if it is above ``(t + 1/2) / steps``.
    """
    edges = (torch.arange(steps, dtype=values.dtype, device=values.device) + 0.5) / steps
    return (values[None] > edges.view(-1, *[1] * values.ndim)).to(values.dtype)


def delta(values: Tensor, threshold: float) -> Tensor:
    """A spike where the value rose by more than `threshold` in a step, and one where it fell.

    Returns
    -------
    Tensor
        Shape (steps, batch, 2 n): rises, then falls.
    """
    change = torch.diff(values, dim=0, prepend=values[:1])
    made = torch.cat([change > threshold, change < -threshold], dim=2)
    return made.to(values.dtype)


def direct(values: Tensor, steps: int) -> Tensor:
    """The same values as a current in each step; shape (steps, batch, n)."""
    return values.expand(steps, *values.shape)
