"""What Lava is to build, as files: processes, connections, and rows that are played and recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.lava.rules import is_loihi_cell
from neuro.ir.loihi import as_mantissas
from neuro.ir.network import CurrentInput, Network, PoissonInput, Population
from neuro.ir.resolve import Number, Synapses, parameters

Integers = NDArray[np.int64]
DENSE_FROM = 0.5
"""Matrices that are at least this full become Dense processes, others Sparse ones."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each name's cells lie in the rows of a file."""

    first: Mapping[str, int]
    size: Mapping[str, int]
    width: int

    def of(self, name: str) -> slice:
        """The columns of `name`."""
        return slice(self.first[name], self.first[name] + self.size[name])


def columns(sizes: Mapping[str, int]) -> Columns:
    """Columns side by side, in order."""
    first, width = {}, 0
    for name, size in sizes.items():
        first[name], width = width, width + size
    return Columns(first, dict(sizes), max(1, width))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to build.

    Attributes
    ----------
    cells
        Columns of the populations that Lava computes; their spikes are recorded.
    played
        Columns of what is played: spikes by the name of their source, and what is added to a
        population by ``+`` and its name.
    description
        The plan for the runner, as JSON.
    arrays
        The arrays that belong to it.
    """

    cells: Columns
    played: Columns
    description: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def connections(self) -> list[dict[str, Any]]:
        """Lava's connection processes, in the order of their arrays."""
        found: list[dict[str, Any]] = self.description["connections"]
        return found

    def write(self, place: Path) -> None:
        """Write all files into the folder `place`; what is played is zero."""
        text = json.dumps(self.description, indent=2)
        (place / "plan.json").write_text(text, encoding="utf-8")
        np.savez(place / "network.npz", **dict(self.arrays))  # type: ignore[arg-type]
        rows = self.description["input"]["rows"]
        for name, width, dtype in (
            ("input.bin", self.played.width, np.int32),
            ("output.bin", self.cells.width, np.uint8),
        ):
            np.zeros((rows, width), dtype).tofile(place / name)


def external(population: str) -> str:
    """The name under which what is added to a population is played."""
    return f"+{population}"


def make_plan(
    network: Network,
    expanded: Mapping[str, Synapses],
    state: Mapping[str, NDArray[Any]],
    seed: int,
    *,
    rows: int,
    pending: frozenset[str] = frozenset(),
) -> Plan:
    """The plan of a network that has passed `lava_findings`.

    Parameters
    ----------
    network
        The network.
    expanded
        Its synapses, by projection.
    state
        Currents ``u/NAME`` and membranes ``v/NAME`` before the first step.
    seed
        Of the run.
    rows
        Steps that are played and recorded in one go.
    pending
        Populations on which something is still on its way that Lava has not sent.
    """
    nodes = [node for node in network.populations if is_loihi_cell(node)]
    cells = columns({node.name: node.size for node in nodes})
    sources = {p.pre for p in network.projections} - cells.first.keys()
    driven = {
        i.post for i in network.inputs if isinstance(i, PoissonInput | CurrentInput)
    } | pending
    played = columns(
        {name: network.sources[name].size for name in sorted(sources)}
        | {external(n.name): n.size for n in nodes if n.name in driven}
    )
    arrays = dict(state)
    populations = [
        {
            "name": node.name,
            **_column(cells, node.name),
            **_cell_values(node, seed, arrays),
            "external": _column(played, external(node.name)) if node.name in driven else None,
        }
        for node in nodes
    ]
    connections = _connections(network, expanded, arrays)
    description = {
        "name": network.name,
        "input": {"rows": rows, "width": played.width},
        "output": {"rows": rows, "width": cells.width},
        "populations": populations,
        "sources": [{"name": name, **_column(played, name)} for name in sorted(sources)],
        "connections": connections,
        "first": _first_of_parts(list(cells.first), connections),
    }
    return Plan(cells, played, description, arrays)


def _cell_values(node: Population, seed: int, arrays: dict[str, NDArray[Any]]) -> dict[str, int]:
    """What all cells of a population share; what each has of its own goes into `arrays`."""
    place = f"{node.name}/parameter"
    values = parameters(node.cell.parameters, node.parameters, node.size, seed, place)
    for name in ("bias_mant", "bias_exp"):
        arrays[f"{name}/{node.name}"] = _whole(values[name], node.size)
    return {name: int(np.ravel(values[name])[0]) for name in ("du", "dv", "vth")}


def _column(columns_: Columns, name: str) -> dict[str, int]:
    return {"first": columns_.first[name], "size": columns_.size[name]}


def _whole(value: Number, count: int) -> Integers:
    return np.broadcast_to(np.asarray(value), (count,)).astype(np.int64)


def _connections(
    network: Network, expanded: Mapping[str, Synapses], arrays: dict[str, NDArray[Any]]
) -> list[dict[str, Any]]:
    """Lava's connection processes; several where a pair of cells has several synapses."""
    made: list[dict[str, Any]] = []
    for node in network.projections:
        synapses = expanded[node.name]
        weights = as_mantissas(synapses.weight)
        assert weights is not None
        count = synapses.rows.count
        pre = synapses.rows.sources().astype(np.int64)
        post = synapses.rows.indices.astype(np.int64)
        mantissa = np.broadcast_to(weights.mantissa, (count,)).astype(np.int64)
        delay = np.broadcast_to(np.asarray(synapses.delay), (count,)).astype(np.int64) - 1
        shape = (network.sources[node.post].size, network.sources[node.pre].size)
        layer = _layer(pre, post, shape[0])
        for k in range(int(layer.max(initial=-1)) + 1):
            part = (layer == k) & (mantissa != 0)
            full = np.count_nonzero(part) >= DENSE_FROM * shape[0] * shape[1]
            number = len(made)
            for name, array in (
                *(("pre", pre), ("post", post)),
                *(("weight", mantissa), ("delay", delay)),
            ):
                arrays[f"{name}/{number}"] = array[part]
            made.append(
                {
                    "projection": node.name,
                    "pre": node.pre,
                    "post": node.post,
                    "shape": shape,
                    "kind": "dense" if full else "sparse",
                    "exponent": weights.exponent,
                    "sign_mode": weights.sign_mode,
                }
            )
    return made


def _first_of_parts(cells: list[str], connections: list[dict[str, Any]]) -> list[str]:
    """One population of each connected part of the network: Lava runs parts by themselves."""
    part = {name: name for name in cells}
    changed = True
    while changed:
        changed = False
        for node in connections:
            ends = (node["pre"], node["post"])
            least = min(part.setdefault(end, end) for end in ends)
            changed |= any(part[end] != least for end in ends)
            part.update(dict.fromkeys(ends, least))
    seen: dict[str, str] = {}
    for name in cells:
        seen.setdefault(part[name], name)
    return list(seen.values())


def _layer(pre: Integers, post: Integers, n_post: int) -> Integers:
    """How many synapses of the same pair stand before each synapse."""
    pair = pre * n_post + post
    order = np.argsort(pair, kind="stable")
    ordered = pair[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    layer = np.empty(len(pair), np.int64)
    layer[order] = np.arange(len(pair)) - np.repeat(starts, np.diff([*starts, len(pair)]))
    return layer
