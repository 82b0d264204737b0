"""Whether a network fits a board: what it will take, and what would make it smaller."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neuro.backends.firmware.generate import lay_out
from neuro.backends.firmware.rules import firmware_findings, number_findings
from neuro.backends.firmware.tables import StaticTables
from neuro.deploy.board import Board, board_names, load_board
from neuro.deploy.predict import Prediction, predict_tables
from neuro.errors import Finding, UnsupportedError
from neuro.ir.network import Network, Projection
from neuro.ir.values import Draw
from neuro.ir.verify import verify

NEARLY = 0.9
"""Fraction of a memory above which there is a warning."""
LARGEST = 3
"""How many tables a finding names."""

Memory = Literal["flash", "ram"]
_WORDS: dict[Memory, str] = {"flash": "flash", "ram": "RAM"}

_FLASH: dict[str, tuple[str, str]] = {
    "target": ("targets", "fewer synapses; all to all in order needs none"),
    "start": ("row starts", "fewer different delays; each has row starts of its own"),
    "w": ("weights", "fewer synapses, or one weight for all"),
    "column": ("synapses by target", "fewer plastic synapses; all to all in order needs none"),
    "constant": ("constants", "one value for all in place of one for each"),
    "grid": ("geometry", "smaller inputs of convolutions and pooling"),
    "train": ("spikes of its own", "fewer spikes, or spikes that come as events"),
    "value": ("values over time", "fewer changes, or values that are driven"),
    "threshold": ("rates", "one rate for all cells"),
    "start values": ("values at the start", "one initial value for all"),
    "tables": ("tables", "fewer projections and fewer different delays"),
}
_SAME = {
    "by_post": "column",
    "grid_row": "grid",
    "grid_column": "grid",
    "source": "column",
    "train_step": "train",
    "step": "value",
    "table": "threshold",
    "table_of": "threshold",
    "weight": "w",
}
_RAM: dict[str, tuple[str, str]] = {
    "state": ("state", "fewer cells"),
    "rings": ("rings", "shorter delays, or fewer cells"),
    "weights": ("weights that learn", "fewer plastic synapses; those that are static are in flash"),
    "traces": ("traces", "fewer cells, or one delay for all synapses"),
    "spikes": ("recent spikes", "shorter delays, or fewer cells"),
}


@dataclass(frozen=True, slots=True)
class _Table:
    """Bytes of one kind of table or variable of one owner."""

    text: str
    hint: str
    size: int


def board_findings(
    network: Network, board: Board, *, seed: int, optimise: str = "-O2"
) -> list[Finding]:
    """What is to be said of `network` on `board` before it is built.

    Parameters
    ----------
    network
        A verified network that has a firmware; see `neuro.backends.firmware.rules`.
    board
        Where.
    seed
        Seed of its connections.
    optimise
        Such as ``"-Os"``.
    """
    if not board.processor.bare:
        return []
    findings = [*_slow(network, board), *_rings(network, board)]
    if any(finding.severity == "error" for finding in findings):
        return findings
    with np.errstate(over="ignore"):
        static = lay_out(network, seed)
    findings += number_findings(static)
    try:
        prediction = predict_tables(static, board, optimise=optimise)
    except UnsupportedError as error:
        where = f"board {board.name!r}"
        return [*findings, Finding(severity="note", rule="memory", where=where, what=error.what)]
    return [*findings, *memory_findings(static, prediction, board)]


def predict_network(
    network: Network, board: Board, *, seed: int, optimise: str = "-O2"
) -> Prediction | None:
    """What `network` will take; None where that cannot be said.

    Parameters
    ----------
    network, board, seed, optimise
        As for `board_findings`; the network may be one that is refused.
    """
    findings = [*verify(network), *firmware_findings(network, "cortex-m")]
    findings += _rings(network, board) if board.processor.bare else []
    if not board.processor.bare or any(finding.severity == "error" for finding in findings):
        return None
    with suppress(UnsupportedError), np.errstate(over="ignore"):
        return predict_tables(lay_out(network, seed), board, optimise=optimise)
    return None


# Memory ------------------------------------------------------------------------------------------


def memory_findings(static: StaticTables, prediction: Prediction, board: Board) -> list[Finding]:
    """How much of the flash and RAM of `board` is taken; an error if it is too much."""
    flash = _memory(static, prediction, board, "flash")
    ram = _memory(static, prediction, board, "ram")
    found = [finding for finding in (flash, ram) if finding is not None]
    if any(finding.severity == "error" for finding in found):
        return found
    shares = (
        f"{prediction.flash:,} bytes of flash ({prediction.flash / prediction.flash_size:.1%})",
        f"{prediction.ram:,} of RAM ({prediction.ram / prediction.ram_size:.1%})",
    )
    what = f"the program will take about {' and '.join(shares)}."
    return [
        *found,
        Finding(severity="note", rule="memory", where=f"board {board.name!r}", what=what),
    ]


def _memory(
    static: StaticTables, prediction: Prediction, board: Board, memory: Memory
) -> Finding | None:
    """The finding of one memory, if there is one."""
    need: int = getattr(prediction, memory)
    room: int = getattr(prediction, f"{memory}_size")
    if need <= NEARLY * room:
        return None
    fits = need - (prediction.doubt if memory == "flash" else 0) <= room
    largest = _largest(static, prediction, memory)
    tables = "; ".join(f"{table.text}, {table.size:,} bytes" for table in largest)
    owners: dict[str, list[str]] = {}
    for table in largest:
        owners.setdefault(table.hint, []).append(table.text)
    smaller = [f"{' and '.join(texts)}: {hint}" for hint, texts in owners.items()]
    if not fits:
        smaller += _ways_out(static, prediction, board, memory)
    return Finding(
        severity="warning" if fits else "error",
        rule=f"{memory}-nearly-full" if fits else f"{memory}-too-small",
        where=f"network {static.tables.network.name!r}",
        what=f"{_need(prediction, memory)}. Largest are {tables}.",
        hint=f"To shrink them: {'; '.join(smaller)}.",
    )


def _need(prediction: Prediction, memory: Memory) -> str:
    """What is needed, and what there is."""
    name = prediction.board
    if memory == "ram":
        return f"needs {prediction.ram:,} bytes of RAM, and {name} has {prediction.ram_size:,}"
    need, room = prediction.flash, prediction.flash_size
    code = f"{prediction.code:,} of them code, estimated to ±{prediction.error:.0%}"
    unsure = "; the linker will say whether it fits" if abs(need - room) <= prediction.doubt else ""
    return f"needs {need:,} bytes of flash ({code}), and {name} has {room:,}{unsure}"


def _largest(static: StaticTables, prediction: Prediction, memory: Memory) -> list[_Table]:
    """The largest tables or variables, each with what would shrink it."""
    sizes: Counter[tuple[str, str]] = Counter()
    for piece in prediction.pieces:
        if piece.owner or piece.kind == "tables":
            kind = _SAME.get(piece.kind, piece.kind) if memory == "flash" else piece.kind
            sizes[piece.owner, kind] += getattr(piece, memory)
    known = _FLASH if memory == "flash" else _RAM
    network = static.tables.network
    found = []
    for (owner, kind), size in sizes.most_common(LARGEST):
        text, hint = known.get(kind, (kind, "fewer synapses, or one value for all"))
        if kind in {"w", "weights"} and network.format.weight_bits != 8:
            hint = f"weights of 8 bits (neuro quantise --weight-bits 8), {hint}"
        found.append(_Table(f"{text}{_of(network, owner)}", hint, size))
    return [table for table in found if table.size]


def _of(network: Network, owner: str) -> str:
    """Such as " of projection 'E_to_I'"."""
    if not owner:
        return ""
    if any(population.name == owner for population in network.populations):
        return f" of population {owner!r}"
    inputs = (item.name for item in network.inputs)
    return f" of {'input' if owner in inputs else 'projection'} {owner!r}"


def _ways_out(
    static: StaticTables, prediction: Prediction, board: Board, memory: Memory
) -> list[str]:
    """What helps besides a smaller network."""
    found = []
    if static.tables.dtype().itemsize == 8:
        found.append("float32 takes half of what numbers take")
    if memory == "flash" and prediction.optimise == "-O2":
        small = predict_tables(static, board, optimise="-Os").flash
        if small <= prediction.flash_size:
            found.append(f"with -Os it takes about {small:,} bytes")
    real = (b for b in map(load_board, board_names()) if b.processor.bare and b.flasher)
    boards = sorted(real, key=lambda other: other.flash.length)
    larger = next((other.name for other in boards if _holds(static, other)), None)
    if larger is not None:
        found.append(f"or a larger board, such as {larger}")
    return found


def _holds(static: StaticTables, board: Board) -> bool:
    """True if a network fits a board."""
    try:
        other = predict_tables(static, board)
    except UnsupportedError:
        return False
    return other.flash <= other.flash_size and other.ram <= other.ram_size


# Before tables are made --------------------------------------------------------------------------


def _slow(network: Network, board: Board) -> list[Finding]:
    """A note where every operation is a call of the compiler's library."""
    core, kind = board.processor, network.format.kind
    if kind == "fixed" or (core.fpu and kind == "float32") or core.double:
        return []
    unit = "no floating-point unit" if not core.fpu else "a unit for float32 only"
    return [
        Finding(
            severity="note",
            rule="soft-float",
            where=f"board {board.name!r}",
            what=f"its {core.name} has {unit}: each operation in {kind} is done in "
            "software, which is many times slower and takes more flash.",
            hint="Use float32." if core.fpu else "neuro quantise turns it into fixed point.",
        )
    ]


