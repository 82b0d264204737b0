"""Load the board files of SpiNNaker machines."""

from __future__ import annotations

from neuro.deploy.board import Board, read_board
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.errors import ParameterError


def load_spinnaker_board(name: str) -> SpinnakerBoard:
    """The SpiNNaker board called `name`, or the one in a TOML file at that path.

    Raises
    ------
    UnknownNameError, FileFormatError
        As `neuro.deploy.board.read_board`.
    ParameterError
        If it is a board of another kind.
    """
    board = read_board(name, target="spinnaker")
    if isinstance(board, Board):
        raise ParameterError(
            f"{name!r} is a board of target {board.target!r}.",
            where="board",
            hint="Boards of SpiNNaker have target = 'spinnaker', such as spinn3 and spinn5.",
        )
    return board
