"""Sums of events that fit 16 bits: which rings of a firmware in fixed point need no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.ir.expressions.nodes import Name, program_writes
from neuro.lowering import tables as low

NARROW = np.dtype(np.int16)
_WEIGHT = "w"
_MOST = np.iinfo(NARROW).max


@dataclass(frozen=True, slots=True)
class Narrow:
    """What has 16 bits.

    Attributes
    ----------
    rings
        Addresses of sums.
    synapses
        Kinds of synapses that send into such rings only.
    ports
        For each kind of cell, the places of its ports that are such rings for all its cells.
    """

    rings: frozenset[int] = frozenset()
    synapses: frozenset[int] = frozenset()
    ports: dict[int, frozenset[int]] = field(default_factory=dict)


def narrow_sums(tables: low.Tables) -> Narrow:
    """Rings into which synapses alone send, and never more than 16 bits a step.

    A synapse sends at most once into a slot, so that the sum over a cell's synapses of the most that
    each can send bounds what a slot holds.  A kind of synapse or cell has one type for all its rings,
    hence they are narrow only together.
    """
    if tables.network.format.kind != "fixed":
        return Narrow()
    rings = _bounded(tables) - set(_reached_otherwise(tables))
    while True:
        synapses, ports = _kinds_for(tables, rings)
        kept = {
            ring
            for ring in rings
            if all(d.edges.kernel in synapses for d in _deliveries(tables) if _at(d.ring) == ring)
            and _read_as_narrow(tables, ring, ports)
        }
        if kept == rings:
            return Narrow(frozenset(rings), synapses, ports)
        rings = kept


def _at(ring: low.Ring) -> int:
    return int(ring.sums.ctypes.data)


def _deliveries(tables: low.Tables) -> list[low.Delivery]:
    return [*tables.direct[0], *tables.sent[0]]


def _bounded(tables: low.Tables) -> set[int]:
    """Rings of ports that never hold more than 16 bits."""
    most: defaultdict[int, Any] = defaultdict(int)
    for delivery in _deliveries(tables):
        most[_at(delivery.ring)] = most[_at(delivery.ring)] + _most_sent(tables, delivery)
    ports = {_at(ring) for cells in tables.cells for ring in cells.ports}
    return {ring for ring, bound in most.items() if ring in ports and np.max(bound) <= _MOST}


def _most_sent(tables: low.Tables, delivery: low.Delivery) -> NDArray[np.float64]:
    """The most that each cell gets from some synapses in a step; infinite if that is unknown."""
    edges, kernel = delivery.edges, tables.synapse_kernels[delivery.edges.kernel]
    size = delivery.ring.sums.shape[1]
    if kernel.send != Name(_WEIGHT):
        return np.full(size, np.inf)
    if kernel.form != "list":
        return _most_unlisted(edges, uniform=kernel.uniform)
    if kernel.uniform:
        weight = np.full(len(edges.target), abs(float(edges.scalars[-1])))
    elif _WEIGHT not in program_writes((*kernel.on_pre, *kernel.on_post, *kernel.each_step)):
        weight = np.abs(edges.state[_WEIGHT].astype(np.float64))
    else:
        bits = kernel.weight_bits or 32
        weight = np.full(len(edges.target), 2.0 ** (bits - 1))
    return np.bincount(edges.target, weight, minlength=size).astype(np.float64)


def _most_unlisted(edges: low.EdgeTable, *, uniform: bool) -> NDArray[np.float64]:
    """The same of constant weights that are stored as a matrix, a kernel, or one number."""
    if edges.grid is not None:
        shape = edges.grid.kernel_shape
        one = abs(float(edges.scalars[-1])) if uniform else 0.0
        kernel = np.full(shape, one)
        if not uniform:
            kernel = np.abs(edges.grid.by_target(edges.state[_WEIGHT]).astype(np.float64))
        return edges.grid.sums(kernel)
    size = edges.last - edges.first
    if uniform:
        return np.full(size, edges.rows * abs(float(edges.scalars[-1])))
    sums = np.zeros(size)
    for row in edges.state[_WEIGHT].reshape(edges.rows, size):
        sums += np.abs(row.astype(np.float64))
    return sums


def _reached_otherwise(tables: low.Tables) -> Iterator[int]:
    """Rings that something else than synapses adds to or reads."""
    for transfer in (*tables.transfers, *tables.graded_transfers):
        yield from (_at(transfer.ring), _at(transfer.target))
    for item in tables.inputs:
        yield _at(item.target)


def _kinds_for(
    tables: low.Tables, rings: set[int]
) -> tuple[frozenset[int], dict[int, frozenset[int]]]:
    """Kinds of synapses, and ports of kinds of cells, all of whose rings are among `rings`."""
    wide = {d.edges.kernel for d in _deliveries(tables) if _at(d.ring) not in rings}
    synapses = {d.edges.kernel for d in _deliveries(tables)} - wide
    ports: dict[int, frozenset[int]] = {}
    for cells in tables.cells:
        own = frozenset(k for k, ring in enumerate(cells.ports) if _at(ring) in rings)
        ports[cells.kernel] = ports.get(cells.kernel, own) & own
    return frozenset(synapses), ports


def _read_as_narrow(tables: low.Tables, ring: int, ports: dict[int, frozenset[int]]) -> bool:
    return all(
        place in ports[cells.kernel]
        for cells in tables.cells
        for place, own in enumerate(cells.ports)
        if _at(own) == ring
    )
