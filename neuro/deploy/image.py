"""A program for a board: what it puts where, and whether it fits."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from neuro.deploy.board import Board
from neuro.errors import DeviceError, FileFormatError, UnavailableError, unknown_name

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a program.

    Attributes
    ----------
    address
        Where it is when the program runs.
    load
        Where it is written; start-up code copies what has another `address`.
    data
        Its content; what follows up to `size` is zero, or not initialised.
    size
        Bytes that it takes when the program runs.
    writable
        True if the program may change it.
    """

    address: int
    load: int
    data: bytes
    size: int
    writable: bool


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A function or variable of a program.

    Attributes
    ----------
    address, size
        Where it is, and how many bytes it has; 0 if it is a mark of the linker script.
    name
        Its name in C.
    function
        True if it is code.
    """

    address: int
    size: int
    name: str
    function: bool


@dataclass(frozen=True)
class Image:
    """A linked program.

    Attributes
    ----------
    path
        File that it was read from.
    entry
        Address at which it starts.
    segments
        What is loaded, by address.
    symbols
        Functions and variables by name.
    """

    path: Path
    entry: int
    segments: tuple[Segment, ...]
    symbols: dict[str, Symbol]

    @classmethod
    def load(cls, path: Path) -> Image:
        """Read an ELF file.

        Raises
        ------
        FileFormatError
            If it is no ELF file.
        UnavailableError
            If pyelftools is not installed.
        """
        try:
            from elftools.common.exceptions import ELFError
            from elftools.elf.elffile import ELFFile
        except ImportError:
            raise UnavailableError(
                "reading programs needs pyelftools.",
                where="deploy",
                hint="pip install 'neuro-spiking[mcu]'",
            ) from None
        try:
            with path.open("rb") as stream:
                elf = ELFFile(stream)
                entry = int(elf["e_entry"])
                return cls(path, entry, tuple(_segments(elf)), _symbols(elf))
        except OSError as error:
            raise FileFormatError(f"cannot be read: {error.strerror}.", where=str(path)) from error
        except ELFError as error:
            raise FileFormatError(f"is no ELF file: {error}.", where=str(path)) from error

    def symbol(self, name: str) -> Symbol:
        """The function or variable `name`.

        Raises
        ------
        UnknownNameError
            If the program has none of that name.
        """
        if name not in self.symbols:
            raise unknown_name(name, self.symbols, kind="symbol", where=str(self.path))
        return self.symbols[name]

    def nearest(self, address: int) -> str:
        """Where `address` is, in words such as ``"net_step+0x12"``; "" if in no function."""
        starts, functions = self._functions
        at = bisect_right(starts, address) - 1
        if at < 0:
            return ""
        found = functions[at]
        distance = address - found.address
        if distance >= max(found.size, 2):
            return ""
        return f"{found.name}+{distance:#x}" if distance else found.name

    def function_at(self, address: int) -> str:
        """Name of the function that `address` is in; ``"?"`` if in none."""
        return self.nearest(address).partition("+")[0] or "?"

    @cached_property
    def _functions(self) -> tuple[list[int], list[Symbol]]:
        """Functions by address; of several names of one, a global one that is alphabetically first."""
        found: dict[int, Symbol] = {}
        for symbol in sorted(self.symbols.values(), key=lambda s: (s.address, -s.size, s.name)):
            if symbol.function:
                found.setdefault(symbol.address, symbol)
        return list(found), list(found.values())

    @property
    def flash(self) -> int:
        """Bytes that are written to the device."""
        return sum(len(segment.data) for segment in self.segments)

    @property
    def ram(self) -> int:
        """Bytes of variables and stack."""
        return sum(segment.size for segment in self.segments if segment.writable)

    def to_bin(self, path: Path) -> Path:
        """Write what is loaded as one block from the lowest address on; gaps are 0xFF.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        from neuro.files import replacing

        loaded = [segment for segment in self.segments if segment.data]
        start = min((segment.load for segment in loaded), default=0)
        block = bytearray()
        for segment in sorted(loaded, key=lambda segment: segment.load):
            block.extend(b"\xff" * (segment.load - start - len(block)))
            block.extend(segment.data)
        with replacing(path) as beside:
            beside.write_bytes(block)
        return path

    @property
    def origin(self) -> int:
        """Lowest address that is written."""
        return min((segment.load for segment in self.segments if segment.data), default=0)


def _segments(elf: ELFFile) -> list[Segment]:
    """Segments by address; those of size 0 are left out."""
    writable = 2
    found = [
        Segment(
            address=int(part["p_vaddr"]),
            load=int(part["p_paddr"]),
            data=part.data(),
            size=int(part["p_memsz"]),
            writable=bool(part["p_flags"] & writable) or not part["p_filesz"],
        )
        for part in elf.iter_segments("PT_LOAD")
        if part["p_memsz"]
    ]
    return sorted(found, key=lambda segment: segment.address)


def _symbols(elf: ELFFile) -> dict[str, Symbol]:
    """Named symbols; of two static ones with the same name the first."""
    from elftools.elf.sections import SymbolTableSection

    table = elf.get_section_by_name(".symtab")
    thumb = elf["e_machine"] == "EM_ARM"
    found: dict[str, Symbol] = {}
    for entry in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
        kind = entry["st_info"]["type"]
        local_mark = entry.name.startswith("$")  # such as $t, which begins Thumb code
        if not entry.name or local_mark or kind in {"STT_FILE", "STT_SECTION"}:
            continue
        if entry["st_shndx"] == "SHN_UNDEF":
            continue
        function = kind == "STT_FUNC"
        address = int(entry["st_value"]) & (~1 if thumb and function else ~0)
        found.setdefault(entry.name, Symbol(address, int(entry["st_size"]), entry.name, function))
    return found


def check_fits(image: Image, board: Board) -> None:
    """Raise unless every piece of `image` lies in the memory of `board`.

    Raises
    ------
    DeviceError
        If a piece does not; names the region, what is needed and what there is.
    """
    needed: dict[str, int] = {}
    for segment in image.segments:
        ranges = [(segment.address, segment.size)]
        if segment.data:
            ranges.append((segment.load, len(segment.data)))
        for start, size in ranges:
            name = _region_of(start, size, image, board)
            needed[name] = max(needed.get(name, 0), start + size - board.memory[name].origin)
    for name, need in needed.items():
        room = board.memory[name].length
        if need > room:
            raise DeviceError(
                f"{name} of {board.name} is {need - room} bytes too small: "
                f"{need} are needed, and it has {room}.",
                where=str(image.path),
                hint="Use a smaller network, narrower weights, or a larger chip.",
            )


_NEAR = 16 * 1024**2
"""What lies less than this after a region was meant for it."""


def _region_of(start: int, size: int, image: Image, board: Board) -> str:
    """Name of the region that `start` is in, or that it has overflowed from."""
    before = [(r.origin, name) for name, r in board.memory.items() if r.origin <= start]
    name = max(before, default=(0, ""))[1]
    if name and start < board.memory[name].end + _NEAR:
        return name
    known = ", ".join(f"{n} from {r.origin:#010x}" for n, r in board.memory.items())
    raise DeviceError(
        f"{size} bytes at {start:#010x} lie in no memory of {board.name}, which has {known}.",
        where=str(image.path),
        hint="Build it again for this board.",
    )
