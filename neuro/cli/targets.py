"""``neuro targets``: where it can be run."""

from __future__ import annotations

from typing import Annotated

import typer

from neuro.backends.options import options_of
from neuro.backends.registry import backend_names, get_backend
from neuro.cli.console import out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.deploy.board import Board, board_names, load_board
from neuro.deploy.spinnaker.boards import load_spinnaker_board
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.errors import UnavailableError

_BOARD_COLUMNS = ("name", "core", "flash", "RAM", "clock", "emulated by", "what it is")

_MACHINE_COLUMNS = ("name", "chips", "free cores", "what it is")


@readable_errors
def targets(
    backend: Annotated[
        str | None, typer.Argument(metavar="[BACKEND]", help="Say more about this one.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the backends, whether each can be used here, and the boards; or one backend's options."""
    if backend is not None:
        _explain(backend, json=json)
        return
    backends = [_describe(name) for name in backend_names()]
    boards = [load_board(name) for name in board_names()]
    machines = [load_spinnaker_board(name) for name in board_names("spinnaker")]
    if json:
        columns = ("name", "available", "summary")
        found = [dict(zip(columns, backend, strict=True)) for backend in backends]
        all_boards = [board.model_dump() for board in (*boards, *machines)]
        print_json({"backends": found, "boards": all_boards})
        return
    rows = [(name, "yes" if here else "no", text) for name, here, text in backends]
    print_table("Backends", ("name", "available", "what it is"), rows)
    out.print()
    print_table("Boards", _BOARD_COLUMNS, map(_row, boards))
    out.print()
    print_table("SpiNNaker machines", _MACHINE_COLUMNS, map(_machine_row, machines))


def _explain(name: str, *, json: bool) -> None:
    """Say what a backend is, and what its options are."""
    options = options_of(get_backend(name)).values()
    _, here, text = _describe(name)
    if json:
        columns = ("flag", "default", "choices", "description")
        found = [{column: getattr(option, column) for column in columns} for option in options]
        print_json({"name": name, "available": here, "summary": text, "options": found})
        return
    out.print(f"{name}: {text}", markup=False)
    if options:
        rows = [
            (o.flag, "" if o.default is None else str(o.default), o.choices, o.description)
            for o in options
        ]
        out.print()
        print_table("Options", ("flag", "default", "takes", "what it does"), rows)
    else:
        out.print("It has no options.")


def _describe(name: str) -> tuple[str, bool, str]:
    """Name, whether it can be used here, and what it is or why it cannot."""
    try:
        backend = get_backend(name)
    except UnavailableError as error:
        return (name, False, error.hint)
    problem = backend.unavailable()
    return (name, not problem, problem or backend.summary)


def _row(board: Board) -> tuple[str, ...]:
    clock = "" if board.clock is None else f"{board.clock / 1e6:g} MHz"
    memory = (_size(board, "flash"), _size(board, "ram"))
    return (board.name, board.core, *memory, clock, ", ".join(_emulators(board)), board.summary)


def _machine_row(board: SpinnakerBoard) -> tuple[str, ...]:
    return (board.name, f"{board.chips:,}", f"{board.free_cores:,}", board.summary)


def _size(board: Board, region: str) -> str:
    """Size of a region in words; "" if the board has none."""
    if region not in board.memory:
        return ""
    kilobytes = board.memory[region].length // 1024
    return f"{kilobytes} KB" if kilobytes % 1024 else f"{kilobytes // 1024} MB"


def _emulators(board: Board) -> list[str]:
    """What runs the board's programs without it."""
    unicorn = ["unicorn"] if board.processor.unicorn else []
    emulator = board.emulator
    return unicorn if emulator is None or emulator.kind == "unicorn" else [*unicorn, "qemu"]


command = targets
