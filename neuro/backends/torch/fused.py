"""Many steps of a population in one call: generated C on a CPU, with its own gradients."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from neuro.backends.c.compiler import compile_library
from neuro.backends.torch.fused_code import FusedCode
from neuro.backends.torch.memory import empty, empty_like
from neuro.backends.torch.sums import Matrix, weight_gradient


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """Synapses of a population among its own cells, every pair of them.

    Attributes
    ----------
    sum
        Place of the sum that they are added to.
    delay
        Steps from spike to arrival.
    """

    sum: int
    delay: int


class _CLoop(ctypes.Structure):
    _fields_ = (
        ("sum", ctypes.c_size_t),
        ("delay", ctypes.c_size_t),
        ("size", ctypes.c_size_t),
        ("weight", ctypes.c_void_p),
        ("transposed", ctypes.c_void_p),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What does not carry gradients in some steps of a population.

    Attributes
    ----------
    code
        The generated C.
    time
        ``t`` in each step.
    period, left
        Refractory periods, and steps for which cells are still refractory; int64, (batch, n).  None
        for cells without.
    loops
        Synapses among the cells themselves.
    """

    code: FusedCode
    time: Tensor
    period: Tensor | None
    left: Tensor | None
    loops: tuple[Loop, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What some steps gave.

    Attributes
    ----------
    spikes
        Shape (steps, batch, n); None for cells that never spike.
    variables
        State after each step, in the order of the code; the same shape.
    final
        State after the last step; shape (batch, n).
    left
        Steps for which cells are still refractory; None for cells without.
    """

    spikes: Tensor | None
    variables: tuple[Tensor, ...]
    final: tuple[Tensor, ...]
    left: Tensor | None


def advance(
    stretch: Stretch,
    sums: Sequence[Tensor],
    constants: Sequence[Tensor],
    state: Sequence[Tensor],
    weights: Sequence[Tensor] = (),
) -> Done:
    """Do some steps.

    Parameters
    ----------
    stretch
        Code and all that carries no gradient.
    sums
        In the order of the code; shape (steps, batch, n) each.
    constants
        Likewise; shape () or (n,).
    state
        Likewise; shape (batch, n).
    weights
        Of the loops; shape (n, n) each.
    """
    shape = state[0].shape if state else sums[0].shape[1:]
    wide = [c.expand(shape) if c.ndim else c for c in constants]
    made = _Advance.apply(stretch, *sums, *wide, *state, *weights)  # type: ignore[no-untyped-call]
    count = len(state)
    left = made[-1] if stretch.left is not None else None
    spikes = made[0] if stretch.code.spikes else None
    rest = made[1 if stretch.code.spikes else 0 :]
    return Done(spikes, tuple(rest[:count]), tuple(rest[count : 2 * count]), left)


class _Advance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stretch: Stretch, *given: Tensor) -> tuple[Tensor, ...]:
        code = stretch.code
        given_sums, given_constants, state, weights = _parted(stretch, given)
        sums = [x.contiguous() for x in given_sums]
        for loop in stretch.loops:
            sums[loop.sum] = sums[loop.sum].clone()  # events of the cells themselves are added
        constants = [x.contiguous() for x in given_constants]
        weights = tuple(w.contiguous() for w in weights)
        steps, shape = len(stretch.time), _shape(sums, state)
        like = (sums or state)[0]
        kept = [empty((steps + 1, *shape), like.dtype, like.device) for _ in state]
        for own, value in zip(kept, state, strict=True):
            own[0] = value
        spikes = empty((steps, *shape), like.dtype, like.device) if code.spikes else None
        left, quiet, period = _refractory(stretch, steps, shape)
        _call(
            _library(code.source).forward,
            steps,
            shape.numel(),
            sums,
            constants,
            stretch.time,
            period,
            left,
            quiet,
            spikes,
            kept,
            len(stretch.loops),
            _loops(stretch, weights, weights),
        )
        ctx.set_materialize_grads(False)
        sent = [spikes] if stretch.loops and spikes is not None else []
        ctx.save_for_backward(*sums, *constants, *kept, *weights, *sent)
        ctx.stretch, ctx.quiet, ctx.shape = stretch, quiet, shape
        results = [] if spikes is None else [spikes]
        results += [own[1:] for own in kept] + [own[-1].clone() for own in kept]
        if left is not None:
            results.append(left.to(torch.int64))
            ctx.mark_non_differentiable(results[-1])
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        stretch, code, saved = ctx.stretch, ctx.stretch.code, ctx.saved_tensors
        sums, constants, kept, rest = _parted(stretch, saved)
        weights = rest[: len(stretch.loops)]
        like, steps = saved[0], len(stretch.time)
        spiking, count = int(code.spikes), len(kept)
        d_spikes = _filled(gradients[0], like, (steps, *ctx.shape)) if spiking else None
        if stretch.loops and d_spikes is not None:
            d_spikes = d_spikes.clone()  # grows by what spikes did through the loops
        d_kept = [_contiguous(g) for g in gradients[spiking : spiking + count]]
        after = gradients[spiking + count : spiking + 2 * count]
        d_state = [_filled(g, like, ctx.shape).clone() for g in after]
        d_sums = [
            empty_like(x) if name in code.needs else None
            for name, x in zip(code.sums, sums, strict=True)
        ]
        d_constants = [
            like.new_zeros(ctx.shape) if name in code.needs else None for name in code.constants
        ]
        _call(
            _library(code.source).backward,
            steps,
            ctx.shape.numel(),
            sums,
            constants,
            stretch.time,
            ctx.quiet,
            kept,
            d_spikes,
            d_kept,
            d_state,
            d_sums,
            d_constants,
            len(stretch.loops),
            _loops(stretch, weights, [w.T.contiguous() for w in weights]),
        )
        summed = [_reduced(g, c) for g, c in zip(d_constants, constants, strict=True)]
        d_weights = [
            _loop_gradient(loop, rest[-1], d_sums[loop.sum], w)
            for loop, w in zip(stretch.loops, weights, strict=True)
        ]
        return (None, *d_sums, *summed, *d_state, *d_weights)


def _parted(stretch: Stretch, tensors: Sequence[Tensor]) -> tuple[Sequence[Tensor], ...]:
    """Sums, constants, state, and the rest."""
    code = stretch.code
    ends = [0, len(code.sums), len(code.constants), len(code.state)]
    places = [sum(ends[: k + 1]) for k in range(4)]
    parts = [tensors[a:b] for a, b in itertools.pairwise(places)]
    return *parts, tensors[places[-1] :]


def _loops(
    stretch: Stretch, weights: Sequence[Tensor], transposed: Sequence[Tensor]
) -> ctypes.Array[_CLoop]:
    """The loops for C; the tensors must live as long as it."""
    made = (_CLoop * max(1, len(stretch.loops)))()
    for place, loop in enumerate(stretch.loops):
        w, t = weights[place], transposed[place]
        made[place] = _CLoop(loop.sum, loop.delay, len(w), w.data_ptr(), t.data_ptr())
    made.alive = (weights, transposed)  # type: ignore[attr-defined]
    return made


def _loop_gradient(
    loop: Loop, spikes: Tensor, gradient: Tensor | None, weight: Tensor
) -> Tensor | None:
    """The gradient of a loop's weights: spikes times the gradient of the sum that they reached."""
    if gradient is None or len(spikes) <= loop.delay:
        return torch.zeros_like(weight)
    sent, reached = spikes[: -loop.delay], gradient[loop.delay :]
    return weight_gradient(Matrix(*weight.shape), sent, reached)


def _shape(sums: Sequence[Tensor], state: Sequence[Tensor]) -> torch.Size:
    return state[0].shape if state else sums[0].shape[1:]


def _refractory(
    stretch: Stretch, steps: int, shape: torch.Size
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Counters, room for who was refractory in each step, and periods."""
    if stretch.left is None or stretch.period is None:
        return None, None, None
    kind = torch.int64 if stretch.time.dtype == torch.float64 else torch.int32
    left = stretch.left.to(kind).clone(memory_format=torch.contiguous_format)
    period = stretch.period.expand(shape).to(kind).contiguous()
    return left, empty((steps, *shape), kind, torch.device("cpu")), period


def _reduced(gradient: Tensor | None, constant: Tensor) -> Tensor | None:
    """The gradient of a constant that all cells share is the sum of theirs."""
    return gradient if gradient is None or constant.ndim else gradient.sum()


def _filled(gradient: Tensor | None, like: Tensor, shape: Sequence[int]) -> Tensor:
    return like.new_zeros(*shape) if gradient is None else gradient.contiguous()


def _contiguous(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.contiguous()


@cache
def _library(source: str) -> ctypes.CDLL:
    return ctypes.CDLL(str(compile_library(source).path))


def _call(function: Any, *arguments: Any) -> None:
    function(*map(_argument, arguments))


def _argument(value: Any) -> Any:
    """A size, an address, or a table of addresses."""
    if isinstance(value, int):
        return ctypes.c_size_t(value)
    if isinstance(value, ctypes.Array):
        return value
    if value is None:
        return ctypes.c_void_p(None)
    if isinstance(value, Tensor):
        assert value.is_contiguous()
        return ctypes.c_void_p(value.data_ptr())
    table = (ctypes.c_void_p * max(1, len(value)))()
    for place, item in enumerate(value):
        table[place] = None if item is None else item.data_ptr()
    return table
