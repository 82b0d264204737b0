"""Recent spikes as engines keep them: slots by step, of lists of cells by thread or a bit per cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def gather(
    cells: NDArray[Any], counts: NDArray[Any], first: NDArray[Any], step: int
) -> NDArray[np.int64]:
    """The cells that spiked in `step`, over all threads."""
    if step < 0:
        return np.empty(0, np.int64)
    row, count = cells[step % len(cells)], counts[step % len(cells)]
    parts = [row[first[k] : first[k] + count[k]] for k in range(len(count))]
    found: NDArray[np.int64] = np.concatenate(parts).astype(np.int64)
    return found


def scatter(
    cells: NDArray[Any], counts: NDArray[Any], first: NDArray[Any], step: int, chosen: NDArray[Any]
) -> None:
    """Note that the cells `chosen` spiked in `step`."""
    if step < 0:
        return
    row, count = cells[step % len(cells)], counts[step % len(cells)]
    for thread in range(len(count)):
        mine = chosen[(chosen >= first[thread]) & (chosen < first[thread + 1])]
        row[first[thread] : first[thread] + len(mine)] = mine
        count[thread] = len(mine)


def gather_bits(bits: NDArray[np.uint32], step: int) -> NDArray[np.int64]:
    """The cells that spiked in `step`; `bits` has shape (slots, words)."""
    if step < 0:
        return np.empty(0, np.int64)
    row = bits[step % len(bits)].astype("<u4").view(np.uint8)
    return np.flatnonzero(np.unpackbits(row, bitorder="little")).astype(np.int64)


def scatter_bits(bits: NDArray[np.uint32], step: int, chosen: NDArray[np.int64]) -> None:
    """Note that the cells `chosen` spiked in `step`."""
    if step < 0:
        return
    spiked = np.zeros(32 * bits.shape[1], np.uint8)
    spiked[chosen] = 1
    bits[step % len(bits)] = np.packbits(spiked, bitorder="little").view("<u4")
