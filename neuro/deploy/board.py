"""Board files: one TOML a board, in ``hw_configs/`` or anywhere else."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from neuro.deploy.cores import CORES, Core
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.errors import (
    FileFormatError,
    ParameterError,
    UnknownNameError,
    suggestion,
    unknown_name,
)
from neuro.resources import folder

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_NUMBER = re.compile(r"(0x[0-9a-fA-F]+|[0-9]+)\s*([KMG]?)(?:i?B)?")
_ADDRESSES = 2**32


def _bytes(value: Any) -> Any:
    """Bytes from a text such as ``"128K"`` or ``"0x20000000"``; what is no text stays."""
    if not isinstance(value, str):
        return value
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is no number of bytes, such as 131072, '128K' or '0x20000'")
    return int(match[1], 0) * _UNITS[match[2]]


Bytes = Annotated[int, BeforeValidator(_bytes)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Region(_Model):
    """A range of addresses that is memory.

    Attributes
    ----------
    origin, length
        First address, and bytes; numbers or texts such as ``"128K"`` and ``"0x20000000"``.
    attributes
        What may be done with it: some of r, w and x.
    """

    origin: Bytes = Field(ge=0, lt=_ADDRESSES)
    length: Bytes = Field(gt=0, le=_ADDRESSES)
    attributes: str = Field(default="rwx", pattern="^r?w?x?$", min_length=1)

    @model_validator(mode="after")
    def _ends_in_32_bits(self) -> Region:
        if self.end > _ADDRESSES:
            raise ValueError(f"ends at {self.end:#x}, beyond 32 bits")
        return self

    @property
    def end(self) -> int:
        """First address after it."""
        return self.origin + self.length

    def holds(self, address: int, size: int = 1) -> bool:
        """True if `size` bytes from `address` lie in it."""
        return self.origin <= address and address + size <= self.end


class Emulator(_Model):
    """What runs a board's programs without the board.

    Attributes
    ----------
    kind
        ``"qemu"`` (a machine), ``"qemu-user"`` (a Linux program), or ``"unicorn"``, which maps
        the board's own memory and needs no machine.
    machine
        QEMU's name of the machine.
    memory
        Regions of the machine if they are not the board's; programs are linked anew for it.
    options
        Further options of QEMU.
    """

    kind: Literal["qemu", "qemu-user", "unicorn"]
    machine: str = ""
    memory: dict[str, Region] = Field(default_factory=dict)
    options: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _knows_its_machine(self) -> Emulator:
        if self.kind == "qemu" and not self.machine:
            raise ValueError("machine is missing; qemu-system-arm -M help lists them")
        return self


class Flasher(_Model):
    """What the programs that write a board's memory call it.

    Attributes
    ----------
    pyocd
        Target of ``pyocd flash -t``; "" if it does not know the board.
    openocd
        Configuration files of OpenOCD: the probe's and the chip's.
    st_flash
        True if ``st-flash`` can write it.
    """

    pyocd: str = ""
    openocd: tuple[str, ...] = ()
    st_flash: bool = Field(default=False, alias="st-flash")


class Board(_Model):
    """The content of a board file.

    Attributes
    ----------
    name, summary
        Name of the board, which is that of its file, and one line about it.
    target
        What is generated for it, such as ``"cortex-m"`` or ``"host"``.
    core
        Processor core that code is compiled for, one of `CORES`.
    memory
        Regions by name; ``flash`` and ``ram`` are those that programs use.  Empty if it varies.
    clock
        Clock of the core in Hz; None if it varies.
    toolchain
        Compiler that makes its programs.
    boot
        Source file of what the chip's ROM wants before the vectors; "" if it wants nothing.
    sources
        C files of the board's own, which may define ``neuro_board_init`` (clocks, pins) and
        ``neuro_uart_putc``; left out of programs for emulators, which have no peripherals.
        Paths are relative to the board file.
    emulator, flasher
        What runs its programs without the board, and what writes its memory; None if nothing does.
    """

    name: str
    summary: str
    target: str
    core: str
    memory: dict[str, Region] = Field(default_factory=dict)
    clock: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    toolchain: str
    boot: str = ""
    sources: tuple[str, ...] = ()
    emulator: Emulator | None = None
    flasher: Flasher | None = None

    @field_validator("core")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in CORES:
            raise ValueError(f"there is no core {name!r}. {suggestion(name, CORES)}")
        return name

    @field_validator("memory")
    @classmethod
    def _does_not_overlap(cls, memory: dict[str, Region]) -> dict[str, Region]:
        for (name, one), (other, two) in combinations(memory.items(), 2):
            if max(one.origin, two.origin) < min(one.end, two.end):
                place = max(one.origin, two.origin)
                raise ValueError(f"{name!r} and {other!r} overlap at {place:#010x}")
        return memory

    @model_validator(mode="after")
    def _has_memory_to_link_for(self) -> Board:
        if not self.processor.bare:
            return self
        for name in ("flash", "ram"):
            if name not in self.memory:
                raise ValueError(f"memory.{name} is missing; core {self.core!r} needs it")
        return self

    @property
    def processor(self) -> Core:
        """The core with its flags."""
        return CORES[self.core]

    @property
    def flash(self) -> Region:
        """Where code and constants go."""
        return self.memory["flash"]

    @property
    def ram(self) -> Region:
        """Where state goes."""
        return self.memory["ram"]

    def emulated(self) -> Board:
        """The board with the memory of the machine that emulates it.

        A program for QEMU is built for this one; unicorn runs what is built for the board itself.
        """
        if self.emulator is None or not self.emulator.memory:
            return self
        return self.model_copy(update={"memory": self.emulator.memory, "boot": ""})


def board_names(target: str | None = None) -> list[str]:
    """Names of the boards that ship with neuro: those that C is generated for, or of one target."""
    paths = sorted(folder("hw_configs").glob("*.toml"))
    targets = {path.stem: str(_content(path).get("target")) for path in paths}
    if target is None:
        return [name for name, found in targets.items() if found not in _KINDS]
    return [name for name, found in targets.items() if found == target]


def load_board(name: str) -> Board:
    """The board called `name`, or the one in a TOML file at that path.

    Raises
    ------
    UnknownNameError
        If there is no such board.
    FileFormatError
        If its file is malformed; names the key.
    ParameterError
        If it is a board that no C is generated for.

    Examples
    --------
    >>> load_board("host").toolchain
    'cc'
    >>> load_board("stm32l412").ram.length
    40960
    """
    board = read_board(name)
    if not isinstance(board, Board):
        raise ParameterError(
            f"{name!r} is a board of target {board.target!r}.",
            where="board",
            hint=f"Use --target {board.target} with it, or a board with a C compiler.",
        )
    return board


def read_board(name: str, *, target: str | None = None) -> Board | SpinnakerBoard:
    """The board called `name`, or the one in a TOML file at that path, of any kind.

    Parameters
    ----------
    name
        A board that ships with neuro, or a path.
    target
        Restricts which names are offered if there is none of this name.

    Raises
    ------
    UnknownNameError
        If there is no such board.
    FileFormatError
        If its file is malformed; names the key.
    """
    path = Path(name)
    if not path.is_file():
        path = folder("hw_configs") / f"{name}.toml"
    if not path.is_file():
        error = unknown_name(name, board_names(target), kind="board", where="board")
        raise UnknownNameError(error.what, where=error.where, hint=f"{error.hint} Or give a path.")
    content = _content(path)
    kind = _KINDS.get(str(content.get("target")), Board)
    try:
        board = kind.model_validate(content)
    except ValidationError as error:
        raise FileFormatError(_problems(error, kind), where=str(path)) from None
    return _with_sources(board, path) if isinstance(board, Board) else board


_KINDS: dict[str, type[Board | SpinnakerBoard]] = {"spinnaker": SpinnakerBoard}
"""What a board file holds, by its target; all others are boards that C is generated for."""


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"is not TOML: {error}.", where=str(path)) from error


def _with_sources(board: Board, path: Path) -> Board:
    """`board` with the paths of its C files."""
    found = {name: _source(name, path) for name in (board.boot, *board.sources) if name}
    return board.model_copy(
        update={
            "boot": found.get(board.boot, ""),
            "sources": tuple(found[name] for name in board.sources),
        }
    )


def _source(name: str, board: Path) -> str:
    """The path of a source file beside its board file, or among those that ship."""
    for place in (board.parent, folder("deploy")):
        if (place / name).is_file():
            return str(place / name)
    raise FileFormatError(f"boot, sources: there is no file {name!r}.", where=str(board))


def _problems(error: ValidationError, kind: type[BaseModel]) -> str:
    """What is wrong with which key, all of it; an unknown key gets the nearest one."""
    found = []
    for problem in error.errors():
        key = ".".join(map(str, problem["loc"]))
        what = problem["msg"].removeprefix("Value error, ").rstrip(".")
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            what = f"there is no such key. {suggestion(key, kind.model_fields)}".rstrip(".")
        found.append(f"{key}: {what}" if key else what)
    return "; ".join(found) + "."
