"""Run programs for boards without the boards.

`choose` says what can run them here, `memory_for` what they are linked for, `run` runs them.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Literal

from neuro.deploy.board import Board
from neuro.deploy.emulator.host import run_host
from neuro.deploy.emulator.outcome import Outcome
from neuro.deploy.emulator.qemu import qemu_program, run_qemu
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.image import Image
from neuro.errors import ParameterError, UnavailableError, UnsupportedError

EmulatorName = Literal["unicorn", "qemu", "host"]

__all__ = ["EmulatorName", "Outcome", "UnicornMachine", "choose", "memory_for", "run"]


def choose(board: Board, which: str = "auto") -> EmulatorName:
    """What runs programs for `board` here.

    Parameters
    ----------
    board
        Board that they are for.
    which
        ``"unicorn"``, ``"qemu"``, ``"host"``, or ``"auto"``: unicorn where it has the core, since
        it has exactly the board's memory; else QEMU.

    Raises
    ------
    UnavailableError
        If it is not installed.
    UnsupportedError
        If it does not have the board.
    """
    if board.processor.family == "native":
        return "host"
    if which == "auto":
        return _automatic(board)
    if which == "unicorn":
        return "unicorn"
    if which == "qemu":
        qemu_program(board)
        return "qemu"
    raise ParameterError(
        f"{which!r} does not run programs for {board.name}.",
        where="emulator",
        hint="Use 'auto', 'unicorn' or 'qemu'.",
    )


def _automatic(board: Board) -> EmulatorName:
    if board.processor.unicorn and importlib.util.find_spec("unicorn") is not None:
        return "unicorn"
    try:
        found = shutil.which(qemu_program(board))
    except UnsupportedError:
        found = None
    if found:
        return "qemu"
    if board.processor.unicorn:
        raise UnavailableError(
            "unicorn is not installed.", where="emulator", hint="pip install 'neuro-spiking[mcu]'"
        )
    program = qemu_program(board)
    raise UnavailableError(
        f"{program} is not installed, and unicorn lacks {board.core}.",
        where="emulator",
        hint="Debian: apt-get install qemu-system-arm qemu-system-misc qemu-user.",
    )


def memory_for(board: Board, emulator: EmulatorName) -> Board:
    """The board whose memory a program is linked for when `emulator` is to run it."""
    return board.emulated() if emulator == "qemu" else board


def run(
    image: Image,
    board: Board,
    emulator: EmulatorName,
    arguments: str = "",
    *,
    files: Path | None = None,
    seconds: float = 60.0,
    count: bool = False,
) -> Outcome:
    """Run a program from reset to its exit.

    Parameters
    ----------
    image
        Program, linked for ``memory_for(board, emulator)``.
    board
        Board that it is for.
    emulator
        What runs it; see `choose`.
    arguments
        Text that the program can ask for.
    files
        Folder in which it finds its files.
    seconds
        Time after which it is taken to hang.
    count
        True to count instructions by function; not on the host.

    Raises
    ------
    DeviceError
        If it does not fit, faults, or hangs; names the place.
    """
    if emulator == "unicorn":
        machine = UnicornMachine(image, board)
        return machine.run(arguments, files=files, seconds=seconds, count=count)
    if emulator == "qemu":
        return run_qemu(image, board, arguments, files=files, seconds=seconds, count=count)
    return run_host(image, arguments, files=files, seconds=seconds)
