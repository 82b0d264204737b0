"""Board files: those that ship, a user's own, and what is wrong with bad ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuro.deploy.board import Board, board_names, load_board
from neuro.deploy.cores import CORES
from neuro.errors import FileFormatError, UnknownNameError

GOOD = """
name = "kit"
summary = "a kit"
target = "cortex-m"
core = "cortex-m4f"
clock = 64e6
toolchain = "arm-none-eabi-gcc"

[memory]
flash = { origin = 0, length = "1M", attributes = "rx" }
ram = { origin = "0x20000000", length = 262144 }

[emulator]
kind = "qemu"
machine = "mps2-an386"
"""


def load(place: Path, text: str) -> Board:
    """The board in a file of that text."""
    file = place / "kit.toml"
    file.write_text(text)
    return load_board(str(file))


def test_every_board_that_ships_is_called_like_its_file() -> None:
    assert {"host", "stm32f405", "stm32l412", "rp2040", "riscv-virt"} <= set(board_names())
    assert [load_board(name).name for name in board_names()] == board_names()


@pytest.mark.parametrize("name", board_names())
def test_boards_that_ship_have_memory_and_a_clock_where_they_need_them(name: str) -> None:
    board = load_board(name)
    if not board.processor.bare:
        assert board.memory == {}
        return
    assert board.flash.attributes == "rx"
    assert board.ram.length < board.flash.length or name.startswith(("mps", "riscv"))
    assert board.clock is not None or board.target == "riscv"
    assert all(region.length % 1024 == 0 for region in board.memory.values())


def test_every_core_is_on_a_board() -> None:
    used = {load_board(name).core for name in board_names()}
    assert used == set(CORES)


def test_the_host_leaves_out_what_varies() -> None:
    host = load_board("host")
    assert (host.target, host.memory, host.clock) == ("host", {}, None)
    assert host.emulated() is host


def test_a_board_of_ones_own_is_given_by_path(tmp_path: Path) -> None:
    board = load(tmp_path, GOOD)
    assert (board.core, board.clock) == ("cortex-m4f", 64e6)
    assert (board.flash.length, board.ram.origin, board.ram.end) == (
        1048576,
        0x20000000,
        0x20040000,
    )
    assert board.processor.fpu


def test_an_emulator_may_have_other_memory(tmp_path: Path) -> None:
    other = 'memory.flash = { origin = "64K", length = "1 KiB" }\nmemory.ram = { origin = 0, length = 8 }'
    (tmp_path / "boot.S").write_text("")
    text = GOOD.replace("clock =", 'boot = "boot.S"\nclock =')
    board = load(tmp_path, text + other)
    emulated = board.emulated()
    assert (emulated.flash.origin, emulated.flash.length) == (65536, 1024)
    assert (board.boot, emulated.boot) == (str(tmp_path / "boot.S"), "")
    assert load(tmp_path, GOOD).emulated() == load(tmp_path, GOOD)


def test_sources_are_found_beside_the_board_file(tmp_path: Path) -> None:
    (tmp_path / "clock.c").write_text("")
    board = load(tmp_path, GOOD.replace("clock =", 'sources = ["clock.c"]\nclock ='))
    assert board.sources == (str(tmp_path / "clock.c"),)


def test_an_unknown_board_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=re.escape("Did you mean 'host'? Or give a path.")):
        load_board("hots")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name = ", "name == ", "is not TOML"),
        ("toolchain", "toolchian", "toolchian: there is no such key. Did you mean 'toolchain'?"),
        ("64e6", "0", "clock: Input should be greater than 0"),
        ("64e6", "-1e6", "clock: Input should be greater than 0"),
        ("64e6", "inf", "clock: Input should be a finite number"),
        ("262144", '"big"', "memory.ram.length: 'big' is no number of bytes"),
        ("262144", "0", "memory.ram.length: Input should be greater than 0"),
        ("262144", "-1", "memory.ram.length: Input should be greater than 0"),
        ("262144", '"8G"', "memory.ram.length: Input should be less than or equal to 4294967296"),
        ("262144", '"4G"', "memory.ram: ends at 0x120000000, beyond 32 bits"),
        ('"0x20000000"', "-4", "memory.ram.origin: Input should be greater than or equal to 0"),
        ('"0x20000000"', "0xFFFFF", "memory: 'flash' and 'ram' overlap at 0x000fffff"),
        ('"rx"', '"rq"', "memory.flash.attributes: String should match pattern"),
        (
            "cortex-m4f",
            "cortex-m4",
            "core: there is no core 'cortex-m4'. Did you mean 'cortex-m4f'",
        ),
        ("ram = {", "sram = {", "memory.ram is missing; core 'cortex-m4f' needs it"),
        ("machine = ", "# machine = ", "emulator: machine is missing"),
        ('"qemu"', '"renode"', "emulator.kind: Input should be 'qemu', 'qemu-user' or 'unicorn'"),
        ("clock =", 'sources = ["clock.c"]\nclock =', "there is no file 'clock.c'"),
        ("summary = ", "# ", "summary: Field required"),
    ],
)
def test_a_bad_board_file_names_the_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(FileFormatError, match=re.escape(words)) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert caught.value.where == str(tmp_path / "kit.toml")


def test_all_problems_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"core: .*; clock: "):
        load(tmp_path, GOOD.replace("64e6", "0").replace("cortex-m4f", "z80"))
