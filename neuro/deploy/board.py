"""Board files: one TOML a board, in ``hw_configs/`` or anywhere else."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neuro.errors import FileFormatError, UnknownNameError, unknown_name
from neuro.resources import folder


class Board(BaseModel):
    """The content of a board file.

    Attributes
    ----------
    name, summary
        Name of the board, which is that of its file, and one line about it.
    target
        What is generated for it, such as ``"host"``.
    core
        Processor core that code is compiled for.
    memory
        Bytes of each region, such as ``{"flash": 1048576, "ram": 262144}``; empty if it varies.
    clock
        Clock of the core in Hz; None if it varies.
    toolchain
        Compiler that makes its programs.
    emulator, flasher
        Programs that emulate the board and that write its memory; "" if there is no such thing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    target: str
    core: str
    memory: dict[str, int] = Field(default_factory=dict)
    clock: float | None = Field(default=None, gt=0)
    toolchain: str
    emulator: str = ""
    flasher: str = ""


def board_names() -> list[str]:
    """Names of the boards that ship with neuro."""
    return sorted(path.stem for path in folder("hw_configs").glob("*.toml"))


def load_board(name: str) -> Board:
    """The board called `name`, or the one in a TOML file at that path.

    Raises
    ------
    UnknownNameError
        If there is no such board.
    FileFormatError
        If its file is malformed; names the key.

    Examples
    --------
    >>> load_board("host").toolchain
    'cc'
    """
    path = Path(name)
    if not path.is_file():
        path = folder("hw_configs") / f"{name}.toml"
    if not path.is_file():
        error = unknown_name(name, board_names(), kind="board", where="board")
        raise UnknownNameError(error.what, where=error.where, hint=f"{error.hint} Or give a path.")
    try:
        return Board.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"is not TOML: {error}.", where=str(path)) from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise FileFormatError("; ".join(problems) + ".", where=str(path)) from None
