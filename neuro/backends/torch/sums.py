"""Sums of events on a port, for many steps and samples at once, in the reference's order.

On a CPU with a C compiler a small library does the sums; without one, torch does, one presynaptic
cell after the other.  Both give the reference's bits.  With ``exact=False`` matrices are multiplied
instead (GEMM), whose order of summation is its own.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.backends.c.compiler import compile_library, find_compiler
from neuro.backends.torch.memory import empty, empty_like, zeros
from neuro.ir.expansion import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Which cells some synapses connect, apart from their weights.

    Attributes
    ----------
    n_pre, n_post
        Sizes of both sides.
    start, target
        Compressed sparse rows (int64, int32); None if every pair is connected, in order.
    """

    n_pre: int
    n_post: int
    start: NDArray[np.int64] | None = None
    target: NDArray[np.int32] | None = None

    @property
    def is_dense(self) -> bool:
        """True if weights are a matrix of shape (n_pre, n_post)."""
        return self.start is None


def matrix_of(rows: Rows, n_post: int) -> Matrix:
    """`rows` as a matrix, dense where every pair is connected once."""
    n_pre = len(rows.indptr) - 1
    if rows.count == n_pre * n_post:
        full = np.tile(np.arange(n_post, dtype=np.int32), n_pre)
        if np.array_equal(rows.indices, full):
            return Matrix(n_pre, n_post)
    return Matrix(n_pre, n_post, rows.indptr.astype(np.int64), rows.indices.astype(np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some consecutive steps of one source that are added to some consecutive steps of a port.

    Attributes
    ----------
    first, count
        Steps of the port.
    source, start
        Place of the tensor of the source, and its first step.
    weight
        Place of the tensor of weights.
    matrix
        Who is connected.
    """

    first: int
    count: int
    source: int
    start: int
    weight: int
    matrix: Matrix


class _Sum(torch.autograd.Function):
    """All segments, one after the other, onto what there is already."""

    @staticmethod
    def forward(
        ctx: Any, segments: tuple[Segment, ...], exact: bool, start: Tensor, *given: Tensor
    ) -> Tensor:
        sums = empty_like(start).copy_(start)
        for segment in segments:
            own = sums[segment.first : segment.first + segment.count]
            _forward(segment, _part(segment, given), given[segment.weight], own, exact=exact)
        ctx.save_for_backward(*given)
        ctx.segments = segments
        return sums

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        given, gradient = ctx.saved_tensors, gradients[0].contiguous()
        wanted = ctx.needs_input_grad[3:]
        made = [
            zeros(x.shape, x.dtype, x.device) if need else None
            for x, need in zip(given, wanted, strict=True)
        ]
        for segment in ctx.segments:
            own = gradient[segment.first : segment.first + segment.count]
            source, weight = made[segment.source], made[segment.weight]
            if weight is not None:
                _weight_gradient(segment, _part(segment, given), own, weight)
            if source is not None:
                part = source[segment.start : segment.start + segment.count]
                part += _source_gradient(segment, given[segment.weight], own).view_as(part)
        return (None, None, gradient, *made)


def add_events(
    start: Tensor, segments: tuple[Segment, ...], given: tuple[Tensor, ...], *, exact: bool
) -> Tensor:
    """`start` and the events of all segments.

    Parameters
    ----------
    start
        What the events are added to; shape (steps, batch, n_post).
    segments
        In the order of summation.
    given
        Sources, of shape (steps, batch, n_pre), and weights, of shape (n_pre, n_post) or
        (n_synapses,).
    exact
        False multiplies matrices, which is faster on a GPU.
    """
    if not segments:
        return start
    made: Tensor = _Sum.apply(segments, exact, start, *given)  # type: ignore[no-untyped-call]
    return made


def _part(segment: Segment, given: tuple[Tensor, ...]) -> Tensor:
    return given[segment.source][segment.start : segment.start + segment.count].contiguous()


def _forward(
    segment: Segment, source: Tensor, weight: Tensor, sums: Tensor, *, exact: bool
) -> None:
    matrix = segment.matrix
    if not exact or not source.is_cpu:
        sums += torch.matmul(source, _dense(matrix, weight))
    elif find_compiler() is None:
        _one_by_one(matrix, source, weight, sums)
    elif matrix.is_dense:
        _call("dense_forward", matrix, source, weight, sums)
    else:
        _call("list_forward", matrix, source, weight, matrix.start, matrix.target, sums)


def _weight_gradient(segment: Segment, source: Tensor, gradient: Tensor, made: Tensor) -> None:
    """Add the gradient of the weights to `made`."""
    matrix = segment.matrix
    if source.is_cpu and find_compiler() is not None:
        lists = () if matrix.is_dense else (matrix.start, matrix.target)
        name = "dense_backward" if matrix.is_dense else "list_backward"
        _call(name, matrix, source, gradient, *lists, made)
        return
    full = source.reshape(-1, matrix.n_pre).T @ gradient.reshape(-1, matrix.n_post)
    made += full if matrix.is_dense else full.reshape(-1)[_flat(matrix, made.device)]


def weight_gradient(matrix: Matrix, source: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of the weights of all pairs of cells; shape (n_pre, n_post).

    Parameters
    ----------
    matrix
        Who is connected.
    source, gradient
        What was sent, and the gradient of the sums it was added to; shape (steps, batch, n).
    """
    made = gradient.new_zeros(matrix.n_pre, matrix.n_post)
    whole = Segment(0, len(source), 0, 0, 0, matrix)
    _weight_gradient(whole, source.contiguous(), gradient.contiguous(), made)
    return made


def _source_gradient(segment: Segment, weight: Tensor, gradient: Tensor) -> Tensor:
    matrix = segment.matrix
    if matrix.is_dense or not gradient.is_cpu or find_compiler() is None:
        return gradient.reshape(-1, matrix.n_post) @ _dense(matrix, weight).T
    made = empty((*gradient.shape[:2], matrix.n_pre), gradient.dtype, gradient.device)
    _call("list_source", matrix, made, weight, gradient, matrix.start, matrix.target, made)
    return made


def _one_by_one(matrix: Matrix, source: Tensor, weight: Tensor, sums: Tensor) -> None:
    """Add the events of one presynaptic cell after the other."""
    for i in range(matrix.n_pre):
        sent = source[..., i : i + 1]
        if matrix.start is None or matrix.target is None:
            sums += sent * weight[i]
            continue
        for k in range(int(matrix.start[i]), int(matrix.start[i + 1])):
            j = int(matrix.target[k])
            sums[..., j : j + 1] += sent * weight[k]


def _dense(matrix: Matrix, weight: Tensor) -> Tensor:
    """Weights as a matrix; synapses between the same cells are added up."""
    if matrix.is_dense:
        return weight
    full = weight.new_zeros(matrix.n_pre * matrix.n_post)
    place = _flat(matrix, weight.device)
    return full.index_add(0, place, weight).view(matrix.n_pre, matrix.n_post)


def _flat(matrix: Matrix, device: torch.device) -> Tensor:
    """Place of each synapse in the matrix."""
    assert matrix.start is not None
    assert matrix.target is not None
    rows = np.repeat(np.arange(matrix.n_pre), np.diff(matrix.start))
    return torch.from_numpy(rows * matrix.n_post + matrix.target).to(device)


@cache
def _library() -> ctypes.CDLL:
    source = (Path(__file__).parent / "templates" / "sums.c").read_text(encoding="utf-8")
    return ctypes.CDLL(str(compile_library(source).path))


def _call(name: str, matrix: Matrix, *arrays: Any) -> None:
    """Call a function of the library: sizes, then addresses of arrays; `arrays[0]` has the rows."""
    tag = "float32" if arrays[0].dtype == torch.float32 else "float64"
    rows = arrays[0].shape[0] * arrays[0].shape[1]
    sizes = (ctypes.c_long(value) for value in (rows, matrix.n_pre, matrix.n_post))
    given = arrays[1:] if name == "list_source" else arrays
    getattr(_library(), f"{name}_{tag}")(*sizes, *map(_address, given))


def _address(array: Any) -> ctypes.c_void_p:
    if isinstance(array, Tensor):
        assert array.is_contiguous()
        return ctypes.c_void_p(array.data_ptr())
    return ctypes.c_void_p(array.ctypes.data)
