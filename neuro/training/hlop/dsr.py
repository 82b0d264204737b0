"""Neurons of DSR: spikes forward, and backward the derivative of the rate that they stand for.

Q. Meng et al., "Training high-performance low-latency spiking neural networks by differentiation on
spike representation", CVPR 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from neuro.errors import ParameterError
from neuro.training.hlop.rates import decay_of, weighted_rate
from neuro.training.hlop.spikes import Cells, subtracting

SMALLEST = 0.0005
"""No threshold is smaller."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What tells a leaky cell from one that only integrates.

    Attributes
    ----------
    keep, take
        Factors of the potential and of the input in a step.
    height
        Size of a spike, in thresholds.
    ceiling
        Mean input from which a cell spikes in every step, in thresholds.
    slope
        Derivative of the mean output by the mean input below.
    threshold_slope
        Factor of the gradient of the threshold.
    """

    keep: float
    take: float
    height: float
    ceiling: float
    slope: float
    threshold_slope: float


class DSRNeuron(nn.Module):
    """Base of DSR's neurons.

    Parameters
    ----------
    threshold
        Initial threshold; it is trained.
    alpha
        A cell fires from ``alpha * threshold`` on; the whole threshold is then taken off.

    Attributes
    ----------
    threshold
        One number for the layer.
    decay
        Of the weights of steps in a rate.
    """

    form: _Form
    decay: float

    def __init__(self, threshold: float = 0.3, alpha: float = 0.3) -> None:
        super().__init__()
        if not threshold > 0 or not alpha > 0:
            raise ParameterError(
                f"threshold is {threshold} and alpha {alpha}.",
                where=type(self).__name__,
                hint="Give positive numbers.",
            )
        self.threshold = nn.Parameter(torch.tensor(threshold))
        self.alpha = alpha

    def forward(self, current: Tensor) -> Tensor:
        """Spikes times their size; shapes (steps, batch, ...)."""
        self.threshold.data.clamp_(min=SMALLEST)
        made: Tensor = _Spike.apply(current, self.threshold, self)  # type: ignore[no-untyped-call]
        return made

    @property
    def cells(self) -> Cells:
        """The constants of the cells as they are now."""
        form, threshold = self.form, self.threshold.item()
        bound, height = self.alpha * threshold, form.height * threshold
        return Cells(form.keep, form.take, bound, threshold, height)


class DSRLIF(DSRNeuron):
    r"""A leaky cell whose output, averaged, is its mean input, up to a ceiling.

    .. math::

        V \leftarrow \beta V + (1 - \beta) I, \quad \beta = e^{-dt/\tau}; \qquad
        \text{fire if } V \ge \alpha V_{th};\ V \leftarrow V - V_{th}

    A spike has size :math:`V_{th}/dt`.  Backward, with g the gradient of the spikes, G = T wr(g) and
    the weighted rate c = wr(I): every step gets :math:`G / (\tau T)` if
    :math:`0 < c < V_{th}\tau/dt`; above, the threshold gets :math:`dt\, G`.

    Parameters
    ----------
    threshold, alpha
        As for `DSRNeuron` (0.3, 0.3).
    tau, dt
        Time constant and step (1, 0.05).
    """

    def __init__(
        self, threshold: float = 0.3, alpha: float = 0.3, *, tau: float = 1.0, dt: float = 0.05
    ) -> None:
        super().__init__(threshold, alpha)
        self.tau, self.dt = tau, dt
        self.decay = decay_of(dt, tau)
        self.form = _Form(self.decay, 1 - self.decay, 1 / dt, tau / dt, 1 / tau, dt)


class DSRIF(DSRNeuron):
    """A cell that integrates without a leak: ``V <- V + I``; spikes have the size of the threshold.

    The rate is the plain mean; the gradient passes where the mean input is 0 to the threshold, and
    goes to the threshold above.

    Parameters
    ----------
    threshold, alpha
        As for `DSRNeuron` (0.3, 0.3).
    """

    def __init__(self, threshold: float = 0.3, alpha: float = 0.3) -> None:
        super().__init__(threshold, alpha)
        self.decay = 1.0
        self.form = _Form(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current: Tensor, threshold: Tensor, neuron: DSRNeuron) -> Tensor:
        ctx.save_for_backward(weighted_rate(current, neuron.decay), threshold)
        ctx.neuron, ctx.steps = neuron, len(current)
        return subtracting(current, neuron.cells)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (rate, threshold), neuron, steps = ctx.saved_tensors, ctx.neuron, ctx.steps
        mean = weighted_rate(gradients[0], neuron.decay) * steps
        ceiling = neuron.form.ceiling * threshold
        passes = (rate > 0) & (rate < ceiling)
        d_current = mean * passes * (neuron.form.slope / steps)
        d_threshold = neuron.form.threshold_slope * (mean * (rate > ceiling)).sum()
        return d_current.expand(steps, *d_current.shape), d_threshold, None
