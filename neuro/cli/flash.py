"""``neuro flash``: write a program to a board."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from neuro.cli.console import NO, err, out, print_json, readable_errors
from neuro.cli.options import JsonOption
from neuro.deploy.board import load_board
from neuro.deploy.flash import Plan, find_image, plan
from neuro.deploy.flash import flash as flash_image
from neuro.errors import DeviceError


@readable_errors
def flash(
    build: Annotated[
        Path, typer.Argument(metavar="BUILD", help="Folder with one *.elf, or that file.")
    ],
    board: Annotated[str, typer.Option("--board", "-B", help="Board, or a board file.")],
    tool: Annotated[str, typer.Option(help="pyocd, openocd, st-flash or auto.")] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the program, and print what would be called.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the program in BUILD to a board through a debug probe, and verify it.

    The exit code is 1 if it does not fit the board, no probe is connected, or writing failed.
    """
    chosen = load_board(board)
    image = find_image(build)
    problem = ""
    made: Plan | None = None
    try:
        made = plan(image, chosen, tool) if dry_run else flash_image(image, chosen, tool)
    except DeviceError as error:
        problem = str(error)
    if json:
        print_json(
            {
                "image": str(image.path),
                "board": chosen.name,
                "flash": image.flash,
                "ram": image.ram,
                "tool": None if made is None else made.tool,
                "commands": [] if made is None else [list(line) for line in made.commands],
                "written": made is not None and not dry_run,
                "problem": problem,
            }
        )
    elif made is None:
        err.print(f"[bold red]error:[/] {escape(problem)}", soft_wrap=True)
    elif dry_run:
        for command in made.commands:
            out.print(shlex.join(command), soft_wrap=True, markup=False)
    else:
        size = f"{image.flash:,} bytes of flash, {image.ram:,} of RAM"
        out.print(f"{chosen.name} holds {image.path.name} ({size}), written by {made.tool}")
    if made is None:
        raise typer.Exit(NO)


command = flash
