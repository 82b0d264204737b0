"""The command ``neuro``."""

from __future__ import annotations

from typing import Annotated

import typer

from neuro.cli import (
    bench,
    check,
    download,
    env,
    export,
    flash,
    inspect,
    models,
    plot,
    quantise,
    run,
    targets,
    train,
    verify,
)
from neuro.cli.console import set_debug
from neuro.cli.flags import BackendCommand
from neuro.version import __version__

app = typer.Typer(
    name="neuro",
    help="Define a spiking network once; run it everywhere with the same spikes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"neuro {__version__}")
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Define a spiking network once; run it everywhere with the same spikes."""
    del version
    set_debug(debug)


for module in (
    models,
    targets,
    run,
    check,
    verify,
    inspect,
    download,
    train,
    quantise,
    export,
    flash,
    env,
    plot,
    bench,
):
    takes_options = module in (run, check, verify)
    app.command(cls=BackendCommand if takes_options else None)(module.command)
