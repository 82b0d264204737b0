"""Flash and RAM of a firmware on a board, before any compiler runs.

Variables, constants and tables are known exactly from the generator.  The size of the code is an
estimate: a sum over what the kernels do and which parts of the runtime they need (see
`code_features`), with bytes per item that were fitted to linked programs.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from neuro.backends.firmware.generate import Firmware, initial_values
from neuro.backends.firmware.tables import SIGNAL_WORDS, WORD, StaticTables
from neuro.deploy.board import Board
from neuro.deploy.code_features import code_features
from neuro.deploy.costs import Part
from neuro.deploy.startup import STACK
from neuro.errors import UnsupportedError
from neuro.lowering.tables import SignalTable
from neuro.recording.collect import recorded_sources
from neuro.resources import folder

LINE = 8
"""Bytes to which flash and RAM are rounded up by the linker script."""
_CELL_KERNEL, _SYNAPSE_KERNEL, _NETWORK, _SPAN, _FILL, _TRAIN, _OUTPUT = 8, 32, 104, 8, 16, 16, 2
"""Bytes of structs of deploy/runtime, on a device with 32-bit addresses."""
_CLOCK = 4
_HANDLE = 4
_BOOT = 256
"""Bytes of a boot stage that a chip's ROM wants before the vectors."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of one thing in a program.

    Attributes
    ----------
    owner
        The population, projection or input that it belongs to; "" if to none.
    kind
        What it is, such as ``"rings"``, ``"target"`` or ``"code of cells"``.
    flash, ram
        Bytes.
    """

    owner: str
    kind: str
    flash: int = 0
    ram: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a program will take on a board.

    Attributes
    ----------
    board, optimise
        What it is built for, and how.
    flash, ram
        Bytes that it will take; `ram` with the stack, and exact.
    flash_size, ram_size
        Bytes that there are.
    code
        The part of `flash` that is an estimate.
    error
        Largest error of that estimate on programs that it was not fitted to, as a fraction of it.
    pieces
        What takes them.
    """

    board: str
    optimise: str
    flash: int
    ram: int
    flash_size: int
    ram_size: int
    code: int
    error: float
    pieces: tuple[Piece, ...]

    @property
    def doubt(self) -> int:
        """Bytes by which the estimate of the code may be wrong."""
        return round(self.error * self.code)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {**asdict(self), "parts": [asdict(part) for part in self.parts]}

    @property
    def parts(self) -> tuple[Part, ...]:
        """Flash and RAM of each population, projection and input, then of the rest."""
        flash, ram, shared = Counter[str](), Counter[str](), dict[str, None]()
        for piece in self.pieces:
            name = piece.owner or piece.kind
            flash[name] += piece.flash
            ram[name] += piece.ram
            if not piece.owner:
                shared[name] = None
        names = dict.fromkeys([*(n for n in flash if n not in shared), *shared])
        found = (Part(name=name, flash=flash[name], ram=ram[name]) for name in names)
        return tuple(part for part in found if part.flash or part.ram)


def predict(
    firmware: Firmware, board: Board, *, optimise: str = "-O2", stack: int = STACK
) -> Prediction:
    """Flash and RAM of `firmware` on `board`.

    Parameters
    ----------
    firmware, board
        What, and where.
    optimise
        Such as ``"-Os"``; anything but it and ``"-Oz"`` counts as ``"-O2"``.
    stack
        Bytes of stack.

    Raises
    ------
    UnsupportedError
        If the board has an operating system, or a core whose code was never measured.
    """
    return predict_tables(firmware.static, board, optimise=optimise, stack=stack)


