"""Products with a backward pass of our own: errors and changes of weights take different factors.

What is the same in every step, such as an image that is shown all the time, is expanded and not
copied (stride 0 along time); products are then done once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight

from neuro.backends.torch.sums import Matrix, Segment, add_events
from neuro.training.hlop.lateral import Lateral


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What a backward pass takes.

    Attributes
    ----------
    back
        Weights that errors pass.
    lateral
        Projects the presynaptic factor; None leaves it.
    trace
        Takes the place of what was sent in the change of the weights; None for what was sent.
    """

    back: Tensor
    lateral: Lateral | None
    trace: Tensor | None


def is_steady(values: Tensor) -> bool:
    """True if `values`, shape (steps, ...), are one step expanded."""
    return len(values) > 1 and values.stride(0) == 0


def product(values: Tensor, weight: Tensor, own: Pass, *, exact: bool) -> Tensor:
    """``values @ weight``, of shapes (steps, batch, n) and (n, m).

    Parameters
    ----------
    values, weight
        The factors.
    own
        For the backward pass.
    exact
        True adds one presynaptic cell after the other, as engines do, and skips those that send nothing.
    """
    made: Tensor = _Product.apply(values, weight, own, exact)  # type: ignore[no-untyped-call]
    return made


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, own: Pass, exact: bool) -> Tensor:
        ctx.save_for_backward(values)
        ctx.own = own
        if is_steady(values):
            return _once(values[:1], weight, exact=exact).expand(len(values), -1, -1)
        return _once(values, weight, exact=exact)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (values,), own, delta = ctx.saved_tensors, ctx.own, gradients[0]
        needs_values, needs_weight = ctx.needs_input_grad[:2]
        d_values = _returned(delta, own.back) if needs_values else None
        factor = values if own.trace is None else own.trace
        d_weight = _changed(factor, delta, own.lateral) if needs_weight else None
        return d_values, d_weight, None, None


def _once(values: Tensor, weight: Tensor, *, exact: bool) -> Tensor:
    if not exact:
        return values @ weight
    whole = Segment(0, len(values), 0, 0, 1, Matrix(*weight.shape))
    zero = values.new_zeros(*values.shape[:2], weight.shape[1])
    return add_events(zero, (whole,), (values, weight), exact=True)


def _returned(delta: Tensor, back: Tensor) -> Tensor:
    """Errors on the presynaptic side."""
    if is_steady(delta):
        return (delta[0] @ back.T).expand(len(delta), -1, -1)
    return delta @ back.T


def _changed(values: Tensor, delta: Tensor, lateral: Lateral | None) -> Tensor:
    """The gradient of a matrix, with as few products as can be."""
    linear = lateral is None or lateral.spikes is None
    if is_steady(values):
        values, delta = values[0], delta.sum(0)
    elif is_steady(delta) and linear:
        values, delta = values.sum(0), delta[0]
    if lateral is not None:
        values = lateral.project(values)
    return values.reshape(-1, values.shape[-1]).T @ delta.reshape(-1, delta.shape[-1])


def convolution(
    values: Tensor, weight: Tensor, own: Pass, stride: int, padding: int, *, by_weight: bool
) -> Tensor:
    """A convolution of images, shape (steps, batch, channels, height, width).

    Parameters
    ----------
    values, weight
        Images, and kernels (c_out, c_in, k, k).
    own
        For the backward pass.
    stride, padding
        In pixels.
    by_weight
        True projects the gradient, False the patches.
    """
    made: Tensor = _Convolution.apply(  # type: ignore[no-untyped-call]
        values, weight, own, stride, padding, by_weight
    )
    return made


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        weight: Tensor,
        own: Pass,
        stride: int,
        padding: int,
        by_weight: bool,
    ) -> Tensor:
        ctx.save_for_backward(values)
        ctx.own, ctx.shape, ctx.by_weight = own, weight.shape, by_weight
        ctx.geometry = {"stride": stride, "padding": padding}
        if is_steady(values):
            made = functional.conv2d(values[0], weight, **ctx.geometry)
            return made.expand(len(values), *made.shape)
        made = functional.conv2d(values.flatten(0, 1), weight, **ctx.geometry)
        return made.view(*values.shape[:2], *made.shape[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (values,), own, delta = ctx.saved_tensors, ctx.own, gradients[0].contiguous()
        needs_values, needs_weight = ctx.needs_input_grad[:2]
        d_values = None
        if needs_values:
            flat, images = delta.flatten(0, 1), values.flatten(0, 1)
            d_values = conv2d_input(  # type: ignore[no-untyped-call]
                images.shape, own.back, flat, **ctx.geometry
            ).view_as(values)
        factor = values if own.trace is None else own.trace
        d_weight = _changed_kernels(ctx, factor, delta) if needs_weight else None
        return d_values, d_weight, None, None, None, None


def _changed_kernels(ctx: Any, values: Tensor, delta: Tensor) -> Tensor:
    """The gradient of kernels."""
    lateral = ctx.own.lateral
    if is_steady(values):
        images, errors = values[0], delta.sum(0)
    else:
        images, errors = values.flatten(0, 1), delta.flatten(0, 1)
    if lateral is None or ctx.by_weight:
        made: Tensor = conv2d_weight(  # type: ignore[no-untyped-call]
            images, ctx.shape, errors, **ctx.geometry
        )
        return made if lateral is None else _by_weight(made, lateral)
    unfolded = functional.unfold(images, ctx.shape[-2:], **ctx.geometry)  # (batch, n, positions)
    projected = lateral.project(unfolded.transpose(1, 2))
    return torch.einsum("bop,bpn->on", errors.flatten(2), projected).view(ctx.shape)


def _by_weight(gradient: Tensor, lateral: Lateral) -> Tensor:
    return lateral.project_gradient(gradient.flatten(1)).view_as(gradient)
