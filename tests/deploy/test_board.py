"""Board files: those that ship, a user's own, and what is wrong with bad ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuro.deploy.board import board_names, load_board
from neuro.errors import FileFormatError, UnknownNameError

GOOD = """
name = "kit"
summary = "a kit"
target = "cortex-m"
core = "cortex-m4f"
memory.flash = { origin = 0, length = "1M", attributes = "rx" }
memory.ram = { origin = "0x20000000", length = 262144 }
clock = 64e6
toolchain = "arm-none-eabi-gcc"
"""


def test_every_board_that_ships_is_called_like_its_file() -> None:
    assert "host" in board_names()
    assert [load_board(name).name for name in board_names()] == board_names()


def test_the_host_leaves_out_what_varies() -> None:
    host = load_board("host")
    assert (host.target, host.memory, host.clock) == ("host", {}, None)


def test_a_board_of_ones_own_is_given_by_path(tmp_path: Path) -> None:
    file = tmp_path / "kit.toml"
    file.write_text(GOOD)
    board = load_board(str(file))
    assert (board.core, board.ram.length, board.clock) == ("cortex-m4f", 262144, 64e6)


def test_an_unknown_board_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=re.escape("Did you mean 'host'? Or give a path.")):
        load_board("hots")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "is not TOML"),
        (GOOD.replace("toolchain", "toolchian"), "toolchian: Extra inputs are not permitted"),
        (GOOD.replace("64e6", "0"), "clock: Input should be greater than 0"),
        (GOOD.replace("262144", '"big"'), "memory.ram.length: 'big' is no number of bytes"),
    ],
)
def test_a_bad_board_file_names_the_key(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "kit.toml"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=re.escape(words)) as caught:
        load_board(str(file))
    assert caught.value.where == str(file)
