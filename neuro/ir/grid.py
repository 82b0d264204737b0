"""Convolutions and pooling on two axes as one geometry that engines walk through, without lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.ir.connectivity import Convolution, Pooling, axes_of
from neuro.ir.sliding import Axis

ALONE = Axis(size=1, window=1)
"""The second axis of what has one."""
MOST_AXES = 2


@dataclass(frozen=True, slots=True)
class Grid:
    """How cells of channels of rows and columns reach others.

    A cell reaches, through each tap of the window that falls on it, one cell in each output channel
    of its group.  No two taps lead to the same cell.

    Attributes
    ----------
    channels_in, channels_out, groups
        Channels of both sides, and in how many blocks they are connected.
    rows, columns
        Both spatial axes.
    """

    channels_in: int
    channels_out: int
    groups: int
    rows: Axis
    columns: Axis

    @property
    def block_in(self) -> int:
        """Input channels of a group."""
        return self.channels_in // self.groups

    @property
    def block_out(self) -> int:
        """Output channels of a group."""
        return self.channels_out // self.groups

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """Of the kernel: channels out, channels in of a group, rows, columns."""
        return (self.channels_out, self.block_in, self.rows.window, self.columns.window)

    @property
    def count(self) -> int:
        """How many synapses there are."""
        return self.channels_in * self.block_out * self.rows.pairs * self.columns.pairs

    def by_source(self, kernel: NDArray[Any]) -> NDArray[Any]:
        """A kernel in the order in which a spike walks through it; flat.

        That is by channel in, row, column and channel out within the group.
        """
        shape = (self.groups, self.block_out, *self.kernel_shape[1:])
        return np.ascontiguousarray(kernel.reshape(shape).transpose(0, 2, 3, 4, 1)).reshape(-1)

    def by_target(self, walked: NDArray[Any]) -> NDArray[Any]:
        """The kernel, flat, from what `by_source` gives."""
        _, inside, rows, columns = self.kernel_shape
        shape = (self.groups, inside, rows, columns, self.block_out)
        return np.ascontiguousarray(walked.reshape(shape).transpose(0, 4, 1, 2, 3)).reshape(-1)

    def sums(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each cell gets if all cells before it spike; flat."""
        each = kernel.reshape(self.kernel_shape).sum(axis=1)
        each *= self.rows.block * self.columns.block
        found = np.zeros((self.channels_out, self.rows.out, self.columns.out))
        for row in range(self.rows.window):
            first, last = self.rows.outputs_of(row)
            for column in range(self.columns.window):
                left, right = self.columns.outputs_of(column)
                found[:, first:last, left:right] += each[:, row, column, None, None]
        return found.reshape(-1)


def grid_of(connectivity: Convolution | Pooling) -> Grid | None:
    """The geometry of a convolution or pooling on one or two axes; None of one on more."""
    axes = axes_of(connectivity)
    if len(axes) > MOST_AXES:
        return None
    rows, columns = axes if len(axes) == MOST_AXES else (ALONE, axes[0])
    channels = connectivity.input_shape[0]
    if isinstance(connectivity, Pooling):
        return Grid(channels, channels, channels, rows, columns)
    return Grid(channels, connectivity.kernel_shape[0], connectivity.groups, rows, columns)
