"""Affine recurrences ``x[t] = a[t] x[t-1] + b[t]`` with exact gradients.

On a CPU the steps are done one after the other by a small C kernel, which does no more work than a
loop must; elsewhere a parallel scan halves the sequence again and again.  Both give the same
recurrence; only the first gives the bits of a loop, for the second adds in another order.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuro.backends.c.compiler import compile_library, find_compiler
from neuro.backends.torch.memory import empty_like
from neuro.errors import ParameterError


def affine_scan(a: Tensor, b: Tensor, start: Tensor | None = None, *, keep: int = 1) -> Tensor:
    """``x[t] = a[t] * x[t-1] + b[t]`` for all steps.

    Parameters
    ----------
    a
        Factors; shape (steps, ...) as `b`, or (1, ...) where they are the same in all steps, and 1
        along any axis on which they do not depend.
    b
        What is added; shape (steps, ...).
    start
        ``x[-1]``, of shape ``b.shape[1:]``; zeros if it is not given.
    keep
        On a CPU, one in so many steps is kept for the gradient; those between are computed again.

    Returns
    -------
    Tensor
        Shape of `b`.

    Raises
    ------
    ParameterError
        If shapes do not fit.
    """
    if a.ndim != b.ndim or any(p not in (1, q) for p, q in zip(a.shape, b.shape, strict=False)):
        raise ParameterError(
            f"a has shape {tuple(a.shape)}, b {tuple(b.shape)}.",
            where="affine_scan",
            hint="Axis 0 is time; a has 1 along axes on which it does not depend.",
        )
    first = b.new_zeros(b.shape[1:]) if start is None else start.expand(b.shape[1:])
    if not in_c(b):
        return parallel_scan(a.expand(b.shape), b, first)
    wide = a.expand(len(a), *b.shape[1:])
    made: Tensor = _scan(wide.contiguous(), b.contiguous(), first.contiguous(), keep)
    return made


def in_c(tensor: Tensor) -> bool:
    """Whether steps of such tensors are done by a C kernel."""
    return tensor.is_cpu and _can_compile()


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _can_compile() -> bool:
    """Whether there is a C compiler; `torch.compile` asks once."""
    return find_compiler() is not None


@torch.library.custom_op("neuro::affine_scan", mutates_args=())
def _scan(a: Tensor, b: Tensor, start: Tensor, keep: int) -> Tensor:
    """The scan as an operation of torch, so that `torch.compile` sees one where it would see C."""
    del keep
    x = empty_like(b)
    _run("forward", b, len(a), a, b, start, x)
    return x


@torch.library.custom_op("neuro::affine_scan_slopes", mutates_args=())
def _slopes(
    a: Tensor,
    b: Tensor | None,
    start: Tensor,
    kept: Tensor,
    gradient: Tensor,
    keep: int,
    factors: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `a` (empty unless `factors`), `b` and `start`; `kept` is one ``x`` in `keep`."""
    g, carry, db = gradient.contiguous(), torch.zeros_like(start), empty_like(gradient)
    make = empty_like if len(a) > 1 else torch.zeros_like
    da = make(a) if factors else None
    if b is None:
        _run("backward", g, len(a), a, kept, start, g, carry, db, da)
        return a.new_empty(0) if da is None else da, db, carry
    for first in reversed(range(0, len(g), keep)):
        last = min(first + keep, len(g))
        before = kept[first // keep - 1] if first else start
        mine = a[first:last] if len(a) > 1 else a
        x = empty_like(b[first:last])
        _run("forward", x, len(a), mine, b[first:last], before, x)
        slope = None if da is None else (da[first:last] if len(a) > 1 else da)
        part = (mine, x, before, g[first:last], carry, db[first:last], slope)
        _run("backward", x, len(a), *part)
    return a.new_empty(0) if da is None else da, db, carry


@_scan.register_fake
def _scan_like(a: Tensor, b: Tensor, start: Tensor, keep: int) -> Tensor:
    del a, start, keep
    return b.new_empty(b.shape)


@_slopes.register_fake
def _slopes_like(
    a: Tensor,
    b: Tensor | None,
    start: Tensor,
    kept: Tensor,
    gradient: Tensor,
    keep: int,
    factors: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    del b, kept, keep
    da = a.new_empty(a.shape if factors else 0)
    return da, gradient.new_empty(gradient.shape), start.new_empty(start.shape)


def _remember(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, int], output: Tensor) -> None:
    a, b, start, keep = inputs
    ctx.keep = keep
    if keep <= 1:
        ctx.save_for_backward(a, start, output)
    else:
        ctx.save_for_backward(a, start, output[keep - 1 :: keep].clone(), b)


def _back(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    a, start, kept, *rest = ctx.saved_tensors
    b = rest[0] if rest else None
    wanted = ctx.needs_input_grad[0]
    da, db, carry = _slopes(a, b, start, kept, gradient, ctx.keep, wanted)
    return da if wanted else None, db, carry, None


_scan.register_autograd(_back, setup_context=_remember)


def parallel_scan(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """The same in about ``2 log2(steps)`` operations on whole tensors, for a GPU.

    Pairs of neighbouring steps are one step of half as long a recurrence (Blelloch 1990).

    Parameters
    ----------
    a, b
        Of one shape, (steps, ...).
    start
        Shape (...).
    """
    steps = len(b)
    if steps == 1:
        return (a[0] * start + b[0])[None]
    pairs = steps // 2
    a0, a1 = a[0 : 2 * pairs : 2], a[1 : 2 * pairs : 2]
    b0, b1 = b[0 : 2 * pairs : 2], b[1 : 2 * pairs : 2]
    odd = parallel_scan(a1 * a0, a1 * b0 + b1, start)
    before = torch.cat([start[None], odd[: -1 if steps % 2 == 0 else None]])
    even = a[0::2] * before + b[0::2]
    mixed = torch.stack([even[:pairs], odd], dim=1).flatten(0, 1)
    return mixed if steps % 2 == 0 else torch.cat([mixed, even[-1:]])


@cache
def _library() -> ctypes.CDLL:
    source = (Path(__file__).parent / "templates" / "scan.c").read_text(encoding="utf-8")
    return ctypes.CDLL(str(compile_library(source).path))


def _run(name: str, like: Tensor, factors: int, *tensors: Tensor | None) -> None:
    """Call a function of the library: sizes, then addresses."""
    steps, n = len(like), like[0].numel()
    tag = "float64" if like.dtype == torch.float64 else "float32"
    sizes = (ctypes.c_size_t(value) for value in (steps, n, n if factors > 1 else 0))
    places = (ctypes.c_void_p(None if t is None else t.data_ptr()) for t in tensors)
    getattr(_library(), f"{name}_{tag}")(*sizes, *places)
