"""Read, write, save and restore the state that lies in lowered tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.ir.synapse import WEIGHT
from neuro.lowering.kernels import SynapseKernel
from neuro.lowering.tables import EdgeTable, Tables

Array = NDArray[Any]


class TableState:
    """The state of a lowered network, apart from recent spikes, which engines keep themselves.

    Deferred rules must have been brought up to date before any of this.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._projections = {p.name: p for p in tables.network.projections}
        self._groups = {name: tables.groups(name) for name in self._projections}

    def read(self, target: str, variable: str) -> Array:
        """A copy of a variable of a population or projection, as numbers."""
        return np.array(
            self._tables.numbers.decode(target, variable, self._stored(target, variable))
        )

    def _stored(self, target: str, variable: str) -> Array:
        if target in self._projections:
            return self._read_synapses(target, variable)
        stored: Array = self._cells(target).state[variable]
        return stored

    def write(self, target: str, variable: str, values: Array) -> None:
        """Set a variable of a population or projection."""
        self._store(target, variable, self._tables.numbers.encode(target, variable, values))

    def _store(self, target: str, variable: str, rounded: Array) -> None:
        if target not in self._projections:
            self._cells(target).state[variable][...] = rounded
            return
        if self._is_unlisted(target):
            self._write_unlisted(target, rounded)
            return
        for group, places in zip(self._groups[target], self._tables.places(target), strict=True):
            self._write_group(target, group, variable, rounded[places])

    def _cells(self, name: str) -> Any:
        return next(cells for cells in self._tables.cells if cells.name == name)

    def _read_synapses(self, projection: str, variable: str) -> Array:
        groups = self._groups[projection]
        if self._is_unlisted(projection):
            return self._read_unlisted(projection)
        result = np.empty(sum(len(group.target) for group in groups), self._tables.dtype)
        for group, places in zip(groups, self._tables.places(projection), strict=True):
            result[places] = self._group_values(group, variable)
        return result

    def _kernel(self, group: EdgeTable) -> SynapseKernel:
        return self._tables.synapse_kernels[group.kernel]

    def _is_unlisted(self, projection: str) -> bool:
        """True if nothing but weights is stored, which all threads share."""
        groups = self._groups[projection]
        return bool(groups) and self._kernel(groups[0]).form != "list"

    def _read_unlisted(self, projection: str) -> Array:
        group = self._groups[projection][0]
        if self._kernel(group).uniform:
            count = group.count if group.grid is None else 1
            return np.full(count, group.scalars[-1])
        weights = group.state[WEIGHT].astype(self._tables.dtype)
        return weights if group.grid is None else group.grid.by_target(weights)

    def _write_unlisted(self, projection: str, values: Array) -> None:
        groups = self._groups[projection]
        if self._kernel(groups[0]).uniform:
            for group in groups:
                self._write_group(projection, group, WEIGHT, values)
            return
        grid = groups[0].grid
        groups[0].state[WEIGHT][...] = values if grid is None else grid.by_source(values)

    def _group_values(self, group: EdgeTable, variable: str) -> Array:
        if variable == WEIGHT and self._kernel(group).uniform:
            return np.full(len(group.target), group.scalars[-1])
        return group.state[variable]

    def _write_group(self, name: str, group: EdgeTable, variable: str, values: Array) -> None:
        if variable != WEIGHT or not self._kernel(group).uniform:
            group.state[variable][...] = values
            return
        if len(values) and np.any(values != values[0]):
            raise ParameterError(
                "all synapses share one weight here, so it cannot differ between them.",
                where=f"projection {name!r}",
                hint="Give the projection an array of weights when it is built.",
            )
        group.scalars[-1:] = values[:1]

    def snapshot(self, step: int) -> dict[str, Array]:
        """The state under the names of `neuro.snapshot`."""
        result: dict[str, Array] = {"step": np.asarray(step, np.int64)}
        for cells in self._tables.cells:
            for name, values in cells.state.items():
                result[f"state/{cells.name}/{name}"] = values.copy()
            result[f"refractory/{cells.name}"] = np.maximum(cells.until - (step - 1), 0)
        for (population, port), ring in self._tables.rings.items():
            result[f"ring/{population}/{port}"] = ring.ahead(step)
        for name, ring in self._tables.graded_rings.items():
            result[f"graded/{name}"] = ring.ahead(step)
        for name, projection in self._projections.items():
            variables = [WEIGHT, *(variable.name for variable in projection.synapse.state)]
            result |= {f"synapse/{name}/{v}": self._read_synapses(name, v) for v in variables}
            for side in ("pre", "post"):
                result |= self._trace_arrays(name, side)
        return result

    def _trace_arrays(self, projection: str, side: str) -> dict[str, Array]:
        """Traces of one side, longest delay first."""
        node = self._projections[projection]
        declared = node.synapse.pre.state if side == "pre" else node.synapse.post.state
        size = self._tables.network.sources[node.pre if side == "pre" else node.post].size
        lags = self._by_lag(projection, side)
        empty = np.empty((0, size), self._tables.dtype)
        return {
            f"trace/{projection}/{side}/{variable.name}": np.array(
                [lags[lag][0][place] for lag in sorted(lags, reverse=True)], self._tables.dtype
            ).reshape(-1, size)
            if lags
            else empty
            for place, variable in enumerate(declared)
        }

    def _by_lag(self, projection: str, side: str) -> dict[int, list[list[Array]]]:
        """Arrays of the traces by delay; a deferred rule has them once per group."""
        found: dict[int, list[list[Array]]] = {}
        for table in self._tables.traces:
            if table.projection == projection and table.side == side:
                found.setdefault(table.lag, []).append(list(table.state.values()))
        if side == "pre":
            for group in self._groups[projection]:
                if group.deferred is not None:
                    found.setdefault(group.axonal, []).append(group.pre_traces)
        return found

    def restore(self, snapshot: dict[str, Array]) -> None:
        """Set the state from what `snapshot` gives."""
        step = int(snapshot["step"])
        for cells in self._tables.cells:
            for name, values in cells.state.items():
                values[...] = snapshot[f"state/{cells.name}/{name}"]
            cells.until[...] = snapshot[f"refractory/{cells.name}"] + (step - 1)
        for (population, port), ring in self._tables.rings.items():
            ring.set_ahead(step, snapshot[f"ring/{population}/{port}"])
        for name, ring in self._tables.graded_rings.items():
            ring.set_ahead(step, snapshot[f"graded/{name}"])
        for name, projection in self._projections.items():
            for variable in (WEIGHT, *(v.name for v in projection.synapse.state)):
                self._store(name, variable, snapshot[f"synapse/{name}/{variable}"])
            self._restore_traces(name, snapshot)
            self._restore_deferred(name, step)

    def _restore_traces(self, projection: str, snapshot: dict[str, Array]) -> None:
        node = self._projections[projection]
        for side, declared in (("pre", node.synapse.pre.state), ("post", node.synapse.post.state)):
            lags = self._by_lag(projection, side)
            for place, variable in enumerate(declared):
                rows = snapshot[f"trace/{projection}/{side}/{variable.name}"]
                for row, lag in zip(rows, sorted(lags, reverse=True), strict=True):
                    for arrays in lags[lag]:
                        arrays[place][...] = row

    def _restore_deferred(self, projection: str, step: int) -> None:
        for group in self._groups[projection]:
            if group.deferred is not None:
                group.deferred.visited[...] = 0
                group.deferred.notes["count"] = 0
                group.deferred.notes["older"] = 0
                group.deferred.epoch[0] = step - 1
