"""The other end of semihosting: what a program asks for when it stops at its breakpoint.

Numbers and blocks of arguments are those of Arm's "Semihosting for AArch32 and AArch64".
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from struct import pack, unpack
from typing import BinaryIO

FAILED = 0xFFFF_FFFF
SUCCESS = 0x2_0026
CONSOLE = ":tt"

Read = Callable[[int, int], bytes]
Write = Callable[[int, bytes], None]


class Semihosting:
    """Console, files below one folder, arguments and exit code of one run.

    Parameters
    ----------
    read, write
        Access to the memory of the program.
    files
        The only folder in which it may open files; None for no files at all.
    arguments
        The text that it was started with.

    Attributes
    ----------
    code
        Exit code; None until the program ends.
    """

    def __init__(
        self, read: Read, write: Write, *, files: Path | None = None, arguments: str = ""
    ) -> None:
        self._read, self._write = read, write
        self._folder = None if files is None else files.resolve()
        self._arguments = arguments
        self._open: dict[int, BinaryIO | None] = {}  # None is the console
        self._written = bytearray()
        self.code: int | None = None
        self._operations: dict[int, Callable[[int], int]] = {
            0x01: self._open_file,
            0x02: self._close_file,
            0x03: self._write_character,
            0x04: self._write_text,
            0x05: self._write_file,
            0x06: self._read_file,
            0x0A: self._seek,
            0x0C: self._length,
            0x15: self._command_line,
            0x18: self._exit,
            0x20: self._exit_extended,
        }

    @property
    def output(self) -> str:
        """The text that the program has written."""
        return self._written.decode("utf-8", errors="replace")

    def call(self, operation: int, argument: int) -> int:
        """Do `operation`; the result for register 0.  Unknown operations fail."""
        known = self._operations.get(operation)
        return FAILED if known is None else known(argument) & 0xFFFF_FFFF

    def close(self) -> None:
        """Close what the program left open."""
        for file in self._open.values():
            if file is not None:
                with suppress(OSError):
                    file.close()
        self._open.clear()

    def _block(self, address: int, words: int) -> tuple[int, ...]:
        return unpack(f"<{words}I", self._read(address, 4 * words))

    def _open_file(self, argument: int) -> int:
        path, mode, length = self._block(argument, 3)
        name = self._read(path, length).decode("utf-8", errors="replace")
        handle = max(self._open, default=0) + 1
        if name == CONSOLE:
            self._open[handle] = None
            return handle
        place = self._allowed(name)
        # Modes 0-11 are fopen's r, rb, r+, r+b, w, wb, w+, w+b, a, ab, a+, a+b.
        if place is None or mode > 11:
            return FAILED
        try:
            self._open[handle] = place.open("rwa"[mode // 4] + "b" + "+" * (mode // 2 % 2))  # type: ignore[assignment]
        except OSError:
            return FAILED
        return handle

    def _allowed(self, name: str) -> Path | None:
        """The path of a file in the folder; None if it lies elsewhere."""
        if self._folder is None or "\0" in name:
            return None
        place = (self._folder / name).resolve()
        return place if place.is_relative_to(self._folder) else None

    def _close_file(self, argument: int) -> int:
        (handle,) = self._block(argument, 1)
        if handle not in self._open:
            return FAILED
        file = self._open.pop(handle)
        if file is not None:
            file.close()
        return 0

    def _write_character(self, argument: int) -> int:
        self._written.extend(self._read(argument, 1))
        return 0

    def _write_text(self, argument: int) -> int:
        while (byte := self._read(argument, 1)) != b"\0":
            self._written.extend(byte)
            argument += 1
        return 0

    def _write_file(self, argument: int) -> int:
        handle, address, size = self._block(argument, 3)
        if handle not in self._open:
            return size
        data, file = self._read(address, size), self._open[handle]
        if file is None:
            self._written.extend(data)
            return 0
        try:
            return size - file.write(data)
        except OSError:
            return size

    def _read_file(self, argument: int) -> int:
        handle, address, size = self._block(argument, 3)
        file = self._open.get(handle)
        if file is None:
            return size if handle in self._open else FAILED
        try:
            data = file.read(size)
        except OSError:
            return FAILED
        self._write(address, data)
        return size - len(data)

    def _seek(self, argument: int) -> int:
        handle, position = self._block(argument, 2)
        file = self._open.get(handle)
        if file is None:
            return FAILED
        file.seek(position)
        return 0

    def _length(self, argument: int) -> int:
        (handle,) = self._block(argument, 1)
        file = self._open.get(handle)
        if file is None:
            return FAILED
        before = file.tell()
        end = file.seek(0, 2)
        file.seek(before)
        return end

    def _command_line(self, argument: int) -> int:
        address, size = self._block(argument, 2)
        text = self._arguments.encode() + b"\0"
        if len(text) > size:
            return FAILED
        self._write(address, text)
        self._write(argument + 4, pack("<I", len(text) - 1))
        return 0

    def _exit(self, argument: int) -> int:
        self.code = 0 if argument == SUCCESS else 1
        return 0

    def _exit_extended(self, argument: int) -> int:
        reason, code = self._block(argument, 2)
        self.code = code if reason == SUCCESS else 1
        return 0
