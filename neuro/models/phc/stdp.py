"""Spike-timing-dependent plasticity of a batch of sequences, outside the gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from neuro.backends.torch.scan import affine_scan
from neuro.models.phc.priors import STDP


def change(spikes: Tensor, delays: tuple[int, ...], rule: STDP) -> Tensor:
    """What magnitudes gain by a batch, by pre then post; shape (cells, cells).

    A synapse gains where a spike arrives before its postsynaptic cell spikes, and loses where it
    arrives after.  Traces of a step do not hold the spikes of that step.

    Parameters
    ----------
    spikes
        Shape (steps, batch, cells).
    delays
        Steps from a spike of each cell to its arrival.
    rule
        Rate, time constants, amplitudes.
    """
    steps, batch, _ = spikes.shape
    arrived = shifted(spikes, delays)
    gain = _before(arrived, rule.tau_plus).flatten(0, 1).T @ spikes.flatten(0, 1)
    loss = arrived.flatten(0, 1).T @ _before(spikes, rule.tau_minus).flatten(0, 1)
    return (rule.plus * gain - rule.minus * loss) * (rule.rate / (batch * steps))


def shifted(spikes: Tensor, delays: tuple[int, ...]) -> Tensor:
    """Spikes in the steps in which they arrive."""
    made, each = torch.zeros_like(spikes), torch.tensor(delays)
    for delay in set(delays):
        if delay < len(spikes):
            rows = (each == delay).nonzero().flatten()
            made[delay:, :, rows] = spikes[:-delay][..., rows]
    return made


def _before(spikes: Tensor, tau: float) -> Tensor:
    """Traces before each step."""
    factor = torch.full((1, 1, spikes.shape[2]), float(torch.exp(torch.tensor(-1 / tau))))
    traced = affine_scan(factor.to(spikes), spikes.contiguous())
    return torch.cat([torch.zeros_like(traced[:1]), traced[:-1]])
