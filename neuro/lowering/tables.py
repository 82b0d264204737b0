"""Tables: the sizes, values and connections behind the kernels, as flat arrays.

Arrays that change while a network runs are owned by the tables and shared with the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.ir.expressions.evaluate import Numeric
from neuro.ir.grid import Grid
from neuro.ir.network import CurrentInput, Network, PoissonInput
from neuro.ir.numbers import Numbers
from neuro.lowering.kernels import CellKernel, SynapseKernel

Real: TypeAlias = NDArray[Any]
"""Array in the network's number format."""
Unsigned: TypeAlias = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """Sums per future step; slot ``step % depth`` is due in `step`.  Shape (depth, size).

    The sums of a port without a ring, and a bound variable, are rings of depth 1.
    """

    sums: Real

    @property
    def depth(self) -> int:
        """Number of slots."""
        return int(self.sums.shape[0])

    def ahead(self, step: int) -> Real:
        """The sums in the order of steps, those due in `step` first; a copy."""
        return np.roll(self.sums, -(step % self.depth), axis=0)

    def set_ahead(self, step: int, sums: Real) -> None:
        """Set what `ahead` gives."""
        self.sums[...] = np.roll(sums, step % self.depth, axis=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellTable:
    """One population.

    Attributes
    ----------
    name, size, kernel
        Name, number of cells, place of its kernel.
    stream
        Of random words.
    state
        State variables in the order of the kernel.
    scalars, arrays
        Constants in the order of the kernel.
    refractory
        Steps; a number, or uint32 per cell.
    until
        Last refractory step of each cell; int64.
    ports
        Rings of the kernel's free ports, then of its `rings`.
    """

    name: str
    size: int
    kernel: int
    stream: int
    state: dict[str, Real]
    scalars: Real
    arrays: list[Real]
    refractory: int | Unsigned
    until: NDArray[np.int64]
    ports: list[Ring]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TraceTable:
    """Traces of one side of a projection at one delay."""

    projection: str
    side: str
    kernel: int
    source: int
    lag: int
    state: dict[str, Real]
    scalars: Real


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeferredTable:
    """What a group of synapses with a deferred rule keeps besides.

    Attributes
    ----------
    visited
        Step since the epoch up to which each row is up to date; uint32.
    notes
        Structured array: recent spikes of each postsynaptic cell as steps since the epoch.
    aside
        Structured array with places for older spikes.
    epoch
        The epoch; int64, shape (1,).
    chain
        Scratch, one array per presynaptic trace.
    """

    visited: Unsigned
    notes: NDArray[Any]
    aside: NDArray[Any]
    epoch: NDArray[np.int64]
    chain: list[Real]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeTable:
    """Synapses of one projection that share their delays and end on the cells of one thread.

    Attributes
    ----------
    projection
        Name of the projection.
    kernel, pre, post
        Place of the kernel, and of both sources.
    axonal, dendritic
        Delays in steps.
    rows, count
        Presynaptic cells, and synapses; those of all threads if they are not listed.
    first, last
        The thread's postsynaptic cells, up to `last` - 1.
    start, target
        Compressed sparse rows; uint32, and uint16 or uint32.  Empty if synapses are not listed.
    grid
        Geometry of a convolution or pooling whose synapses are not listed.
    state
        Variables in the order of the kernel.  Weights that are not one per listed synapse are those
        of the whole projection, the same array for all threads: a matrix by rows, or a kernel as
        `Grid.by_source` orders it.
    scalars, arrays
        Constants in the order of the kernel; a uniform weight is the last scalar.
    pre_traces, post_traces
        Arrays of the traces that these synapses see.
    factors
        Arrays of the factors.
    chosen
        Where these synapses stand among all of the projection; None if they are all of them, or if
        the groups, row by row in their order, are.
    deferred
        Set if the kernel is deferred.
    """

    projection: str
    kernel: int
    pre: int
    post: int
    axonal: int
    dendritic: int
    rows: int
    count: int
    first: int
    last: int
    start: Unsigned
    target: NDArray[Any]
    grid: Grid | None
    state: dict[str, Real]
    scalars: Real
    arrays: list[Real]
    pre_traces: list[Real]
    post_traces: list[Real]
    factors: list[Real]
    chosen: Unsigned | None
    deferred: DeferredTable | None


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A group of synapses, and where its events are added."""

    edges: EdgeTable
    ring: Ring


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """A ring that is added to sums which other inputs reach too; `owner` is the source, or -1."""

    ring: Ring
    target: Ring
    owner: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GradedTable:
    """A graded projection with one delay, onto the cells of one thread.

    `shift` is the right shift of the products of weights and values, in fixed point.
    """

    name: str
    ring: Ring
    value: Real
    start: Unsigned
    target: Unsigned
    weight: Real
    shift: int
    delay: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoissonTable:
    """A Poisson input: thresholds of all rates, and which cell has which."""

    node: PoissonInput
    target: Ring
    owner: int
    stream: int
    weight: Real
    thresholds: Unsigned
    table: Unsigned
    table_of: Unsigned | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalTable:
    """Where a current input is added; its values come with the drive."""

    node: CurrentInput
    target: Ring
    owner: int


@dataclass(slots=True, kw_only=True, eq=False)
class Tables:
    """A lowered network.

    Attributes
    ----------
    numbers
        How numbers are represented.
    sources
        Names of everything that spikes: populations first, then spike arrays.
    slots
        How many steps of spikes there is room for of each source; a power of two.
    ages
        How many steps of spikes of each source matter between steps.
    first
        Which cells of each source each thread owns; uint32, shape (threads + 1,).
    lists
        True lists refractory cells where that is faster, which takes more memory.
    transfers, direct, inputs, graded_transfers
        What arrives, in order; `direct` has a list per thread.
    sent, graded
        What is sent, in order; a list per thread.
    rings, graded_rings
        All rings by port, and by graded projection.
    """

    network: Network
    seed: int
    numbers: Numbers
    threads: int
    sources: list[str]
    slots: list[int]
    ages: list[int]
    first: list[Unsigned]
    lists: bool = True
    cell_kernels: list[CellKernel] = field(default_factory=list)
    synapse_kernels: list[SynapseKernel] = field(default_factory=list)
    cells: list[CellTable] = field(default_factory=list)
    factors: dict[tuple[str, str], Ring] = field(default_factory=dict)
    rings: dict[tuple[str, str], Ring] = field(default_factory=dict)
    graded_rings: dict[str, Ring] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    direct: list[list[Delivery]] = field(default_factory=list)
    inputs: list[PoissonTable | SignalTable] = field(default_factory=list)
    graded_transfers: list[Transfer] = field(default_factory=list)
    sent: list[list[Delivery]] = field(default_factory=list)
    graded: list[list[GradedTable]] = field(default_factory=list)
    traces: list[TraceTable] = field(default_factory=list)
    _scratch: dict[tuple[int, int], Real] = field(default_factory=dict)

    @property
    def dtype(self) -> Numeric:
        """Type of all numbers, apart from weights that are kept in fewer bits."""
        return self.numbers.dtype

    def scratch(self, thread: int, count: int, length: int) -> list[Real]:
        """`count` arrays that the deferred rules of one thread share, for one row at a time."""
        for place in range(count):
            if (thread, place) not in self._scratch:
                self._scratch[thread, place] = np.zeros(length, self.dtype)
        return [self._scratch[thread, place] for place in range(count)]

    def groups(self, projection: str) -> list[EdgeTable]:
        """All groups of synapses of `projection`."""
        lists = (*self.direct, *self.sent)
        return [d.edges for part in lists for d in part if d.edges.projection == projection]

    def places(self, projection: str) -> list[Unsigned | slice]:
        """Where the synapses of each group stand among all of the projection."""
        groups = self.groups(projection)
        if len(groups) == 1 and groups[0].chosen is None:
            return [slice(None)]
        place = sum(group.start[:-1].astype(np.int64) for group in groups)
        found: list[Unsigned | slice] = []
        for group in groups:
            counts = np.diff(group.start)
            shift = np.repeat(place - group.start[:-1], counts)
            own = (np.arange(len(group.target)) + shift).astype(np.uint32)
            found.append(own if group.chosen is None else group.chosen)
            place = place + counts
        return found
