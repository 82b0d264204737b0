"""What a source sends over time, in pieces of consecutive steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import torch
from torch import Tensor


class Train:
    """Spikes of a source, or values of a variable, by step from the start of a run.

    Parameters
    ----------
    past
        Those of the steps before; shape (depth, batch, n), the last step last.
    """

    def __init__(self, past: Tensor) -> None:
        self._starts = [-len(past)]
        self._pieces = [past]
        self.end = 0

    def append(self, piece: Tensor) -> None:
        """Add further steps; shape (steps, batch, n)."""
        self._starts.append(self.end)
        self._pieces.append(piece)
        self.end += len(piece)

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, Tensor, int, int]]:
        """Pieces that cover steps `first` to `last` (not included).

        Yields
        ------
        step, tensor, start, count
            From `step` on, `count` steps stand in `tensor` from its row `start` on.
        """
        place = max(0, bisect_right(self._starts, first) - 1)
        while first < last and place < len(self._pieces):
            begin, tensor = self._starts[place], self._pieces[place]
            count = min(last, begin + len(tensor)) - first
            if count > 0:
                yield first, tensor, first - begin, count
                first += count
            place += 1

    def window(self, first: int, last: int) -> Tensor:
        """Steps `first` to `last` (not included) as one tensor."""
        found = [t[start : start + count] for _, t, start, count in self.pieces(first, last)]
        return found[0] if len(found) == 1 else torch.cat(found)

    def whole(self) -> Tensor:
        """All steps from the start of the run on."""
        pieces = self._pieces[1:]
        if not pieces:
            return self._pieces[0][:0]
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)
