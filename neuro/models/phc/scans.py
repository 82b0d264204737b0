"""One sweep of a PHC network as two affine scans, on any device and with torch's own gradients.

The reset of a cell follows the spikes that would be there without it, which hang on the integral
only; so the integral is one affine recurrence, and the adaptation another one behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from neuro.backends.torch.scan import affine_scan
from neuro.backends.torch.surrogates import Surrogate, step_of
from neuro.models.phc.kernel import Scalars, Shape


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """What a sweep gives, of shape (steps, batch, cells).

    Attributes
    ----------
    spikes, integrals, membranes
        Of all steps.
    """

    spikes: Tensor
    integrals: Tensor
    membranes: Tensor


def two_scans(
    shape: Shape,
    scalars: Scalars,
    signal: Tensor,
    given: Tensor,
    values: Mapping[str, Tensor],
    *,
    exact: bool = False,
) -> Swept:
    """One sweep.

    Parameters
    ----------
    shape, scalars
        As for `neuro.models.phc.kernel.sweep`.
    signal
        Shape (steps, batch, channels).
    given
        The spikes that synapses and thresholds hear; shape (lead + steps, batch, cells).
    values
        Arrays of cells and synapses, by name.
    exact
        True sums events in the order of the sequential network; False multiplies matrices.
    """
    drive = rectified(shape, signal, values)
    amount = given * release(scalars, given) if shape.stp else given
    heard = arrivals(shape, amount, values["recurrent"], exact=exact)
    integrals = affine_scan(values["a_exc"].expand(1, 1, -1), drive + heard)
    bounded = integrals.clamp(min=scalars.e_floor)
    threshold = values["v_thresh"].expand_as(bounded)
    if shape.adaptive:
        threshold = threshold + values["beta"] * trace(values["rho"], given)
    would = _step(bounded - threshold, shape.surrogate)
    jump = (values["r"] * (would.detach() if shape.detach else would)).clamp(min=0) + scalars.eps
    membranes = bounded - affine_scan(values["a_inh"].expand(1, 1, -1), jump)
    return Swept(_step(membranes - threshold, shape.surrogate), integrals, membranes)


def rectified(shape: Shape, signal: Tensor, values: Mapping[str, Tensor]) -> Tensor:
    """The drive of all cells; shape (lead + steps, batch, cells)."""
    steps, batch, channels = signal.shape
    heard = torch.cat([signal.new_zeros(1, batch, channels), signal])
    total = signal.new_zeros(steps + 1, batch, shape.first)
    for c in range(channels):
        total = total + heard[..., c : c + 1] * values["w_in"][c]
    drive = (total + values["b_in"]).abs()
    return torch.nn.functional.pad(drive, (0, shape.cells - shape.first, 0, 0, shape.lead - 1, 0))


def arrivals(shape: Shape, amount: Tensor, recurrent: Tensor, *, exact: bool) -> Tensor:
    """Sums of events that arrive in each step, given what was sent in each."""
    delays = torch.tensor(shape.delays, device=amount.device)
    total = torch.zeros_like(amount)
    for delay in sorted(set(shape.delays), reverse=True):
        rows = (delays == delay).nonzero().flatten()
        if delay >= len(amount):
            continue
        sent = torch.nn.functional.pad(amount[:-delay], (0, 0, 0, 0, delay, 0))
        if not exact:
            total = total + sent[..., rows] @ recurrent[rows]
            continue
        for row in rows.tolist():
            total = total + sent[..., row : row + 1] * recurrent[row]
    return total


def trace(rho: Tensor, spikes: Tensor) -> Tensor:
    """What thresholds remember of the spikes before each step."""
    raised = (1 - rho) * spikes
    before = torch.cat([torch.zeros_like(raised[:1]), raised[:-1]])
    return affine_scan(rho.expand(1, 1, -1), before)


def release(scalars: Scalars, spikes: Tensor) -> Tensor:
    """Share of its weight that a synapse sends with a spike in each step: ``u x``.

    Given the spikes, both variables of the synapse are affine recurrences.
    """
    utilisation, d_fac, d_rec = scalars.U, scalars.d_fac, scalars.d_rec
    used = _shifted_scan(
        d_fac * (1 - utilisation * spikes),
        d_fac * utilisation * spikes + (1 - d_fac) * utilisation,
        utilisation,
    )
    left = _shifted_scan(d_rec * (1 - used * spikes), torch.full_like(spikes, 1 - d_rec), 1.0)
    return used * left


def _shifted_scan(a: Tensor, b: Tensor, start: float) -> Tensor:
    """The state before each step, if ``a`` and ``b`` of a step lead to the next one."""
    first = torch.full_like(b[0], start)
    if len(b) == 1:
        return first[None]
    return torch.cat([first[None], affine_scan(a[:-1], b[:-1], first)])


def _step(distance: Tensor, surrogate: Surrogate) -> Tensor:
    return step_of(distance / surrogate.width, distance > 0, surrogate)
