"""``neuro plot``: figures of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro.cli.console import out, print_json, readable_errors
from neuro.cli.options import JsonOption
from neuro.errors import ParameterError
from neuro.recording.data import Recording
from neuro.recording.plot_style import save_figure


@readable_errors
def plot(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording (.h5).")],
    kind: Annotated[str, typer.Option("--kind", "-k", help="raster, rate or trace.")] = "raster",
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Population to show; repeatable.")
    ] = None,
    variable: Annotated[str, typer.Option("--variable", help="Variable of a trace.")] = "v",
    bin_ms: Annotated[float, typer.Option("--bin", help="Bin width of rates, ms.")] = 10.0,
    picture: Annotated[
        Path | None, typer.Option("--out", "-o", help="Picture (.png, .pdf, .svg).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw a recording: spikes, rates or a variable over time."""
    import matplotlib as mpl

    mpl.use("Agg")
    recording = Recording.load(file)
    sources = source or None
    if kind == "raster":
        axes = recording.plot.raster(sources)
    elif kind == "rate":
        axes = recording.plot.rate(sources, bin_ms=bin_ms)
    elif kind == "trace":
        axes = recording.plot.trace(sources[0] if sources else _first_target(recording), variable)
    else:
        raise ParameterError(
            f"there is no {kind!r}.", where="--kind", hint="Use raster, rate or trace."
        )
    target_path = save_figure(axes, picture or file.with_name(f"{file.stem}-{kind}.png"))
    if json:
        print_json({"file": str(target_path)})
    else:
        out.print(f"wrote {target_path}")


def _first_target(recording: Recording) -> str:
    if not recording.traces:
        raise ParameterError(
            "the recording holds spikes only.",
            where="--kind",
            hint="Record a variable of a population with record('v') before it runs.",
        )
    return next(iter(recording.traces))


command = plot
