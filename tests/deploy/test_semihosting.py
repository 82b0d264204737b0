"""The host's side of semihosting, operation by operation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from struct import pack, unpack

import pytest

from neuro.deploy.emulator.semihosting import FAILED, SUCCESS, Semihosting

OPEN, CLOSE, WRITEC, WRITE0, WRITE, READ, SEEK, FLEN = 1, 2, 3, 4, 5, 6, 0x0A, 0x0C
COMMAND_LINE, EXIT, EXIT_EXTENDED = 0x15, 0x18, 0x20
BLOCK, NAME, DATA = 0, 64, 256


class Program:
    """A program's memory, and its calls."""

    def __init__(self, files: Path | None = None, arguments: str = "") -> None:
        self.memory = bytearray(1024)
        self.host = Semihosting(self.read, self.write, files=files, arguments=arguments)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = data

    def call(self, operation: int, *block: int) -> int:
        self.write(BLOCK, pack(f"<{len(block)}I", *block))
        return self.host.call(operation, BLOCK)

    def open(self, name: str, mode: int) -> int:
        self.write(NAME, name.encode())
        return self.call(OPEN, NAME, mode, len(name.encode()))


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A program with a folder that holds ten bytes."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "ten.bin").write_bytes(b"0123456789")
    (tmp_path / "outside.bin").write_bytes(b"secret")
    made = Program(tmp_path / "files", "one two")
    yield made
    made.host.close()


def test_a_file_is_read_in_parts(program: Program) -> None:
    file = program.open("ten.bin", 1)
    assert program.call(FLEN, file) == 10
    assert program.call(READ, file, DATA, 8) == 0
    assert program.call(READ, file, DATA, 8) == 6
    assert program.read(DATA, 8) == b"89234567"
    assert program.call(READ, file, DATA, 8) == 8
    assert program.call(SEEK, file, 4) == 0
    assert program.call(READ, file, DATA, 2) == 0
    assert program.read(DATA, 2) == b"45"
    assert program.call(CLOSE, file) == 0
    assert program.call(CLOSE, file) == FAILED
    assert program.call(READ, file, DATA, 2) == FAILED


def test_a_file_is_written_anew_or_at_its_end(program: Program, tmp_path: Path) -> None:
    for mode, content in ((5, b"abc"), (5, b"abc"), (9, b"abcabc")):
        program.write(DATA, b"abc")
        file = program.open("new.bin", mode)
        assert program.call(WRITE, file, DATA, 3) == 0
        assert program.call(CLOSE, file) == 0
        assert (tmp_path / "files" / "new.bin").read_bytes() == content
    reader = program.open("ten.bin", 1)
    assert program.call(WRITE, reader, DATA, 3) == 3


@pytest.mark.parametrize(
    "name",
    [
        "../outside.bin",
        "/etc/passwd",
        "absent.bin",
        "",
        "a/../../outside.bin",
        "ten.bin\0x",
        "link",
    ],
)
def test_files_outside_the_folder_do_not_exist(program: Program, tmp_path: Path, name: str) -> None:
    (tmp_path / "files" / "link").symlink_to(tmp_path / "outside.bin")
    assert program.open(name, 1) == FAILED
    assert program.open("ten.bin", 12) == FAILED


def test_without_a_folder_there_are_no_files() -> None:
    assert Program().open("ten.bin", 1) == FAILED


def test_the_console_is_a_file_too(program: Program) -> None:
    console = program.open(":tt", 4)
    program.write(DATA, b"abc\0")
    assert program.call(WRITE, console, DATA, 3) == 0
    assert program.host.call(WRITE0, DATA) == 0
    assert program.host.call(WRITEC, DATA + 1) == 0
    assert program.host.output == "abcabcb"
    assert program.call(READ, console, DATA, 3) == 3
    assert (program.call(SEEK, console, 0), program.call(FLEN, console)) == (FAILED, FAILED)
    assert program.call(CLOSE, console) == 0


def test_arguments_need_room(program: Program) -> None:
    assert program.call(COMMAND_LINE, DATA, 7) == FAILED
    assert program.call(COMMAND_LINE, DATA, 8) == 0
    assert program.read(DATA, 8) == b"one two\0"
    assert unpack("<2I", program.read(BLOCK, 8)) == (DATA, 7)


@pytest.mark.parametrize(
    ("operation", "argument", "block", "code"),
    [
        (EXIT, SUCCESS, (), 0),
        (EXIT, 0x20023, (), 1),
        (EXIT_EXTENDED, BLOCK, (SUCCESS, 42), 42),
        (EXIT_EXTENDED, BLOCK, (0x20023, 42), 1),
    ],
)
def test_exit_codes(operation: int, argument: int, block: tuple[int, ...], code: int) -> None:
    program = Program()
    program.write(BLOCK, pack(f"<{len(block)}I", *block))
    assert program.host.code is None
    program.host.call(operation, argument)
    assert program.host.code == code


def test_what_is_not_known_fails(program: Program) -> None:
    assert program.host.call(0x99, 0) == FAILED
    assert program.call(WRITE, 77, DATA, 3) == 3
    assert (program.call(SEEK, 77, 0), program.call(FLEN, 77)) == (FAILED, FAILED)
