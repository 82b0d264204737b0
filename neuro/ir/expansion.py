"""Expand connectivity into compressed sparse rows: the same arrays on every machine.

Only integer arithmetic and exact float operations are used, on the raw output of a bit generator
that numpy promises to keep.  Work is done in chunks, so little more than the result is in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neuro.ir.connectivity import (
    AllToAll,
    Connectivity,
    Convolution,
    Dense,
    DistanceDependent,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
    axes_of,
    output_shape,
)
from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.nodes import Call, Literal
from neuro.ir.philox import raw_chunks, to_doubles
from neuro.ir.sliding import Axis

Integers = NDArray[np.int64]
Indices = NDArray[np.int32]

_CHUNK = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Compressed sparse rows of a projection.

    Attributes
    ----------
    indptr
        int64, shape (n_pre + 1,).
    indices
        Postsynaptic neuron of each synapse; int32.
    kernel_index
        Where each synapse's weight stands in a kernel that is stored once; None if weights are
        one per synapse.
    """

    indptr: Integers
    indices: Indices
    kernel_index: Indices | None = None

    @property
    def count(self) -> int:
        """Number of synapses."""
        return int(self.indptr[-1])

    def sources(self) -> Indices:
        """Presynaptic neuron of each synapse; int32."""
        rows = np.arange(len(self.indptr) - 1, dtype=np.int32)
        return np.repeat(rows, np.diff(self.indptr))


def expand(connectivity: Connectivity, n_pre: int, n_post: int, seed: int) -> Rows:
    """The synapses of `connectivity` between populations of `n_pre` and `n_post` cells.

    Parameters
    ----------
    connectivity
        Any kind; it is assumed to have passed the verifier.
    n_pre, n_post
        Sizes of both populations.
    seed
        Used by random connectors that have no seed of their own.
    """
    return _expand(connectivity, n_pre, n_post, seed)


@singledispatch
def _expand(connectivity: Connectivity, n_pre: int, n_post: int, seed: int) -> Rows:
    raise TypeError(f"not a connectivity: {connectivity!r}")


@_expand.register
def _(connectivity: Sparse, n_pre: int, n_post: int, seed: int) -> Rows:
    return Rows(
        np.asarray(connectivity.indptr, np.int64), np.asarray(connectivity.indices, np.int32)
    )


@_expand.register
def _(connectivity: AllToAll, n_pre: int, n_post: int, seed: int) -> Rows:
    indices = np.tile(np.arange(n_post, dtype=np.int32), n_pre)
    rows = Rows(np.arange(n_pre + 1, dtype=np.int64) * n_post, indices)
    return rows if connectivity.self_connections else _without_self(rows)


@_expand.register
def _(connectivity: Dense, n_pre: int, n_post: int, seed: int) -> Rows:
    return _expand(AllToAll(), n_pre, n_post, seed)


@_expand.register
def _(connectivity: OneToOne, n_pre: int, n_post: int, seed: int) -> Rows:
    return Rows(np.arange(n_pre + 1, dtype=np.int64), np.arange(n_pre, dtype=np.int32))


@_expand.register
def _(connectivity: FixedProbability, n_pre: int, n_post: int, seed: int) -> Rows:
    seed = connectivity.seed if connectivity.seed is not None else seed
    probability = connectivity.probability
    if probability >= 1:
        rows = _expand(AllToAll(), n_pre, n_post, seed)
    else:
        rows = _bernoulli_rows(probability, n_pre, n_post, seed)
    return rows if connectivity.self_connections else _without_self(rows)


@_expand.register
def _(connectivity: FixedNumber, n_pre: int, n_post: int, seed: int) -> Rows:
    seed = connectivity.seed if connectivity.seed is not None else seed
    fan_in = connectivity.side == "pre"
    owners, partners = (n_post, n_pre) if fan_in else (n_pre, n_post)
    table = _choose(connectivity, owners, partners, seed)
    indptr = np.arange(owners + 1, dtype=np.int64) * connectivity.number
    rows = Rows(indptr, table.reshape(-1))
    return transpose(rows, partners) if fan_in else rows


