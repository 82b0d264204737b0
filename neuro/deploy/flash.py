"""Write a program to a board's flash with pyOCD, OpenOCD or st-flash."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neuro.deploy.board import Board, Flasher
from neuro.deploy.image import Image, check_fits
from neuro.errors import DeviceError, ParameterError, UnavailableError, UnsupportedError

SECONDS = 300.0
"""Time after which a tool is taken to hang."""

_NO_PROBE = re.compile(
    r"No connected debug probes|No available debug probes|No target device available"  # pyOCD
    r"|Error: open failed|No device found|unable to find a matching|No J-Link device"  # OpenOCD
    r"|unable to open (?:CMSIS-DAP|ftdi) device"
    r"|Couldn't find (?:any )?ST-?L",  # st-flash
    re.IGNORECASE,
)
_UNKNOWN_TARGET = re.compile(r"target type '?[\w-]+'? (?:is )?not recognized", re.IGNORECASE)
_DIFFERENT = re.compile(r"Mismatched byte|Verify Failed|verification failed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is called to write a program.

    Attributes
    ----------
    tool
        Name of the tool.
    commands
        Command lines, one after the other; the last one verifies.
    """

    tool: str
    commands: tuple[tuple[str, ...], ...]


def _pyocd(flasher: Flasher, image: Image, binary: Path) -> tuple[tuple[str, ...], ...]:
    load = ("pyocd", "flash", "--no-wait", "--target", flasher.pyocd, str(image.path))
    compare = f'compare {image.origin:#010x} "{binary}"'
    verify = ("pyocd", "commander", "--no-wait", "--target", flasher.pyocd, "--command", compare)
    return (load, verify)


def _openocd(flasher: Flasher, image: Image, binary: Path) -> tuple[tuple[str, ...], ...]:
    del binary
    setup: list[str] = []
    for entry in flasher.openocd:
        setup += ["-f" if entry.endswith(".cfg") else "-c", entry]
    program = f"program {{{image.path}}} verify reset exit"
    return (("openocd", *setup, "-c", program),)


def _st_flash(flasher: Flasher, image: Image, binary: Path) -> tuple[tuple[str, ...], ...]:
    del flasher  # st-flash knows the chips by itself, and always verifies
    return (("st-flash", "--reset", "write", str(binary), f"{image.origin:#010x}"),)


Commands = Callable[[Flasher, Image, Path], tuple[tuple[str, ...], ...]]

TOOLS: dict[str, Commands] = {"pyocd": _pyocd, "openocd": _openocd, "st-flash": _st_flash}
"""Tools in order of preference."""

_GET = {
    "pyocd": "pip install pyocd",
    "openocd": "apt-get install openocd",
    "st-flash": "apt-get install stlink-tools",
}


def check_image(image: Image, board: Board) -> None:
    """Raise unless `board` holds and starts `image`.

    Raises
    ------
    DeviceError
        If it is too large, or not linked for the board.
    """
    check_fits(image, board)
    if image.origin != board.flash.origin:
        raise DeviceError(
            f"it starts at {image.origin:#010x}, but {board.name} starts at "
            f"{board.flash.origin:#010x}.",
            where=str(image.path),
            hint="Build it again for this board.",
        )


def plan(image: Image, board: Board, tool: str = "auto") -> Plan:
    """What to call to write `image` to `board`; nothing is called, and a ``.bin`` is not written.

    Parameters
    ----------
    image
        Program for the board.
    board
        Board that is connected.
    tool
        ``"pyocd"``, ``"openocd"``, ``"st-flash"``, or ``"auto"``: the first that is installed and
        knows the board.

    Raises
    ------
    DeviceError
        If the board cannot hold the program.
    ParameterError
        If there is no such tool.
    UnavailableError
        If it is not installed.
    UnsupportedError
        If it does not know the board.
    """
    if not board.processor.bare:
        raise UnsupportedError(f"{board.name} is a computer; copy the program there and run it.")
    check_image(image, board)
    chosen = _choose(board, tool)
    commands = TOOLS[chosen](_flasher(board), image, image.path.with_suffix(".bin"))
    return Plan(chosen, commands)


def flash(image: Image, board: Board, tool: str = "auto") -> Plan:
    """Write `image` to `board`, and compare what was written.

    A ``.bin`` file is left beside the program.  Parameters and errors are those of `plan`.

    Returns
    -------
    Plan
        What was called.

    Raises
    ------
    DeviceError
        If no probe is connected, or writing or comparing failed.
    """
    made = plan(image, board, tool)
    image.to_bin(image.path.with_suffix(".bin"))
    for command in made.commands:
        _run(made.tool, command)
    return made


def find_image(place: Path) -> Image:
    """The program in a folder (or below, as CMake and make leave it), or the one at a path.

    Raises
    ------
    ParameterError
        If there is none, or more than one.
    FileFormatError
        If it is no ELF file.
    """
    if not place.exists():
        raise ParameterError("there is no such file or folder.", where=str(place))
    if place.is_file():
        return Image.load(place)
    found = sorted(place.glob("*.elf")) or sorted(place.glob("*/*.elf"))
    if not found:
        raise ParameterError(
            "it holds no program (*.elf).", where=str(place), hint="Run make there first."
        )
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(place)) for path in found)
        raise ParameterError(f"it holds several programs: {names}.", where=str(place))
    return Image.load(found[0])


def _flasher(board: Board) -> Flasher:
    return board.flasher or Flasher()


def _known_to(board: Board) -> list[str]:
    """Tools that know `board`, most preferred first."""
    flasher = _flasher(board)
    knows = {"pyocd": flasher.pyocd, "openocd": flasher.openocd, "st-flash": flasher.st_flash}
    return [name for name in TOOLS if knows[name]]


def _choose(board: Board, tool: str) -> str:
    if tool != "auto" and tool not in TOOLS:
        raise ParameterError(
            f"there is no {tool!r}.", where="--tool", hint=f"Use auto, {', '.join(TOOLS)}."
        )
    known = _known_to(board)
    if not known:
        hint = "Its board file can say how, under [flasher]."
        raise UnsupportedError(f"no tool is known to write {board.name}.", hint=hint)
    if tool not in {"auto", *known}:
        raise UnsupportedError(
            f"{tool} is not known to write {board.name}.", hint=f"Use {' or '.join(known)}."
        )
    wanted = known if tool == "auto" else [tool]
    for name in wanted:
        if shutil.which(name) is not None:
            return name
    ways = "; ".join(f"{name}: {_GET[name]}" for name in wanted)
    raise UnavailableError(
        f"{' or '.join(wanted)} is needed to write {board.name}, and not installed.",
        hint=f"{ways}.",
    )


def _run(tool: str, command: tuple[str, ...]) -> None:
    """Call a tool.

    Raises
    ------
    DeviceError
        If it fails; says plainly if no probe is connected.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the user's own tool
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceError(f"{tool} could not be run: {error}.") from error
    said = done.stdout + done.stderr
    if _DIFFERENT.search(said):
        raise DeviceError(f"{tool} wrote the program, but the board holds something else.")
    if done.returncode == 0:
        return
    if _NO_PROBE.search(said):
        raise DeviceError(f"{tool} finds no debug probe; is the board connected?")
    if _UNKNOWN_TARGET.search(said):
        target = command[command.index("--target") + 1]
        raise DeviceError(
            f"{tool} does not know {target!r}.", hint=f"Run: pyocd pack install {target}."
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")
    raise DeviceError(f"{tool} failed with {done.returncode}: {last or 'no message'}.")
