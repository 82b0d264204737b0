"""One spatial axis of a sliding window: which outputs a place of the input reaches, and how."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a convolution or pooling.

    Output `y` sees the inputs ``y * stride + tap * dilation - padding`` for each tap of the window.
    So the taps that fall on one input are `tap_step` apart, and lead to outputs that are `out_step`
    apart, in the opposite direction.

    Attributes
    ----------
    size
        Places of the input.
    window
        Taps.
    stride, padding, dilation
        As in `Convolution`; the padding is that before the first place.
    out
        Places of the output.
    block
        Places of the input that are one to the window; the rest behind the last block is not seen.
    """

    size: int
    window: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    out: int = 1
    block: int = 1

    @property
    def blocks(self) -> int:
        """Places that the window sees."""
        return self.size // self.block

    @property
    def tap_step(self) -> int:
        """Distance between taps that fall on one place."""
        return self.stride // gcd(self.stride, self.dilation)

    @property
    def out_step(self) -> int:
        """Distance between the outputs that they lead to."""
        return self.dilation // gcd(self.stride, self.dilation)

    def reached(self) -> NDArray[np.bool_]:
        """Whether a tap falls on a place, for an output that there is; shape (size, window)."""
        ahead, whole = self._ahead(), self.stride
        inside = (ahead >= 0) & (ahead // whole < self.out)
        seen = np.arange(self.size)[:, None] < self.blocks * self.block
        return np.asarray(inside & (ahead % whole == 0) & seen)

    def triples(self) -> tuple[Integers, Integers, Integers]:
        """Every place, a tap that falls on it, and its output."""
        place, tap = np.nonzero(self.reached())
        return place, tap, self._ahead()[place, tap] // self.stride

    def first(self) -> tuple[Integers, Integers, Integers]:
        """For each place: the first tap that falls on it, its output, and how many taps there are.

        Where there are none, tap and output are 0.
        """
        reached = self.reached()
        count = np.count_nonzero(reached, axis=1)
        tap = np.argmax(reached, axis=1)
        output = self._ahead()[np.arange(self.size), tap] // self.stride
        return tap, np.where(count > 0, output, 0), count

    @property
    def pairs(self) -> int:
        """How many pairs of a place and a tap there are."""
        return int(np.count_nonzero(self.reached()))

    def outputs_of(self, tap: int) -> tuple[int, int]:
        """First and last plus one of the outputs for which `tap` falls on a place of the input."""
        offset = tap * self.dilation - self.padding
        first = max(0, -(offset // self.stride))
        last = min(self.out, (self.blocks - 1 - offset) // self.stride + 1)
        return first, max(first, last)

    def _ahead(self) -> Integers:
        """Stride times output, for each place and tap."""
        place, tap = np.arange(self.size)[:, None], np.arange(self.window)[None, :]
        return place // self.block + self.padding - tap * self.dilation