@_expand.register
def _(connectivity: DistanceDependent, n_pre: int, n_post: int, seed: int) -> Rows:
    seed = connectivity.seed if connectivity.seed is not None else seed
    draws = raw_chunks(seed, n_post)
    counts, found = np.zeros(n_pre + 1, dtype=np.int64), []
    for row, (position, raw) in enumerate(zip(connectivity.pre_positions, draws, strict=False)):
        offset = connectivity.post_positions - position
        distance = np.sqrt(np.add.reduce(offset * offset, axis=1))
        probability = evaluate(connectivity.probability, {"d": distance}, np.float64)
        chosen = np.flatnonzero(to_doubles(raw) < probability).astype(np.int32)
        counts[row + 1] = len(chosen)
        found.append(chosen)
    rows = Rows(np.cumsum(counts), np.concatenate([np.empty(0, np.int32), *found]))
    return rows if connectivity.self_connections else _without_self(rows)


@_expand.register
def _(connectivity: Convolution, n_pre: int, n_post: int, seed: int) -> Rows:
    shape, axes = connectivity.kernel_shape, axes_of(connectivity)
    group = shape[0] // connectivity.groups
    place, tap, space = _along(axes, before=2)
    out, inside = np.arange(shape[0]), np.arange(shape[1])
    out, inside = (x.reshape(-1, *[1] * (len(axes) + k)) for x, k in ((out, 1), (inside, 0)))
    kernel = np.ravel_multi_index(np.broadcast_arrays(out, inside, *tap), shape)
    channel = out // group * shape[1] + inside
    return _sliding_rows(connectivity, n_pre, [channel, *place], [out, *space], kernel)


@_expand.register
def _(connectivity: Pooling, n_pre: int, n_post: int, seed: int) -> Rows:
    axes = axes_of(connectivity)
    place, _, space = _along(axes, before=1)
    channel = np.arange(connectivity.input_shape[0]).reshape(-1, *[1] * len(axes))
    return _sliding_rows(connectivity, n_pre, [channel, *place], [channel, *space], None)


def _along(
    axes: tuple[Axis, ...], *, before: int
) -> tuple[list[Integers], list[Integers], list[Integers]]:
    """Places, taps and outputs of each axis, each along a dimension of its own behind `before`."""
    found: tuple[list[Integers], list[Integers], list[Integers]] = ([], [], [])
    for number, axis in enumerate(axes):
        shape = [1] * (before + len(axes))
        shape[before + number] = -1
        for part, values in zip(found, axis.triples(), strict=True):
            part.append(values.reshape(shape))
    return found


def transpose(rows: Rows, columns: int) -> Rows:
    """Rows and columns exchanged; within a row, partners ascend."""
    order = stable_argsort(rows.indices, columns)
    counts = np.bincount(rows.indices, minlength=columns)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Rows(indptr, rows.sources()[order])


def stable_argsort(keys: NDArray[np.integer], limit: int) -> Integers:
    """Stable order of `keys`, all below `limit`: a radix sort of 16 bits at a time."""
    order = np.argsort((keys & 0xFFFF).astype(np.uint16), kind="stable")
    if limit > 1 << 16:
        high = (keys >> 16).astype(np.uint16)[order]
        order = order[np.argsort(high, kind="stable")]
    return order


def _bernoulli_rows(probability: float, n_pre: int, n_post: int, seed: int) -> Rows:
    """Independent pairs: the gaps between connected pairs are geometric."""
    total = n_pre * n_post
    counts = np.zeros(n_pre, dtype=np.int64)
    indices = np.empty(_capacity(total, probability), dtype=np.int32)
    used, last = 0, -1
    for position in _bernoulli_positions(probability, total, seed):
        row = position // n_post
        end = used + len(position)
        if end > len(indices):
            indices = np.resize(indices, end + len(indices) // 4)
        indices[used:end] = position - row * n_post
        first = int(row[0])
        seen = np.bincount(row - first)
        counts[first : first + len(seen)] += seen
        used, last = end, int(position[-1])
    assert last < total
    return Rows(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), indices[:used])


def _bernoulli_positions(probability: float, total: int, seed: int):  # type: ignore[no-untyped-def]
    """Chunks of ascending positions below `total`, each position with `probability`."""
    if probability <= 0 or total == 0:
        return
    log_miss = float(evaluate(Call("log1p", (Literal(-probability),)), {}, np.float64))
    position = -1
    for raw in raw_chunks(seed, _CHUNK):
        with np.errstate(over="ignore"):  # a gap too large for a float is beyond the end anyway
            gaps = np.floor(_log_of_uniform(to_doubles(raw)) / log_miss)
        steps = np.minimum(gaps, float(total)).astype(np.int64) + 1
        found = position + np.cumsum(steps)
        inside = int(np.searchsorted(found, total))
        if inside:
            yield found[:inside]
        if inside < len(found):
            return
        position = int(found[-1])


