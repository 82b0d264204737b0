"""What is read from a program, and whether it fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro.deploy.board import Region, load_board
from neuro.deploy.image import Image, Segment, Symbol, check_fits
from neuro.errors import DeviceError, FileFormatError, StorageError, UnknownNameError
from tests.deploy.programs import image

BOARD = load_board("stm32l412")
SOURCE = """
uint32_t table[10] = {1u, 2u, 3u};
uint32_t zeros[20];
extern const uint32_t fixed[30];
const uint32_t fixed[30] = {5u};
uint32_t sum(const uint32_t *numbers, int n);
uint32_t sum(const uint32_t *numbers, int n)
{
    uint32_t found = 0u;
    for (int i = 0; i < n; i++) {
        found += numbers[i];
    }
    return found;
}
int main(void)
{
    return (int)(sum(table, 10) + sum(zeros, 20) + sum(fixed, 30));
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return image(
        tmp_path_factory.mktemp("program"), SOURCE, BOARD, keep=("sum", "fixed"), stack=256
    )


def test_symbols_have_addresses_and_sizes(program: Image) -> None:
    sizes = {name: program.symbol(name).size for name in ("table", "zeros", "fixed")}
    assert sizes == {"table": 40, "zeros": 80, "fixed": 120}
    assert BOARD.ram.holds(program.symbol("table").address, 40)
    assert BOARD.flash.holds(program.symbol("fixed").address, 120)
    assert program.symbol("sum").function
    assert program.symbol("sum").address % 2 == 0
    assert not program.symbol("table").function
    with pytest.raises(UnknownNameError, match="Did you mean 'table'"):
        program.symbol("tabel")


def test_flash_holds_code_and_initial_values_and_ram_the_stack_too(program: Image) -> None:
    text = program.segments[0]
    assert program.flash == len(text.data) + 40
    assert 256 + 40 + 80 <= program.ram <= 256 + 40 + 80 + 8
    assert program.origin == BOARD.flash.origin


def test_a_place_in_code_is_named(program: Image) -> None:
    start = program.symbol("sum").address
    assert program.nearest(start) == "sum"
    assert program.nearest(start + 4) == "sum+0x4"
    assert program.function_at(start + 4) == "sum"
    assert (program.nearest(0), program.function_at(0)) == ("", "?")
    assert program.function_at(BOARD.ram.origin) == "?"


def test_the_binary_is_what_is_written(program: Image, tmp_path: Path) -> None:
    data = program.to_bin(tmp_path / "program.bin").read_bytes()
    assert len(data) == program.flash
    table = program.symbol("table").address
    loaded = next(s for s in program.segments if s.address <= table < s.address + s.size)
    start = loaded.load - program.origin + table - loaded.address
    assert data[start : start + 12] == b"\1\0\0\0\2\0\0\0\3\0\0\0"
    with pytest.raises(StorageError):
        program.to_bin(tmp_path / "program.bin" / "below.bin")


def made(*segments: Segment) -> Image:
    """A program made of segments."""
    return Image(Path("made.elf"), 0, segments, {})


def test_gaps_in_a_binary_are_erased_flash(tmp_path: Path) -> None:
    one = Segment(0x100, 0x100, b"ab", 2, writable=False)
    two = Segment(0x2000_0000, 0x108, b"cd", 6, writable=True)
    program = made(two, one)
    assert program.to_bin(tmp_path / "a.bin").read_bytes() == b"ab" + b"\xff" * 6 + b"cd"
    assert (program.flash, program.ram, program.origin) == (4, 6, 0x100)
    assert made().to_bin(tmp_path / "b.bin").read_bytes() == b""


@pytest.mark.parametrize(
    ("memory", "words"),
    [
        ({"flash": 2048, "ram": 40960}, None),
        (
            {"flash": 512, "ram": 40960},
            r"flash of stm32l412 is \d+ bytes too small: \d+ are needed",
        ),
        ({"flash": 2048, "ram": 256}, r"ram of stm32l412 is \d+ bytes too small: 3\d\d are needed"),
    ],
)
def test_a_program_is_checked_against_the_board(
    program: Image, memory: dict[str, int], words: str | None
) -> None:
    regions = {
        name: Region(origin=BOARD.memory[name].origin, length=length)
        for name, length in memory.items()
    }
    board = BOARD.model_copy(update={"memory": regions})
    if words is None:
        check_fits(program, board)
        return
    with pytest.raises(DeviceError, match=words):
        check_fits(program, board)


def test_of_two_names_of_one_function_the_first_counts() -> None:
    symbols = {name: Symbol(64, 8, name, function=True) for name in ("b", "a")}
    program = Image(Path("made.elf"), 0, (), symbols)
    assert program.function_at(66) == "a"
    assert program.function_at(72) == "?"


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b"", "no ELF"), (b"MZ" * 99, "no ELF")]
)
def test_what_is_no_program_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "x.elf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FileFormatError, match=words) as caught:
        Image.load(file)
    assert caught.value.where == str(file)


def test_a_truncated_program_is_refused(program: Image, tmp_path: Path) -> None:
    whole = program.path.read_bytes()
    file = tmp_path / "cut.elf"
    for size in (20, 60, len(whole) // 2):
        file.write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            Image.load(file)
