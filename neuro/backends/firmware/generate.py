"""Generate the C of a network's firmware: one header and one source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader
from numpy.typing import NDArray

from neuro.backends.c.generate import environment, kernel_context
from neuro.backends.c.printer import REAL, literal
from neuro.backends.firmware.identifiers import Unique, check_prefix
from neuro.backends.firmware.memory import Variable
from neuro.backends.firmware.tables import StaticTables
from neuro.drive import drive_of
from neuro.ir.network import CurrentInput, Network, SpikeArray
from neuro.ir.philox import derived_seed
from neuro.lowering import tables as low
from neuro.lowering.lower import lower
from neuro.recording.collect import recorded_sources

HEADER = 20
"""Bytes before a saved state."""
_WIDTH = 96
_MACROS = ("H", "MAX_OUT", "STATE_SIZE", "LEARNT_SIZE")
_FUNCTIONS = (
    *("net", "state", "init", "reset", "step", "steps", "check", "drive"),
    *("save", "load", "save_learnt", "load_learnt"),
)
"""What else a header calls PREFIX_NAME; a prefix may be in capitals as those of sources are."""


@dataclass(frozen=True, slots=True, eq=False)
class Firmware:
    """A network's C, and how its memory is laid out.

    Attributes
    ----------
    prefix
        What its functions' names start with.
    header, source
        Texts of ``PREFIX.h`` and ``PREFIX.c``.
    tables
        The lowered network.
    static
        Its tables, variables and constants.
    """

    prefix: str
    header: str
    source: str
    tables: low.Tables
    static: StaticTables

    @property
    def state_size(self) -> int:
        """Bytes of all that changes."""
        return sum(variable.nbytes for variable in self.static.memory.variables)


def generate(network: Network, seed: int, prefix: str) -> Firmware:
    """The firmware of `network`.

    Parameters
    ----------
    network
        A verified network.
    seed
        Seed of its connections, values and noise, which are fixed from now on.
    prefix
        C identifier that names of functions start with.

    Raises
    ------
    ParameterError
        If `prefix` is no identifier.
    """
    check_prefix(prefix)
    static = lay_out(network, seed)
    tables = static.tables
    content = kernel_context(tables.cell_kernels, tables.synapse_kernels, tables.dtype)
    for number, kernel in enumerate(content["synapses"]):
        if number in static.target:
            kernel.index = f"{static.target[number].name}_t"
            kernel.dense = number in static.dense
            kernel.packed = _packed_weight(kernel) if kernel.dense else ""
            kernel.narrow_sums = number in static.narrow.synapses
    for number, places in static.narrow.ports.items():
        content["cells"][number].port_types = dict.fromkeys(places, "int16_t")
    _set_literals(content, tables)
    content |= _context(network, seed, prefix, tables, static)
    templates = _environment()
    return Firmware(
        prefix=prefix,
        header=templates.get_template("network.h.j2").render(content) + "\n",
        source=templates.get_template("network.c.j2").render(content, device=True) + "\n",
        tables=tables,
        static=static,
    )


def _packed_weight(kernel: Any) -> str:
    """The weight of synapses of 8 bits that send just it, several of which are added at a time."""
    for name, type in kernel.kept.items():
        if type == "int8_t" and not kernel.on_pre.lines and kernel.on_pre.value == name:
            return str(name)
    return ""


def lay_out(network: Network, seed: int) -> StaticTables:
    """The tables, variables and constants of the firmware of `network`, without its text."""
    return StaticTables(lower(network, seed, lists=False), drive_of(network))


def common_scalars(tables: low.Tables) -> dict[str, list[low.Real | None]]:
    """Constants of each kind of cell and synapse, where all of that kind have the same.

    They are printed into the kernels, so that compilers fold them.
    """
    edges = [delivery.edges for delivery in (*tables.direct[0], *tables.sent[0])]
    kinds = {
        "cells": (len(tables.cell_kernels), [(c.kernel, c.scalars) for c in tables.cells]),
        "synapses": (len(tables.synapse_kernels), [(e.kernel, e.scalars) for e in edges]),
    }
    return {
        kind: [_common([own for kernel, own in users if kernel == k]) for k in range(count)]
        for kind, (count, users) in kinds.items()
    }


def _common(scalars: list[low.Real]) -> low.Real | None:
    same = all(np.array_equal(scalars[0], other) for other in scalars)
    return scalars[0] if scalars and same else None


def _set_literals(content: dict[str, Any], tables: low.Tables) -> None:
    for kind, found in common_scalars(tables).items():
        for kernel, scalars in zip(content[kind], found, strict=True):
            if scalars is not None:
                kernel.literals = [literal(float(value), tables.dtype) for value in scalars]


def _environment() -> Environment:
    own = PackageLoader("neuro.backends.firmware")
    shared = environment()
    assert shared.loader is not None
    return shared.overlay(loader=ChoiceLoader([own, shared.loader]))


def _context(
    network: Network, seed: int, prefix: str, tables: low.Tables, static: StaticTables
) -> dict[str, Any]:
    """What the templates need besides the kernels."""
    variables = static.memory.variables
    names = Unique(*_MACROS, *_FUNCTIONS)
    outputs = [tables.sources.index(name) for name in recorded_sources(network)]
    learnt = [v for v in variables if v.part == "weights"]
    fills, literals = initial_values(variables)
    return {
        "prefix": prefix,
        "network": f"{_in_comment(network.name)}, {network.content_hash[:16]}, seed {seed}",
        "real": REAL[tables.dtype],
        "cell_count": sum(population.size for population in network.populations),
        "synapse_count": sum(d.edges.count for d in (*tables.direct[0], *tables.sent[0])),
        "dt": f"{network.dt * 1e3:g}",
        "sources": _sources(network, tables, names),
        "signals": _signals(tables, names),
        "max_out": sum(network.sources[tables.sources[k]].size for k in outputs),
        "state_size": HEADER + sum(v.nbytes for v in variables),
        "whole": sum(v.nbytes for v in variables),
        "learnt_size": HEADER + sum(v.nbytes for v in learnt),
        "index": f"{static.index.name}_t",
        "offset": f"{static.offset.name}_t",
        "unused": _unused(tables),
        "variables": variables,
        "constants": [*static.memory.constants, *literals],
        "declarations": static.declarations,
        "net": static.net,
        "trains": static.trains,
        "outputs": outputs,
        "fills": fills,
        "learnt": learnt,
        "identity": _identity(network, seed, variables),
        "numbers": lambda array: numbers(array, tables),
    }


def _identity(network: Network, seed: int, variables: list[Variable]) -> int:
    """A number that saved states carry: of the network, its seed, and how its memory is laid out."""
    layout = ";".join(f"{v.type} {v.name}[{v.array.size}]" for v in variables)
    return derived_seed(seed, f"{network.content_hash};{layout}") & 0xFFFFFFFF


def _in_comment(name: str) -> str:
    """A name that does not end the comment that it stands in."""
    return repr(name).replace("*/", "* /").replace("/*", "/ *")


def _sources(network: Network, tables: low.Tables, names: Unique) -> list[tuple[str, int, str]]:
    """Identifier, number and size of each source."""
    found = []
    inputs = {item.name for item in network.inputs if isinstance(item, SpikeArray)}
    for number, name in enumerate(tables.sources):
        kind = "inputs" if name in inputs else "cells"
        found.append((names(name), number, f"{network.sources[name].size} {kind}"))
    return found


def _signals(tables: low.Tables, names: Unique) -> list[tuple[str, int, str]]:
    """Identifier, number and unit of each current input."""
    return [
        (names(item.node.name), number, _unit(tables, item.node))
        for number, item in enumerate(tables.inputs)
        if isinstance(item.node, CurrentInput)
    ]


def _unit(tables: low.Tables, signal: CurrentInput) -> str:
    """What one stands for."""
    if tables.dtype is not np.int32:
        return "SI units"
    one = tables.numbers.decode(signal.post, signal.port, np.ones(1, np.int32))[0]
    return f"1 is 2^{int(np.log2(one))} SI units"


def _unused(tables: low.Tables) -> list[str]:
    """Parts of the runtime that this network does without."""
    present = {
        "NR_HAS_DEFERRED": False,
        "NR_HAS_POISSON": any(isinstance(i, low.PoissonTable) for i in tables.inputs),
        "NR_HAS_SIGNALS": any(isinstance(i, low.SignalTable) for i in tables.inputs),
        "NR_HAS_GRADED": bool(tables.graded[0]),
        "NR_HAS_POST": any(kernel.on_post for kernel in tables.synapse_kernels),
        "NR_HAS_TRACES": bool(tables.traces),
        "NR_HAS_GRIDS": any(kernel.form == "grid" for kernel in tables.synapse_kernels),
    }
    return [name for name, has in present.items() if not has]


@dataclass(frozen=True, slots=True)
class _Fill:
    """Bytes of a variable that are not zero at the start."""

    name: str
    source: str
    size: int
    word: int


@dataclass(frozen=True, slots=True, eq=False)
class _Initial:
    """A constant that a variable starts from."""

    name: str
    type: str
    array: NDArray[Any]


def initial_values(variables: list[Variable]) -> tuple[list[_Fill], list[_Initial]]:
    """How variables start that do not start at zero, and the constants for it."""
    fills, constants = [], []
    for variable in variables:
        values = np.ascontiguousarray(variable.array, variable.dtype).reshape(-1)
        if not values.tobytes().strip(b"\0"):
            continue
        word = values[:1].tobytes()
        one = values.tobytes() == word * len(values)
        name = f"nr_start_{variable.name}"
        constants.append(_Initial(name, variable.type, values[:1] if one else values))
        size = variable.dtype.itemsize
        fills.append(_Fill(variable.name, name, variable.nbytes, size if one else 0))
    return fills, constants


def numbers(array: NDArray[Any], tables: low.Tables) -> str:
    """Initialisers of an array, in lines."""
    if array.dtype == tables.dtype:
        texts = [literal(float(value), tables.dtype) for value in array.reshape(-1)]
    else:
        suffix = "u" if array.dtype.kind == "u" else ""
        texts = [f"{value}{suffix}" for value in array.reshape(-1).tolist()]
    lines, line = [], "   "
    for text in texts:
        if len(line) + len(text) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {text},"
    return "\n".join([*lines, line])