def _rings(network: Network, board: Board) -> list[Finding]:
    """Findings of delays so long that what is on its way does not fit the RAM."""
    width = 8 if network.format.kind == "float64" else 4
    found = []
    for projection in network.projections:
        size = network.sources[projection.post].size
        depth = _depth(projection)
        if depth > 1 and depth * size * width > board.ram.length:
            most = board.ram.length // (size * width)
            found.append(_too_long(projection, depth, depth * size * width, most, board))
    return found


def _depth(projection: Projection) -> int:
    """Steps that events of a projection are on their way behind the synapse, at least."""
    delay, axonal = projection.delay, projection.axonal
    if isinstance(axonal, Draw) or (isinstance(delay, Draw) and delay.distribution != "uniform"):
        return 1
    least = delay.a if isinstance(delay, Draw) else delay
    return int(np.max(np.subtract(least, axonal), initial=1))


def _too_long(projection: Projection, depth: int, need: int, most: int, board: Board) -> Finding:
    advice = f"Use delays of at most {most} steps, or fewer cells." if most else "Use fewer cells."
    return Finding(
        severity="error",
        rule="delays-too-long",
        where=f"projection {projection.name!r}, delay",
        what=f"events are on their way for up to {depth:,} steps; sums of {projection.post!r} for so "
        f"many take {need:,} bytes, and {board.name} has {board.ram.length:,} bytes of RAM.",
        hint=advice,
    )
