"""How far two recordings of spikes are apart, for backends that cannot be equal."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuro.errors import UnavailableError
from neuro.recording.data import SpikeData

WIDTH = 10.0
"""Time constant of the van Rossum distance, and the shift that costs as much as a spike in that of
Victor and Purpura; ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeDistance:
    """How far the spikes of one source are off.

    Attributes
    ----------
    source
        Its name.
    expected, found
        Numbers of spikes.
    victor_purpura
        Mean over cells of the least cost that turns one train into the other: 1 for a spike added or
        taken away, 1/10 for a shift by 1 ms.
    van_rossum
        Mean over cells of the distance after filtering with an exponential of 10 ms; about 1 for one
        spike too many.

    References
    ----------
    J. D. Victor and K. P. Purpura, Network 8 (1997); M. C. W. van Rossum, Neural Computation 13
    (2001).
    """

    source: str
    expected: int
    found: int
    victor_purpura: float
    van_rossum: float

    def __str__(self) -> str:
        return (
            f"{self.source}: {self.found} spikes for {self.expected}, a cell "
            f"{self.victor_purpura:.2f} (Victor-Purpura), {self.van_rossum:.2f} (van Rossum)"
        )


def spike_distance(source: str, expected: SpikeData, found: SpikeData, dt: float) -> SpikeDistance:
    """The distances between two recordings of `source` with steps of `dt` seconds.

    Raises
    ------
    UnavailableError
        If elephant is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from elephant.spike_train_dissimilarity import (
                van_rossum_distance,
                victor_purpura_distance,
            )
    except ImportError as error:
        raise UnavailableError(
            "distances between spike trains need elephant, which is not installed.",
            where="verify",
            hint="Install it with: pip install elephant",
        ) from error
    import quantities as pq

    stop = dt * 1000 * (1 + max(int(d.step.max(initial=0)) for d in (expected, found)))
    costs, filtered = [], []
    for cell in range(expected.size):
        pair = [_train(data, cell, dt, stop) for data in (expected, found)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            costs.append(victor_purpura_distance(pair, 1 / (WIDTH * pq.ms))[0, 1])
            filtered.append(van_rossum_distance(pair, WIDTH * pq.ms)[0, 1])
    return SpikeDistance(
        source=source,
        expected=len(expected),
        found=len(found),
        victor_purpura=float(np.mean(costs)),
        van_rossum=float(np.mean(filtered)),
    )


def _train(data: SpikeData, cell: int, dt: float, stop: float) -> Any:
    import neo

    times = data.step[data.index == cell] * (dt * 1000)
    return neo.SpikeTrain(times, units="ms", t_stop=stop)
