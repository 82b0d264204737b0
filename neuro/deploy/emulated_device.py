"""A firmware on an emulated board: built for its core, in exactly its memory."""

from __future__ import annotations

import re
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.firmware.generate import HEADER, Firmware
from neuro.deploy.board import Board, Region
from neuro.deploy.device import Event, check_status
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.host_device import state_check
from neuro.deploy.image import Image, check_fits
from neuro.deploy.startup import linker_script, startup_include, startup_sources
from neuro.deploy.toolchain import Toolchain, find_toolchain
from neuro.errors import CompilerError, DeviceError
from neuro.resources import folder

EXCHANGE = Region(origin=0x6000_0000, length=0x0100_0000, attributes="rw")
"""Memory beside the board's through which events and saved states come and go."""

FUNCTIONS = (
    "init",
    "reset",
    "step",
    "steps",
    "check",
    "save",
    "load",
    "save_learnt",
    "load_learnt",
)
"""What every firmware offers, after its prefix."""

_STRUCT = struct.Struct("<IIIIi")
_COUNT, _IN = 0, 0x1000
_OVERFLOW = re.compile(r"region [`']?(\w+)'?:? overflowed by (\d+) bytes")
_HARNESS = """#include "{prefix}.h"

extern {prefix}_net neuro_handle;
{prefix}_net neuro_handle;

int main(void)
{{
    return (int){prefix}_init(&neuro_handle);
}}
"""


def build_image(
    firmware: Firmware,
    board: Board,
    folder_: Path,
    *,
    toolchain: Toolchain | None = None,
    main: str | None = None,
    optimise: str = "-O2",
) -> Image:
    """Compile `firmware` for `board`, by itself or with a `main` of its own.

    Raises
    ------
    CompilerError
        If there is no compiler, or it refuses the code.
    DeviceError
        If the program does not fit the board.
    """
    tool = toolchain or find_toolchain(board)
    prefix = firmware.prefix
    texts = {
        f"{prefix}.h": firmware.header,
        f"{prefix}.c": firmware.source,
        "main.c": main or _HARNESS.format(prefix=prefix),
    }
    for name, text in texts.items():
        (folder_ / name).write_text(text, encoding="utf-8")
    script = folder_ / "linker.ld"
    if board.processor.bare:
        script.write_text(linker_script(board), encoding="utf-8")
    names = FUNCTIONS if main is None else ()
    drive = (f"{prefix}_drive",) if f"{prefix}_drive(" in firmware.header and names else ()
    try:
        elf = tool.build(
            [folder_ / f"{prefix}.c", folder_ / "main.c", *startup_sources(board)],
            out=folder_ / f"{prefix}.elf",
            include=[folder_, folder("deploy") / "runtime", startup_include()],
            linker_script=script if board.processor.bare else None,
            keep=[*(f"{prefix}_{name}" for name in names), *drive],
            optimise=optimise,
        )
    except CompilerError as error:
        _refuse_too_large(error.what, board)
        raise
    image = Image.load(elf)
    if board.processor.bare:
        check_fits(image, board)
    return image


def _refuse_too_large(messages: str, board: Board) -> None:
    """Say what a linker means by a region that overflows."""
    missing: dict[str, int] = {}
    for name, count in _OVERFLOW.findall(messages):
        missing[name] = max(missing.get(name, 0), int(count))
    if missing:
        too_small = " and ".join(
            f"{name} of {board.name} is {count:,} bytes too small (it has {room:,})"
            for name, count in missing.items()
            for room in [board.memory[name].length]
        )
        raise DeviceError(
            f"{too_small}.",
            where="program",
            hint="Use a smaller network, narrower weights, or a larger chip.",
        )


class EmulatedDevice:
    """The firmware in unicorn, with exactly the board's flash and RAM.

    Parameters
    ----------
    firmware
        What to compile and run.
    board
        Where.
    toolchain
        Compiler; ``"auto"`` takes the board's own, or zig.
    optimise
        Such as ``"-Os"``.

    Raises
    ------
    CompilerError
        If there is no compiler, or it refuses the code.
    DeviceError
        If the program does not fit the board.
    UnavailableError
        If unicorn or pyelftools is not installed.
    """

    def __init__(
        self, firmware: Firmware, board: Board, *, toolchain: str = "auto", optimise: str = "-O2"
    ) -> None:
        self._firmware, self._board = firmware, board
        self._tool = find_toolchain(board, toolchain)
        with tempfile.TemporaryDirectory(prefix="neuro-firmware-") as place:
            self.image = build_image(
                firmware, board, Path(place), toolchain=self._tool, optimise=optimise
            )
        memory = {**board.memory, "exchange": EXCHANGE}
        self.machine = UnicornMachine(self.image, board.model_copy(update={"memory": memory}))
        self.machine.start()
        self._net = self.machine.address("neuro_handle")
        self._state = self.machine.address(f"{firmware.prefix}_state")
        self._size = firmware.state_size
        self._room = sum(source.size for source in firmware.tables.network.sources.values())
        self._out = _IN + 4 * max(1024, self._room)
        self._values = self._out + 4 * max(1024, self._room)
        self._places: dict[int, int] = {}
        self._call("init")

    def _call(self, name: str, *arguments: int) -> None:
        function = f"{self._firmware.prefix}_{name}"
        check_status(self.machine.call(function, self._net, *arguments), function)

    def step(self, events: list[Event]) -> list[Event]:
        """Do one step."""
        start = EXCHANGE.origin
        given = np.array(events, "<u2").reshape(-1, 2)
        self.machine.write(start + _IN, given.tobytes())
        self.machine.write(start + _COUNT, struct.pack("<I", self._room))
        self._call("step", start + _IN, len(given), start + self._out, start + _COUNT)
        (count,) = struct.unpack("<I", self.machine.read(start + _COUNT, 4))
        found = np.frombuffer(self.machine.read(start + self._out, 4 * count), "<u2")
        return [(int(source), int(cell)) for source, cell in found.reshape(-1, 2)]

    def drive(self, place: int, values: NDArray[Any]) -> None:
        """Set a current from now on."""
        if place not in self._places:
            self._places[place] = self._values
            self._values += max(8, values.nbytes)
        address = EXCHANGE.origin + self._places[place]
        self.machine.write(address, values.tobytes())
        self._call("drive", place, address, len(values))

    def read_state(self) -> bytes:
        """All that changes."""
        return self.machine.read(self._state, self._size) if self._size else b""

    def write_state(self, state: bytes, step: int) -> None:
        """Set all that changes, and the next step."""
        start = EXCHANGE.origin + EXCHANGE.length // 2
        size = HEADER + self._size
        self._call("save", start, size)
        magic, identity, bytes_, _, _ = _STRUCT.unpack(self.machine.read(start, HEADER))
        header = _STRUCT.pack(magic, identity, bytes_, state_check(state, step), step)
        self.machine.write(start, header + state)
        self._call("load", start, size)

    def describe(self) -> Mapping[str, str]:
        """Board, emulator and compiler."""
        return {
            "board": self._board.name,
            "emulator": "unicorn",
            "compiler": self._tool.version(),
            "flash": str(self.image.flash),
            "ram": str(self.image.ram),
        }

    def close(self) -> None:
        """Nothing is held."""
