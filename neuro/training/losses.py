"""Losses on what a module puts out, and which samples it gets right.

Each is a function of an `Output` and labels of shape (batch,); functions here make them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from neuro.backends.torch.module import Output

Loss: TypeAlias = Callable[[Any, Tensor], Tensor]
"""From an output and labels to a number."""
Answer: TypeAlias = Callable[[Any], Tensor]
"""From an output to the class of each sample; shape (batch,)."""


def spike_count(population: str, *, scale: float = 1.0) -> Loss:
    """Cross-entropy of spike counts: the right cell is to spike most.

    Parameters
    ----------
    population
        One cell a class.
    scale
        Counts are multiplied by it before the softmax.
    """
    return lambda output, labels: cross_entropy(output.spikes[population].sum(0) * scale, labels)


def spike_rate(population: str) -> Loss:
    """Cross-entropy in every step, averaged: the right cell is to spike all the time.

    As ``snntorch.functional.ce_rate_loss``.
    """

    def loss(output: Output, labels: Tensor) -> Tensor:
        spikes = output.spikes[population]
        steps, batch, cells = spikes.shape
        return cross_entropy(spikes.reshape(steps * batch, cells), labels.repeat(steps))

    return loss


def target_rate(population: str, *, correct: float = 0.8, incorrect: float = 0.2) -> Loss:
    """Mean square distance of rates from targets, as ``snntorch.functional.mse_count_loss``.

    Parameters
    ----------
    population
        One cell a class.
    correct, incorrect
        Spikes a step that the cells of the right class and of the others are to have.
    """

    def loss(output: Output, labels: Tensor) -> Tensor:
        rate = output.spikes[population].mean(0)
        target = torch.full_like(rate, incorrect)
        target[torch.arange(len(labels)), labels] = correct
        return ((rate - target) ** 2).mean()

    return loss


def membrane(variable: str, *, over: str = "mean") -> Loss:
    """Cross-entropy of a state variable of the read-out.

    Parameters
    ----------
    variable
        ``POPULATION/VARIABLE``; the module must record it.
    over
        ``"mean"``, ``"max"`` or ``"last"`` of all steps.
    """
    return lambda output, labels: cross_entropy(reduced(output.variables[variable], over), labels)


def first_spike(population: str, *, width: float = 5.0) -> Loss:
    """Cross-entropy of minus the time of the first spike: the right cell is to spike first.

    A cell that never spikes counts as spiking after the end.  The time is made of the spikes, so
    gradients reach the first one; Zhang et al., TNNLS 33 (2022), in a simplified form.

    Parameters
    ----------
    population
        One cell a class.
    width
        Steps that make a difference of 1 before the softmax.
    """
    return lambda output, labels: cross_entropy(-latency(output.spikes[population]) / width, labels)


def latency(spikes: Tensor) -> Tensor:
    """Steps before the first spike, with gradients; shape (batch, n).

    The sum over steps of ``product of (1 - spike)`` so far.
    """
    return torch.cumprod(1 - spikes, dim=0).sum(0)


def rate_penalty(population: str, target: float, weight: float = 1.0) -> Loss:
    """A regulariser: `weight` times the square distance of the mean rate (a step) from `target`."""
    return lambda output, labels: weight * (output.spikes[population].mean() - target) ** 2


def total(*losses: Loss) -> Loss:
    """The sum of `losses`."""

    def loss(output: Output, labels: Tensor) -> Tensor:
        return torch.stack([part(output, labels) for part in losses]).sum()

    return loss


def most_spikes(population: str) -> Answer:
    """The class whose cell spikes most; the lower number wins a tie."""
    return lambda output: output.spikes[population].detach().sum(0).argmax(1)


def largest(variable: str, *, over: str = "mean") -> Answer:
    """The class whose variable is largest; see `membrane`."""
    return lambda output: reduced(output.variables[variable].detach(), over).argmax(1)


def reduced(values: Tensor, over: str) -> Tensor:
    """Values of all steps as one: ``"mean"``, ``"max"`` or ``"last"``."""
    if over == "last":
        return values[-1]
    return values.mean(0) if over == "mean" else values.max(0).values
