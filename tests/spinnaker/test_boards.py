"""Board files of SpiNNaker machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro.deploy.board import board_names, load_board
from neuro.deploy.spinnaker.boards import load_spinnaker_board
from neuro.errors import FileFormatError, ParameterError, UnknownNameError

TEXT = """
name = "mine"
summary = "a board"
target = "spinnaker"
version = 5
boards = 2
machine_name = "spin.example"
time_scale_factor = 10
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mein Brett ä.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_boards_that_ship() -> None:
    names = board_names("spinnaker")
    assert names == ["spalloc", "spinn3", "spinn5", "spinn5x24"]
    boards = {name: load_spinnaker_board(name) for name in names}
    assert all(board.name == name for name, board in boards.items())
    assert [boards[n].free_cores for n in names] == [759, 63, 759, 24 * 759]
    assert boards["spalloc"].is_real
    assert not boards["spinn5"].is_real


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    board = load_spinnaker_board(write(tmp_path, TEXT))
    assert (board.chips, board.is_real) == (96, True)
    assert board.config(virtual=False).splitlines() == [
        "[Machine]",
        "version = 5",
        "time_scale_factor = 10",
        "machine_name = spin.example",
    ]
    assert "virtual_board = True" in board.config(virtual=True)
    assert "machine_name" not in board.config(virtual=True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("boards = 2", "bords = 2", "bords: there is no such key. Did you mean 'boards'?"),
        ("boards = 2", "boards = 0", "boards: Input should be greater than or equal to 1"),
        ("version = 5", "version = 4", "version: Input should be 3 or 5"),
        ("version = 5", "version = 3", "boards of version 3 cannot be joined"),
        ("factor = 10", "factor = -1", "time_scale_factor: Input should be greater"),
        ("boards = 2", 'spalloc_server = "x"', "exclude each other"),
        ("boards = 2", "neurons_per_core = {IF_curr_exp = 300}", "is 300, use 1 to 256"),
        ("name = ", "name == ", "is not TOML"),
    ],
)
def test_a_bad_file_names_the_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(FileFormatError) as caught:
        load_spinnaker_board(write(tmp_path, TEXT.replace(old, new, 1)))
    assert words in str(caught.value)
    assert "mein Brett ä.toml" in str(caught.value)


def test_unknown_names_and_other_kinds() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'spinn5'"):
        load_spinnaker_board("spin5")
    with pytest.raises(ParameterError, match="target 'cortex-m'"):
        load_spinnaker_board("stm32f405")
    with pytest.raises(ParameterError, match="--target spinnaker"):
        load_board("spinn5")
