"""What a program needs around it on a board: start-up code, input and output, linker script."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from neuro.deploy.board import Board
from neuro.errors import ParameterError, UnsupportedError
from neuro.resources import folder

Io = Literal["semihosting", "uart"]

STACK = 2048
"""Bytes of stack unless said otherwise."""

_STARTUP = {"cortex-m": "cortex_m/startup.c", "riscv": "riscv/startup.c"}


def startup_sources(board: Board, io: Io = "semihosting") -> tuple[Path, ...]:
    """C files that are compiled together with a program for `board`.

    Parameters
    ----------
    board
        Board that the program is for.
    io
        Who hears it: ``"semihosting"``, a debugger or emulator; ``"uart"``, a serial line, with
        the board's own source files.  A computer has its own.

    Raises
    ------
    ParameterError
        If there is no such `io`.
    """
    place = folder("deploy")
    common = place / "cortex_m"
    if not board.processor.bare:
        return (common / "io_host.c", common / "io_format.c")
    if io not in {"semihosting", "uart"}:
        raise ParameterError(
            f"there is no {io!r}.", where="io", hint="Use 'semihosting' or 'uart'."
        )
    names = (f"io_{io}.c", "io_format.c", "mem.c")
    own = (board.boot, *(board.sources if io == "uart" else ()))
    return (
        place / _STARTUP[board.processor.family],
        *(common / name for name in names),
        *(Path(name) for name in own if name),
    )


def startup_include() -> Path:
    """Folder of ``neuro_io.h``."""
    return folder("deploy") / "cortex_m"


def linker_script(board: Board, *, stack: int = STACK) -> str:
    """Text of the linker script for `board`.

    Parameters
    ----------
    board
        Board with regions ``flash`` and ``ram``.
    stack
        Bytes of stack, at the bottom of RAM.

    Raises
    ------
    UnsupportedError
        If programs for the board are linked by its operating system's rules.
    ParameterError
        If the stack does not fit.
    """
    if not board.processor.bare:
        raise UnsupportedError(f"{board.name} has an operating system and needs no linker script.")
    if not 0 < stack < board.ram.length:
        raise ParameterError(
            f"{stack} bytes do not fit {board.ram.length} bytes of RAM.",
            where=f"stack, board {board.name!r}",
            hint=f"The default is {STACK}.",
        )
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(startup_include())
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - no HTML
    return environment.get_template("linker.ld.j2").render(board=board, stack=stack)
