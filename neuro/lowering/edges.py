"""Lower projections: synapses in groups of equal delays, kernels, traces and factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.ir.canonical_types import CanonicalSynapse
from neuro.ir.expansion import Rows
from neuro.ir.expressions.nodes import program_reads, program_writes
from neuro.ir.layout import dendritic_delay, is_direct
from neuro.ir.network import Projection
from neuro.ir.numbers import Constants
from neuro.ir.resolve import Synapses, constants, initial_state, parameters
from neuro.ir.synapse import WEIGHT, Trace
from neuro.ir.values import Draw
from neuro.lowering import memory
from neuro.lowering.kernels import SynapseKernel, constants_read
from neuro.lowering.places import place_of
from neuro.lowering.tables import (
    DeferredTable,
    Delivery,
    EdgeTable,
    Real,
    Ring,
    Tables,
    TraceTable,
    Unsigned,
)

EPOCH_STEPS = 60000
"""Steps after which a deferred rule is brought up to date at the latest; as in the C runtime."""
NOTES = np.dtype([("count", np.uint16), ("step", np.uint16, (13,)), ("older", np.uint32)])
ASIDE = np.dtype([("older", np.uint32), ("step", np.uint16, (6,))])
"""``nr_notes`` and ``nr_aside`` of the C runtime."""
Defer: TypeAlias = bool | Literal["auto"]
MANY = 1 << 23
"""From this many synapses on, waiting is faster than a random walk through the weights."""
BLOCK = 1 << 19
"""Synapses that are divided among threads at a time."""
SHELF = 4
"""Places for older spikes, per postsynaptic cell on average."""


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Synapses with equal delays that end on the cells of one thread."""

    thread: int
    axonal: int
    dendritic: int
    rows: Rows
    chosen: Unsigned | None
    in_rows: bool
    """True if the synapses of all groups, row by row in the order of threads, are the projection's."""


def lower_factors(tables: Tables, node: Projection) -> None:
    """Add the sums of a projection's factors."""
    for factor in node.synapse.factors:
        size = tables.network.sources[node.post].size if factor.per_post else 1
        tables.factors[node.name, factor.name] = Ring(np.zeros((1, size), tables.dtype))


def lower_projection(
    tables: Tables,
    node: Projection,
    expanded: Synapses,
    targets: Mapping[tuple[str, str], Ring],
    *,
    defer: Defer,
) -> None:
    """Add the groups of a projection's synapses, their kernel and traces."""
    wait = expanded.rows.count >= MANY if defer == "auto" else defer
    builder = _Builder(tables, node, expanded, defer=wait)
    direct = is_direct(node, expanded)
    port = (node.post, node.port)
    for group in _groups(tables, node, expanded):
        delivery = Delivery(builder.edges(group), targets[port] if direct else tables.rings[port])
        (tables.direct if direct else tables.sent)[group.thread].append(delivery)


def _groups(tables: Tables, node: Projection, expanded: Synapses) -> Iterator[_Group]:
    """Groups by longest axonal delay first, then dendritic delay and thread."""
    rows = expanded.rows
    bounds = tables.first[tables.sources.index(node.post)]
    delays = sorted(_pairs(expanded), key=lambda pair: (-pair[0], pair[1]))
    in_rows = len(delays) == 1 and tables.threads > 1 and _ascending(rows)
    for axonal, dendritic in delays:
        same = _all_have(expanded, axonal, dendritic)
        for thread in range(tables.threads):
            first, last = int(bounds[thread]), int(bounds[thread + 1])
            if same is None and first == 0 and last == bounds[-1]:
                yield _Group(thread, axonal, dendritic, rows, None, in_rows=False)
                continue
            part, chosen = _choose(
                rows, first, last, same, places=_has_values(node, expanded, in_rows)
            )
            if part.count:
                yield _Group(thread, axonal, dendritic, part, chosen, in_rows)


def _has_values(node: Projection, expanded: Synapses, in_rows: bool) -> bool:
    """True if places are needed to divide values per synapse, or to put them together again."""
    single = all(
        not isinstance(value, np.ndarray | Draw)
        for value in (*node.parameters.values(), expanded.weight)
    )
    return not (in_rows and single and not node.synapse.state)


def _pairs(expanded: Synapses) -> set[tuple[int, int]]:
    """Distinct pairs of axonal and dendritic delay."""
    if not expanded.rows.count:
        return set()
    axonal, dendritic = np.broadcast_arrays(expanded.axonal, dendritic_delay(expanded))
    if axonal.ndim == 0:
        return {(int(axonal), int(dendritic))}
    pairs = np.unique(np.stack([axonal, dendritic]), axis=1)
    return {(int(a), int(b)) for a, b in pairs.T}


def _all_have(expanded: Synapses, axonal: int, dendritic: int) -> NDArray[np.bool_] | None:
    """Which synapses have these delays; None if all do."""
    same = np.asarray((expanded.axonal == axonal) & (dendritic_delay(expanded) == dendritic))
    return None if bool(np.all(same)) else same


