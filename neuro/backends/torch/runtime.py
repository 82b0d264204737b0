"""What printed torch code calls: the exact operations of the expression language, with gradients.

The counterpart of ``deploy/runtime/neuro_math.h``.  Every operation rounds once in the type of its
tensors, so values are those of the reference; gradients are the analytic ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuro.backends.torch.surrogates import Surrogate, step_of
from neuro.ir.expressions.library import Precision

Function = Callable[[Tensor], Tensor]


def nr_min(a: Tensor, b: Tensor) -> Tensor:
    """``a if a < b else b``."""
    return torch.where(a < b, a, b)


def nr_max(a: Tensor, b: Tensor) -> Tensor:
    """``a if a > b else b``."""
    return torch.where(a > b, a, b)


def nr_clip(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """``min(max(x, low), high)``."""
    return nr_min(nr_max(x, low), high)


def nr_abs(x: Tensor) -> Tensor:
    """``abs(x)``."""
    return x.abs()


def nr_sqrt(x: Tensor) -> Tensor:
    """Square root, correctly rounded."""
    made: Tensor = _Sqrt.apply(x)  # type: ignore[no-untyped-call]
    return made


class _Sqrt(torch.autograd.Function):
    """numpy's root on a CPU: that of torch may come from MKL, which is off in the last bit."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.from_numpy(np.asarray(np.sqrt(x.numpy()))) if x.is_cpu else x.sqrt()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        made: Tensor = gradients[0] / (2 * y)
        return made


def nr_floor(x: Tensor) -> Tensor:
    """The largest whole number that is not larger; its gradient is 0."""
    return x.floor()


def nr_sign(x: Tensor) -> Tensor:
    """1, -1 or 0; its gradient is 0."""
    above: Tensor = (x > 0).to(x.dtype)
    below: Tensor = (x < 0).to(x.dtype)
    return above - below


def nr_pow2(k: Tensor) -> Tensor:
    """2**k for a whole number, clipped to normal exponents; has no gradient."""
    if k.dtype == torch.float64:
        return ((k.clamp(-1022, 1023).long() + 1023) << 52).view(torch.float64)
    return ((k.clamp(-126, 127).int() + 127) << 23).view(torch.float32)


def nr_exponent(x: Tensor) -> Tensor:
    """The exponent field; has no gradient."""
    if x.dtype == torch.float64:
        return (((x.contiguous().view(torch.int64) >> 52) & 0x7FF) - 1023).to(x.dtype)
    return (((x.contiguous().view(torch.int32) >> 23) & 0xFF) - 127).to(x.dtype)


def nr_select(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``a if condition else b``; the condition gets a gradient if it is a number."""
    if condition.dtype == torch.bool:
        return torch.where(condition, a, b)
    made: Tensor = _Select.apply(condition, a, b)  # type: ignore[no-untyped-call]
    return made


def nr_blend(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """`nr_select` between 0 and 1, for smooth spikes."""
    if condition.dtype == torch.bool:
        return torch.where(condition, a, b)
    return condition * a + (1 - condition) * b


class _Select(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(condition, a, b)
        return torch.where(condition != 0, a, b)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        condition, a, b = ctx.saved_tensors
        gradient = gradients[0]
        parts = (gradient * (a - b), gradient * condition, gradient * (1 - condition))
        return tuple(
            part.sum_to_size(x.shape) for part, x in zip(parts, ctx.saved_tensors, strict=True)
        )


# Conditions as numbers -------------------------------------------------------------------------


def nr_and(a: Tensor, b: Tensor) -> Tensor:
    """``a and b`` of conditions that are 0 or 1."""
    return a * b


def nr_or(a: Tensor, b: Tensor) -> Tensor:
    """``a or b`` of conditions that are 0 or 1."""
    return a + b - a * b


def nr_step(op: str, left: Tensor, right: Tensor, surrogate: Surrogate, unit: float) -> Tensor:
    """A comparison as a number with a surrogate gradient.

    Parameters
    ----------
    op
        ``"<"``, ``">="`` and so on; equality has no gradient.
    left, right
        What is compared.
    surrogate
        The gradient.
    unit
        What the surrogate's width is in, in SI.
    """
    if op in ("==", "!="):
        return (left == right if op == "==" else left != right).to(left.dtype)
    above = left - right if op[0] == ">" else right - left
    return step_of(above / (surrogate.width * unit), _COMPARISONS[op](left, right), surrogate)


_COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    ">": torch.gt,
    ">=": torch.ge,
    "<": torch.lt,
    "<=": torch.le,
}


# Library functions -----------------------------------------------------------------------------


def _exprel_slope(x: Tensor, y: Tensor) -> Tensor:
    """``(exp(x) - exprel(x)) / x``; by its series near 0, where the difference loses digits."""
    series = 0.5 + x / 3 + x * x / 8
    return torch.where(x.abs() < 1e-3, series, (torch.exp(x) - y) / torch.where(x == 0, 1.0, x))


_SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "exp": lambda x, y: y,
    "expm1": lambda x, y: y + 1,
    "exprel": _exprel_slope,
    "log": lambda x, y: 1 / x,
    "log1p": lambda x, y: 1 / (1 + x),
    "sin": lambda x, y: torch.cos(x),
    "cos": lambda x, y: -torch.sin(x),
    "tanh": lambda x, y: 1 - y * y,
    "sigmoid": lambda x, y: y * (1 - y),
    "normal_quantile": lambda x, y: math.sqrt(2 * math.pi) * torch.exp(y * y / 2),
}
"""Derivatives of the library functions, given argument and value."""


class _Library(torch.autograd.Function):
    """A library function: forward the exact program, backward its derivative."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, name: str) -> Tensor:
        from neuro.backends.torch.library import program_of

        precision: Precision = "float64" if x.dtype == torch.float64 else "float32"
        y = program_of(name, precision)(x)
        ctx.save_for_backward(x, y)
        ctx.slope = _SLOPES[name]
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.slope(*ctx.saved_tensors), None


@cache
def nr_library(name: str) -> Function:
    """The library function `name`, such as ``"exp"``."""

    def function(x: Tensor) -> Tensor:
        made: Tensor = _Library.apply(x, name)  # type: ignore[no-untyped-call]
        return made

    return function
