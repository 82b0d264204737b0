"""The geometry that engines walk through gives the synapses that the expansion lists."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro.ir.connectivity import Convolution, Pooling, output_shape, sliding_count
from neuro.ir.expansion import expand
from neuro.ir.grid import Grid, grid_of
from neuro.ir.sliding import Axis


def walk(grid: Grid) -> list[list[tuple[int, int]]]:
    """Target and place in the walked kernel of each cell's synapses, as an engine finds them."""
    rows, columns = grid.rows, grid.columns
    plane = rows.out * columns.out
    found = []
    for cell in range(grid.channels_in * rows.size * columns.size):
        channel, place = divmod(cell, rows.size * columns.size)
        row, column = divmod(place, columns.size)
        first = channel // grid.block_in * grid.block_out
        found.append(
            [
                (
                    (first + k) * plane + y * columns.out + x,
                    ((channel * rows.window + down) * columns.window + right) * grid.block_out + k,
                )
                for down, y in taps(rows, row)
                for right, x in taps(columns, column)
                for k in range(grid.block_out)
            ]
        )
    return found


def taps(axis: Axis, place: int) -> list[tuple[int, int]]:
    first, output, count = (values[place] for values in axis.first())
    return [(first + k * axis.tap_step, output - k * axis.out_step) for k in range(count)]


@st.composite
def geometries(draw: st.DrawFn) -> Convolution | Pooling:
    """Convolutions and poolings with an output."""
    axes, small = draw(st.integers(1, 2)), st.integers(1, 4)

    def each(of: st.SearchStrategy[int]) -> tuple[int, ...]:
        return tuple(draw(of) for _ in range(axes))

    window, stride, dilation = each(small), each(st.integers(1, 3)), each(st.integers(1, 3))
    padding, behind = each(st.integers(0, 3)), each(st.integers(0, 3))
    size = tuple(
        max(1, d * (w - 1) + 1 + extra - p)
        for w, d, p, extra in zip(window, dilation, padding, each(st.integers(0, 5)), strict=True)
    )
    groups = draw(st.integers(1, 2))
    if draw(st.booleans()):
        return Pooling(input_shape=(groups, *size), window=window, stride=stride,
                       padding=tuple(max(p, w - s) for p, w, s in zip(padding, window, size, strict=True)))  # fmt: skip
    inside, out = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    pool = each(st.integers(1, 3)) if draw(st.booleans()) else None
    if pool is not None:
        size = tuple(n * b + draw(st.integers(0, b - 1)) for n, b in zip(size, pool, strict=True))
    return Convolution(
        input_shape=(groups * inside, *size),
        kernel_shape=(groups * out, inside, *window),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_end=behind if draw(st.booleans()) else None,
        pool=pool,
    )


@settings(max_examples=150, deadline=None, database=None)
@given(geometries())
def test_a_walk_finds_the_listed_synapses(connectivity: Convolution | Pooling) -> None:
    shape = output_shape(connectivity)
    if min(shape) < 1:
        return
    n_pre = prod(connectivity.input_shape)
    rows = expand(connectivity, n_pre, prod(shape), 0)
    grid = grid_of(connectivity)
    assert grid is not None
    assert grid.count == sliding_count(connectivity) == rows.count
    kernel = np.arange(prod(grid.kernel_shape))
    walked = grid.by_source(kernel)
    for cell, own in enumerate(walk(grid)):
        listed = slice(rows.indptr[cell], rows.indptr[cell + 1])
        found = sorted(own)
        assert [target for target, _ in found] == rows.indices[listed].tolist()
        assert len({target for target, _ in found}) == len(found)
        if rows.kernel_index is not None:
            weights = [walked[place] for _, place in found]
            assert weights == rows.kernel_index[listed].tolist()


@settings(max_examples=60, deadline=None, database=None)
@given(geometries())
def test_sums_are_those_of_the_listed_weights(connectivity: Convolution | Pooling) -> None:
    shape = output_shape(connectivity)
    if min(shape) < 1:
        return
    rows = expand(connectivity, prod(connectivity.input_shape), prod(shape), 0)
    grid = grid_of(connectivity)
    assert grid is not None
    kernel = np.random.default_rng(1).integers(1, 9, prod(grid.kernel_shape)).astype(float)
    if rows.kernel_index is None:
        kernel[:] = 3.0
    each = kernel[rows.kernel_index] if rows.kernel_index is not None else np.full(rows.count, 3.0)
    expected = np.bincount(rows.indices, each, minlength=prod(shape))
    np.testing.assert_array_equal(grid.sums(kernel), expected)


@settings(max_examples=30, deadline=None, database=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_kernels_come_back_in_their_order(groups: int, inside: int, out: int, taps: int) -> None:
    axis = Axis(size=9, window=taps, out=9)
    grid = Grid(groups * inside, groups * out, groups, Axis(size=1, window=1), axis)
    kernel = np.arange(prod(grid.kernel_shape))
    np.testing.assert_array_equal(grid.by_target(grid.by_source(kernel)), kernel)


def test_three_axes_have_no_grid() -> None:
    pool = Pooling(input_shape=(1, 4, 4, 4), window=(2,) * 3, stride=(2,) * 3, padding=(0,) * 3)
    assert grid_of(pool) is None
    assert sliding_count(pool) == 64


@pytest.mark.parametrize("end", [None, (2, 0)])
def test_padding_behind_may_differ(end: Any) -> None:
    made = Convolution(input_shape=(1, 5, 5), kernel_shape=(1, 1, 2, 2), stride=(1, 1),
                       padding=(0, 1), dilation=(1, 1), padding_end=end)  # fmt: skip
    assert output_shape(made) == ((1, 4, 6) if end is None else (1, 6, 5))
    assert (made.content_hash == Convolution(
        input_shape=(1, 5, 5), kernel_shape=(1, 1, 2, 2), stride=(1, 1), padding=(0, 1), dilation=(1, 1)
    ).content_hash) == (end is None)  # fmt: skip
