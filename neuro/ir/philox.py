"""Counter-based randomness: the same numbers for everyone, in any order, without state.

Noise inside a step is Philox4x32-10 keyed by the seed; its counter holds neuron, step, draw and
population, so a number depends on nothing else.  Connectors and initial values use numpy's
Philox4x64 bit generator, whose raw output numpy promises to keep.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint32]
Float: TypeAlias = type[np.float32] | type[np.float64]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_MASK = 0xFFFFFFFF
LANES = 4
"""Words per block: four neighbouring neurons share one evaluation."""


def stream_of(name: str) -> int:
    """The 32-bit stream of a population: it depends on the name, not on the order of declaration."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")


def words(seed: int, stream: int, draw: int, step: int, count: int) -> Words:
    """One 32-bit word for each of `count` neurons.

    Parameters
    ----------
    seed
        Key; 0 to 2**64 - 1.
    stream
        Which population; see `stream_of`.
    draw
        Which of the cell type's draws; below 2**16.
    step
        Time step; below 2**48.
    count
        Number of neurons.

    Returns
    -------
    array of uint32, shape (count,)
    """
    blocks = -(-count // LANES)
    counter = [
        np.arange(blocks, dtype=np.uint64),
        np.full(blocks, step & _MASK, dtype=np.uint64),
        np.full(blocks, (step >> 32) | (draw << 16), dtype=np.uint64),
        np.full(blocks, stream, dtype=np.uint64),
    ]
    return np.stack(philox4x32(counter, seed), axis=1).reshape(-1)[:count].astype(np.uint32)


def philox4x32(counter: list[NDArray[np.uint64]], seed: int) -> list[NDArray[np.uint64]]:
    """Ten rounds of Philox4x32 on four arrays of 32-bit counters (held in uint64)."""
    c0, c1, c2, c3 = counter
    k0, k1 = seed & _MASK, seed >> 32
    for _ in range(_ROUNDS):
        p0, p1 = c0 * np.uint64(_MULTIPLIERS[0]), c2 * np.uint64(_MULTIPLIERS[1])
        c0, c1 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & np.uint64(_MASK)
        c2, c3 = (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & np.uint64(_MASK)
        k0, k1 = (k0 + _WEYL[0]) & _MASK, (k1 + _WEYL[1]) & _MASK
    return [c0, c1, c2, c3]


def half_open(word: Words, dtype: Float) -> NDArray[Any]:
    """A number in [0, 1) with 24 (float32) or 32 (float64) random bits; exact."""
    if dtype is np.float32:
        return (word >> np.uint32(8)).astype(np.float32) * np.float32(0.5**24)
    return word.astype(np.float64) * 0.5**32


def open_interval(word: Words, dtype: Float) -> NDArray[Any]:
    """A number in (0, 1) with 23 (float32) or 32 (float64) random bits; exact."""
    if dtype is np.float32:
        whole = (word >> np.uint32(9)).astype(np.float32)
        return (whole + np.float32(0.5)) * np.float32(0.5**23)
    return (word.astype(np.float64) + 0.5) * 0.5**32


def derived_seed(seed: int, place: str) -> int:
    """The seed of a node that has none of its own: from the network's seed and where it stands."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{place}".encode()).digest()[:8], "little")


def raw_chunks(seed: int, chunk: int) -> Iterator[NDArray[np.uint64]]:
    """Endless chunks of random 64-bit words."""
    generator = np.random.Philox(key=seed)
    while True:
        yield generator.random_raw(chunk)


def uniform_doubles(seed: int, count: int) -> NDArray[np.float64]:
    """`count` numbers in (0, 1), 52 random bits each, never 0 or 1."""
    raw = np.random.Philox(key=seed).random_raw(count)
    return to_doubles(raw)


def to_doubles(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Random 64-bit words as numbers in (0, 1); exact."""
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 0.5**52