def _choose(
    rows: Rows, first: int, last: int, same: NDArray[np.bool_] | None, *, places: bool
) -> tuple[Rows, Unsigned | None]:
    """Synapses that end on cells `first` to `last` and are in `same`; and where they stand.

    Done in blocks of rows, so that little more than the result is in memory.
    """
    counts = np.zeros(len(rows.indptr), np.int64)
    targets, chosen = [], []
    for start, end in _blocks(rows):
        a, b = int(rows.indptr[start]), int(rows.indptr[end])
        mine = (rows.indices[a:b] >= first) & (rows.indices[a:b] < last)
        if same is not None:
            mine &= same[a:b]
        before = np.concatenate([[0], np.cumsum(mine)])
        counts[start + 1 : end + 1] = np.diff(before[rows.indptr[start : end + 1] - a])
        targets.append(rows.indices[a:b][mine])
        if places:
            chosen.append((np.flatnonzero(mine) + a).astype(np.uint32))
    part = Rows(np.cumsum(counts), np.concatenate([np.empty(0, np.int32), *targets]))
    none = np.empty(0, np.uint32)
    return part, np.concatenate([none, *chosen]) if places else None


def _blocks(rows: Rows) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of rows with about `BLOCK` synapses each."""
    count, start = len(rows.indptr) - 1, 0
    while start < count:
        limit = rows.indptr[start] + BLOCK
        end = max(start + 1, int(np.searchsorted(rows.indptr, limit, side="right")) - 1)
        yield start, min(end, count)
        start = end


class _Builder:
    """Builds the groups of one projection; they share traces and factors."""

    def __init__(
        self, tables: Tables, node: Projection, expanded: Synapses, *, defer: bool
    ) -> None:
        self._tables, self._node, self._expanded = tables, node, expanded
        kind, count = node.synapse, expanded.rows.count
        values = parameters(
            kind.parameters, node.parameters, count, tables.seed, f"{node.name}/parameter"
        )
        values |= constants(kind.derived, values, tables.network.dt)
        self._values = {**values, "dt": tables.network.dt}
        self._programs, self._known = tables.numbers.synapse(node, self._values)
        place = f"{node.name}/initial"
        self._state = initial_state(kind.state, node.initial, values, count, tables.seed, place)
        self._uniform = kind.is_static and np.ndim(expanded.weight) == 0
        self._deferred = defer and _can_defer(self._programs, node, set(self._known))
        self._traces: dict[tuple[str, int], dict[str, Real]] = {}

    def edges(self, group: _Group) -> EdgeTable:
        """The table of one group."""
        tables, node = self._tables, self._node
        dtype, kind = tables.dtype, node.synapse
        scalars, arrays = self._constants()
        kernel = place_of(tables.synapse_kernels, self._kernel(group, scalars, arrays))
        numbers = [
            *scalars.values(),
            *([self._encode(WEIGHT, self._expanded.weight)] if self._uniform else []),
        ]
        pre, post = tables.sources.index(node.pre), tables.sources.index(node.post)
        deferred = self._deferred_table(group) if self._deferred else None
        if self._deferred:
            pre_traces = self._fresh_traces(kind.pre, tables.network.sources[node.pre].size)
        else:
            pre_traces = self._shared_traces("pre", kind.pre, kernel, pre, group.axonal)
        return EdgeTable(
            projection=node.name,
            kernel=kernel,
            pre=pre,
            post=post,
            axonal=group.axonal,
            dendritic=group.dendritic,
            rows=len(group.rows.indptr) - 1,
            count=group.rows.count,
            first=int(tables.first[post][group.thread]),
            last=int(tables.first[post][group.thread + 1]),
            grid=None,
            start=group.rows.indptr.astype(np.uint32),
            target=self._targets(group.rows),
            state=self._group_state(group),
            scalars=np.array(numbers, dtype),
            arrays=[_part(value, group.chosen).astype(dtype) for value in arrays.values()],
            pre_traces=list(pre_traces.values()),
            post_traces=list(
                self._shared_traces("post", kind.post, kernel, post, group.dendritic).values()
            ),
            factors=[tables.factors[node.name, f.name].sums[0] for f in kind.factors],
            chosen=None if group.in_rows else group.chosen,
            deferred=deferred,
        )

    def _encode(self, variable: str, values: ArrayLike) -> Real:
        """Values of a variable as they are stored."""
        return self._tables.numbers.encode(self._node.name, variable, values)

    def _constants(self) -> tuple[Constants, dict[str, Real]]:
        p = self._programs
        programs = (p.on_pre, p.on_post, p.each_step, p.pre.on_spike, p.pre.each_step)
        read = constants_read((p.send,), (*programs, p.post.on_spike, p.post.each_step))
        used = {name: value for name, value in self._known.items() if name in read}
        scalars = {name: value for name, value in used.items() if np.ndim(value) == 0}
        return scalars, {n: np.asarray(v) for n, v in used.items() if n not in scalars}

    def _kernel(
        self, group: _Group, scalars: Constants, arrays: Mapping[str, object]
    ) -> SynapseKernel:
        p, kind = self._programs, self._node.synapse
        return SynapseKernel(
            form="list",
            state=(*(() if self._uniform else (WEIGHT,)), *self._state),
            scalars=(*scalars, *((WEIGHT,) if self._uniform else ())),
            arrays=tuple(arrays),
            uniform=self._uniform,
            weight_bits=0 if self._uniform else self._tables.numbers.weight_bits,
            pre=tuple(variable.name for variable in kind.pre.state),
            post=tuple(variable.name for variable in kind.post.state),
            factors=tuple((factor.name, factor.per_post) for factor in kind.factors),
            on_pre=p.on_pre,
            send=p.send,
            on_post=p.on_post,
            each_step=p.each_step,
            pre_on_spike=p.pre.on_spike,
            pre_each_step=p.pre.each_step,
            post_on_spike=p.post.on_spike,
            post_each_step=p.post.each_step,
            distinct=_ascending(group.rows),
            narrow=self._narrow(),
            deferred=self._deferred,
        )

    def _narrow(self) -> bool:
        return self._tables.network.sources[self._node.post].size <= 1 << 16

    def _targets(self, rows: Rows) -> NDArray[np.uint16] | Unsigned:
        """Postsynaptic cells in as few bits as they need."""
        if self._narrow():
            return rows.indices.astype(np.uint16)
        return np.ascontiguousarray(rows.indices).view(np.uint32)

    def _group_state(self, group: _Group) -> dict[str, Real]:
        """State of the group's synapses, the weight first."""
        narrow, count = self._tables.numbers.weight_dtype, group.rows.count
        state = {
            name: self._encode(name, _part(value, group.chosen))
            for name, value in self._state.items()
        }
        if self._uniform:
            return state
        weight = self._expanded.weight
        if np.ndim(weight) == 0:
            return {WEIGHT: memory.full(count, self._encode(WEIGHT, weight), narrow), **state}
        own = self._encode(WEIGHT, _part(np.asarray(weight), group.chosen))
        return {WEIGHT: own.astype(narrow, copy=False), **state}

    def _fresh_traces(self, trace: Trace, count: int) -> dict[str, Real]:
        initial = initial_state(trace.state, {}, self._values, 1, 0, "")
        return {
            name: memory.full(count, self._encode(name, value[0]), self._tables.dtype)
            for name, value in initial.items()
        }

    def _shared_traces(
        self, side: str, trace: Trace, kernel: int, source: int, lag: int
    ) -> dict[str, Real]:
        """The traces of one side at one delay; made when first asked for."""
        if not trace.state:
            return {}
        if (side, lag) not in self._traces:
            tables = self._tables
            size = tables.network.sources[tables.sources[source]].size
            state = self._fresh_traces(trace, size)
            scalars, _ = self._constants()
            tables.traces.append(
                TraceTable(
                    projection=self._node.name,
                    side=side,
                    kernel=kernel,
                    source=source,
                    lag=lag,
                    state=state,
                    scalars=np.array(list(scalars.values()), tables.dtype),
                )
            )
            self._traces[side, lag] = state
        return self._traces[side, lag]

    def _deferred_table(self, group: _Group) -> DeferredTable:
        post = self._tables.network.sources[self._node.post].size
        chains = len(self._node.synapse.pre.state)
        return DeferredTable(
            visited=np.zeros(len(group.rows.indptr) - 1, np.uint32),
            notes=memory.zeros(post * NOTES.itemsize, np.uint8).view(NOTES),
            aside=np.zeros(SHELF * post + 1024, ASIDE),
            epoch=np.array([-1], np.int64),
            chain=self._tables.scratch(group.thread, chains, EPOCH_STEPS + 2),
        )


def _can_defer(programs: CanonicalSynapse, node: Projection, known: set[str]) -> bool:
    """True if a postsynaptic update can wait: it reads the synapse, presynaptic traces, constants.

    What it reads must be the same when it is done late, and nothing else may read the synapse
    before.
    """
    if not programs.on_post or programs.each_step:
        return False
    own = {WEIGHT, *(variable.name for variable in node.synapse.state)}
    pre = {variable.name for variable in node.synapse.pre.state}
    local = program_writes(programs.on_post)
    return program_reads(programs.on_post) <= own | pre | known | local


def _part(value: Real, chosen: Unsigned | None) -> Real:
    return value if chosen is None else value[chosen]


def _ascending(rows: Rows) -> bool:
    """True if targets ascend strictly within every row."""
    rises = np.diff(rows.indices) > 0
    inner = rows.indptr[1:-1]
    rises[inner[(inner > 0) & (inner < rows.count)] - 1] = True
    return bool(rises.all())