def _log_of_uniform(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(u) for numbers in (0, 1), to about 1e-13; a few exact operations, in place for speed.

    u = m * 2**e, and log(m) = log(sqrt(2)) + 2 atanh(s) with s = (m - sqrt(2)) / (m + sqrt(2)).
    """
    bits = u.view(np.int64)
    exponent = ((bits >> 52) - 1023).astype(np.float64)
    m = ((bits & ((1 << 52) - 1)) | (1023 << 52)).view(np.float64)
    s = (m - 2**0.5) / (m + 2**0.5)
    z = s * s
    series = np.full_like(z, 2 / 15)
    for term in (2 / 13, 2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3, 2.0):
        series *= z
        series += term
    series *= s
    exponent += 0.5
    exponent *= 0.6931471805599453
    series += exponent
    return series


def _capacity(total: int, probability: float) -> int:
    """Room for all but a few in a billion of such draws."""
    mean = total * probability
    return int(mean + 6 * mean**0.5 + 16)


def _choose(connectivity: FixedNumber, owners: int, partners: int, seed: int) -> Indices:
    """`number` different partners, ascending, for each owner; int32, shape (owners, number)."""
    number = connectivity.number
    table = np.empty((owners, number), dtype=np.int32)
    if number == 0:
        return table
    block = max(1, _CHUNK // number)
    draws = _below(seed)
    for first, last in pairwise([*range(0, owners, block), owners]):
        own = np.arange(first, last, dtype=np.int64)[:, None]
        avoid = not connectivity.self_connections
        limit = np.where(avoid & (own < partners), partners - 1, partners)
        chosen = _distinct(limit, number, draws)
        if avoid:
            chosen = chosen + ((chosen >= own) & (own < partners))
        table[first:last] = chosen
    return table


def _below(seed: int):  # type: ignore[no-untyped-def]
    """A function that draws integers below the entries of an array."""
    generator = np.random.Philox(key=seed)

    def draw(limit: Integers) -> Integers:
        raw = generator.random_raw(limit.size).reshape(limit.shape) >> np.uint64(32)
        return ((raw * limit.astype(np.uint64)) >> np.uint64(32)).astype(np.int64)

    return draw


def _distinct(limit: Integers, number: int, draw) -> Integers:  # type: ignore[no-untyped-def]
    """Rows of `number` different integers below `limit`, ascending: repeats are drawn again."""
    limits = np.broadcast_to(limit, (len(limit), number))
    chosen = np.sort(draw(limits), axis=1)
    while True:
        repeat = np.zeros(chosen.shape, dtype=bool)
        repeat[:, 1:] = chosen[:, 1:] == chosen[:, :-1]
        if not repeat.any():
            return chosen
        chosen[repeat] = draw(limits[repeat])
        chosen.sort(axis=1)


def _without_self(rows: Rows) -> Rows:
    """`rows` without the pairs of equal indices."""
    sources = rows.sources()
    keep = sources != rows.indices
    counts = np.bincount(sources[keep], minlength=len(rows.indptr) - 1)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Rows(indptr, rows.indices[keep])


def _sliding_rows(
    connectivity: Convolution | Pooling,
    n_pre: int,
    source: list[Integers],
    target: list[Integers],
    kernel: Integers | None,
) -> Rows:
    """Rows of a sliding window from coordinates of source and target, which are broadcast."""
    *coordinates, channel = np.broadcast_arrays(*source, *target, source[0])
    ends = len(source)
    pre = np.ravel_multi_index(coordinates[:ends], connectivity.input_shape).reshape(-1)
    post = np.ravel_multi_index(coordinates[ends:], output_shape(connectivity)).reshape(-1)
    order = np.lexsort((post, pre))
    counts = np.bincount(pre, minlength=n_pre)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    weight = None
    if kernel is not None:
        weight = np.broadcast_to(kernel, channel.shape).reshape(-1)[order].astype(np.int32)
    return Rows(indptr, post[order].astype(np.int32), weight)