def predict_tables(
    static: StaticTables, board: Board, *, optimise: str = "-O2", stack: int = STACK
) -> Prediction:
    """The same from a firmware's tables, which take less time than its text.

    Raises
    ------
    UnsupportedError
        As `predict`.
    """
    model = code_sizes(board, optimise, static.tables.network.format.kind)
    code = [
        Piece("", f"code of {part}", flash=round(sum(n * model.get(f, 0.0) for f, n in c.items())))
        for part, c in code_features(static).items()
    ]
    known = [*data_pieces(static), Piece("", "stack", ram=_up(stack, LINE))]
    if board.boot:
        known.append(Piece("", "boot", flash=_BOOT))
    pieces = (*known, *code)
    return Prediction(
        board=board.name,
        optimise=optimise,
        flash=_up(sum(piece.flash for piece in pieces), LINE),
        ram=sum(piece.ram for piece in pieces),
        flash_size=board.flash.length,
        ram_size=board.ram.length,
        code=sum(piece.flash for piece in code),
        error=model["error"],
        pieces=tuple(piece for piece in pieces if piece.flash or piece.ram),
    )


# Code --------------------------------------------------------------------------------------------


@cache
def _measured() -> dict[str, Any]:
    path = folder("deploy") / "code_size.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def code_sizes(board: Board, optimise: str, kind: str) -> Mapping[str, float]:
    """Bytes per feature on the core of `board`, for a kind of numbers; and ``error``.

    Raises
    ------
    UnsupportedError
        If it was never measured.
    """
    measured = _measured()
    core = measured["same"].get(board.core, board.core)
    level = "Os" if optimise in {"-Os", "-Oz"} else "O2"
    found = measured.get(core, {}).get(level, {}).get(kind)
    if found is None:
        raise UnsupportedError(
            f"The size of code in {kind} for {board.core} has not been measured.",
            hint="benchmarks/fit_code_size.py does it.",
        )
    return dict(found)


# Data --------------------------------------------------------------------------------------------


def data_pieces(static: StaticTables) -> list[Piece]:
    """All variables, constants and tables of a firmware; their bytes are those in the program."""
    return [*_constants(static), *_tables(static), *_variables(static)]


def _up(size: int, multiple: int = WORD) -> int:
    return -(-size // multiple) * multiple


def _constants(static: StaticTables) -> list[Piece]:
    """Arrays in flash, and what variables start from."""
    variables = static.memory.variables
    fills, initial = initial_values(variables)
    owners = {variable.name: variable.owner for variable in variables}
    found = [
        Piece(c.owner, c.part if c.owner else "shared constants", flash=_up(c.nbytes))
        for c in static.memory.constants
    ]
    found += [
        Piece(owners[fill.name], "start values", flash=_up(item.array.nbytes))
        for fill, item in zip(fills, initial, strict=True)
    ]
    return found


def _tables(static: StaticTables) -> list[Piece]:
    """Structs of the runtime: where what is."""
    t = static.tables
    fills, _ = initial_values(static.memory.variables)
    learnt = sum(v.part == "weights" for v in static.memory.variables)
    sizes = (
        static.table_bytes,
        _CELL_KERNEL * len(t.cell_kernels),
        _SYNAPSE_KERNEL * len(t.synapse_kernels),
        _NETWORK,
        _SPAN * (1 + learnt),
        _FILL * len(fills),
        _TRAIN * len(static.trains),
        _up(_OUTPUT * len(recorded_sources(t.network))),
    )
    return [Piece("", "tables", flash=sum(sizes))]


def _variables(static: StaticTables) -> list[Piece]:
    """Variables of the network, and of its runtime."""
    variables = static.memory.variables
    signals = sum(isinstance(item, SignalTable) for item in static.tables.inputs)
    state = sum(variable.nbytes for variable in variables)
    runtime = _CLOCK + _HANDLE + WORD * len(static.trains) + signals * SIGNAL_WORDS * WORD
    widest = max((variable.dtype.itemsize for variable in variables), default=WORD)
    padding = _up(state, max(WORD, widest)) - state if state else WORD
    found = [Piece(v.owner, v.part, ram=v.nbytes) for v in variables]
    return [*found, Piece("", "runtime", ram=runtime + padding)]
