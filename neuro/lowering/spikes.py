"""Recent spikes as engines keep them: slots of cells by step, divided among threads."""

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
