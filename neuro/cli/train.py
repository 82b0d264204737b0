"""``neuro train``: train a model by its recipe, with checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from neuro.cli.console import INTERRUPTED, err, out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption, SetOption, parse_changes
from neuro.errors import UnavailableError
from neuro.models.spec import load_model


@readable_errors
def train(
    model: Annotated[str, typer.Argument(help="A model's name, or the path of its folder.")],
    data: Annotated[
        str | None, typer.Option("--data", help="Where the data are; short for --set data=PATH.")
    ] = None,
    out_: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder for checkpoint, log, figure and network (MODEL-run)."
        ),
    ] = None,
    set_: SetOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(help="Threads of torch; 0 leaves it to torch.")] = 0,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Seconds between checkpoints within an epoch.")
    ] = 60.0,
    json_: JsonOption = False,
) -> None:
    """Train a model by the recipe in its model.toml."""
    _require_torch()
    from neuro.training.command import train_task
    from neuro.training.processes import processes

    changes = {**parse_changes(set_), **({"data": data} if data is not None else {})}
    folder = out_ or Path(f"{Path(model).name}-run")
    with processes() as together:
        task = load_model(model).task(changes)
        say = None if json_ or not together.is_first else _sayer(task)
        summary = train_task(
            task,
            folder,
            resume=resume,
            device=device,
            threads=threads,
            together=together,
            on_epoch=say,
            every=checkpoint_seconds,
        )
        if together.is_first:
            _show(task, summary, json_=json_)
    if summary["interrupted"]:
        raise typer.Exit(INTERRUPTED)


command = train


def _require_torch() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise UnavailableError(
            "torch is not installed.", where="neuro train", hint="pip install torch==2.13.0"
        )


def _sayer(task: Any) -> Callable[[dict[str, Any]], None]:
    return lambda row: out.print(task.line(row), soft_wrap=True)


def _show(task: Any, summary: dict[str, Any], *, json_: bool) -> None:
    if json_:
        print_json(summary)
        return
    print_table(summary["task"], *task.table(summary))
    if summary["interrupted"]:
        err.print("interrupted; --resume goes on.")
