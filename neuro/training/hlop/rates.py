"""Rates of spike trains, with late steps weighing more, as a leaky cell sees them."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from neuro.training.hlop.products import is_steady


def weighted_rate(values: Tensor, decay: float) -> Tensor:
    r"""The mean over time with weights that fall by `decay` for each step back.

    .. math:: \sum_i w_i z_i / \sum_i w_i, \qquad w_i = \mathrm{decay}^{T - i}

    Parameters
    ----------
    values
        Shape (steps, ...).
    decay
        1 gives the plain mean.
    """
    if is_steady(values):
        return values[0]
    weights = step_weights(len(values), decay).to(values.device, values.dtype)
    flat = values.reshape(len(values), -1)
    return (weights @ flat).view(values.shape[1:])


@cache
def step_weights(steps: int, decay: float) -> Tensor:
    """The weights of the steps, which sum to 1; float64."""
    weights = torch.tensor([decay ** (steps - 1 - i) for i in range(steps)], dtype=torch.float64)
    return weights / weights.sum()


def decay_of(dt: float, tau: float) -> float:
    """What is left after a step `dt` with time constant `tau`."""
    return math.exp(-dt / tau)
