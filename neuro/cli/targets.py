"""``neuro targets``: where it can be run."""

from __future__ import annotations

from neuro.backends.registry import backend_names, get_backend
from neuro.cli.console import out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.deploy.board import Board, board_names, load_board
from neuro.errors import UnavailableError


@readable_errors
def targets(json: JsonOption = False) -> None:
    """List the backends, whether each can be used here, and the boards."""
    backends = [_describe(name) for name in backend_names()]
    boards = [load_board(name) for name in board_names()]
    if json:
        columns = ("name", "available", "summary")
        found = [dict(zip(columns, backend, strict=True)) for backend in backends]
        print_json({"backends": found, "boards": [board.model_dump() for board in boards]})
        return
    rows = [(name, "yes" if here else "no", text) for name, here, text in backends]
    print_table("Backends", ("name", "available", "what it is"), rows)
    out.print()
    print_table("Boards", ("name", "target", "core", "toolchain", "what it is"), map(_row, boards))


def _describe(name: str) -> tuple[str, bool, str]:
    """Name, whether it can be used here, and what it is or why it cannot."""
    try:
        backend = get_backend(name)
    except UnavailableError as error:
        return (name, False, error.hint)
    problem = backend.unavailable()
    return (name, not problem, problem or backend.summary)


def _row(board: Board) -> tuple[str, ...]:
    return (board.name, board.target, board.core, board.toolchain, board.summary)


command = targets
