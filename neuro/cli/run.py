"""``neuro run``: run a model, print what came out, and keep the recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuro.cli.console import INTERRUPTED, NO, err, out, print_json, print_table, readable_errors
from neuro.cli.flags import backend_options
from neuro.cli.mapping import show_mapping
from neuro.cli.options import (
    BackendOption,
    DtOption,
    InputOption,
    JsonOption,
    Model,
    NIROptions,
    ProfileOption,
    ProtocolOption,
    ResetOption,
    SeedOption,
    SetOption,
    StepsOption,
    load_experiment,
    parse_changes,
)
from neuro.cli.text import write_text
from neuro.errors import ParameterError
from neuro.formats.network_file import save_network
from neuro.ir.network import Network
from neuro.metrics import Metrics, measure, observed
from neuro.models.experiment import Experiment, Report, count_table, spike_table
from neuro.recording.data import Recording
from neuro.recording.plot_style import save_figure
from neuro.recording.window import load_start, read_sizes
from neuro.simulation.run import simulate, simulate_to_file
from neuro.simulation.session import RunInterrupted

LARGE = 4_000_000
"""A streamed recording with more spikes and samples than this is not loaded again."""

SHOWN = 200_000
"""How many of them its raster shows."""


@readable_errors
def run(
    ctx: typer.Context,
    model: Model,
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    profile: ProfileOption = None,
    dt: DtOption = None,
    reset: ResetOption = None,
    input_: InputOption = None,
    backend: BackendOption = "auto",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="Option of the backend; repeatable."),
    ] = None,
    steps: StepsOption = None,
    seed: SeedOption = None,
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path(
        "out"
    ),
    stream: Annotated[
        bool, typer.Option(help="Write the recording while running; for long runs.")
    ] = False,
    resume: Annotated[
        bool, typer.Option(help="Go on with a streamed run that was stopped.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option(help="Start afresh where a streamed run was stopped.")
    ] = False,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", help="Text that a language model goes on from; it writes text."),
    ] = None,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Print NeuroBench's metrics; membranes are recorded.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Run MODEL; print a table and write recording, raster and network to a folder.

    The options of the backend are flags too; 'neuro targets BACKEND' lists them.  With --prompt, a
    language model writes text instead.
    """
    if prompt is not None:
        write_text(model, prompt, parse_changes(set_), seed or 0, json=json)
        return
    conventions = NIROptions(profile, dt, reset, input_)
    experiment = load_experiment(model, protocol, set_, steps, conventions)
    if metrics:
        experiment = _observed(experiment, streamed=stream or resume)
    options = {**backend_options(ctx, backend), **parse_changes(option)}
    given = _given(experiment, backend=backend, seed=seed, options=options, json=json)
    path, count = folder / "recording.h5", experiment.count(steps)
    if stream or resume:
        _stream(path, experiment.network, count, resume=resume, overwrite=overwrite, **given)
        ran = _look_into(path, experiment)
    else:
        ran = _into_memory(path, experiment, count, **given)
    _finish(ran, experiment, path, metrics=metrics, json=json)


def _given(experiment: Experiment, *, json: bool, **common: Any) -> dict[str, Any]:
    """What a run is given, in memory and streamed."""
    return {"inputs": experiment.inputs, "progress": None if json else "auto", **common}


@dataclass(frozen=True, slots=True)
class _Ran:
    """What came out of a run, of how many steps, and whether Ctrl-C ended it."""

    recording: Recording
    report: Report
    steps: int
    interrupted: bool = False

    @property
    def is_mapping(self) -> bool:
        """True if the network was placed and did not run."""
        return self.recording.provenance.device == "mapping only"


def _into_memory(path: Path, experiment: Experiment, steps: int, **given: Any) -> _Ran:
    """Run, and save what was recorded."""
    interrupted = False
    try:
        recording = simulate(experiment.network, steps, **given)
    except RunInterrupted as stopped:
        recording, interrupted = stopped.recording, True
    ran = _Ran(recording, spike_table(recording), recording.steps, interrupted)
    if ran.is_mapping:
        return ran
    recording.save(path)
    return ran if interrupted else replace(ran, report=experiment.report(recording))


def _finish(ran: _Ran, experiment: Experiment, path: Path, *, metrics: bool, json: bool) -> None:
    """Write figures, show what came out, and exit with its code."""
    if ran.is_mapping:
        show_mapping(experiment, ran.recording.provenance, path.parent, json=json)
        return
    written = [path, *_write_figures(experiment, ran.recording, path.parent)]
    found = _measured(experiment, ran.recording) if metrics and not ran.interrupted else None
    _show(ran, written, found, json=json)
    if ran.interrupted:
        raise typer.Exit(INTERRUPTED)
    if ran.report.passed is False:
        raise typer.Exit(NO)


def _observed(experiment: Experiment, *, streamed: bool) -> Experiment:
    """`experiment` with probes for all that metrics need."""
    if streamed:
        raise ParameterError(
            "needs the recording in memory.", where="--metrics", hint="Leave out --stream."
        )
    return observed(experiment)


def _measured(experiment: Experiment, recording: Recording) -> Metrics:
    """Metrics, in the steps that the model's framework counts."""
    return measure(experiment, experiment.align(recording))


def _stream(path: Path, network: Network, steps: int, **given: Any) -> None:
    """Run into a file; on Ctrl-C, say how to go on."""
    try:
        simulate_to_file(path, network, steps, **given)
    except KeyboardInterrupt:
        err.print(f"interrupted; {escape(str(path))} is complete up to here.")
        err.print("Go on with the same command and --resume.")
        raise typer.Exit(INTERRUPTED) from None


def _look_into(path: Path, experiment: Experiment) -> _Ran:
    """What to draw and to print of a streamed recording; a large one stays on disk."""
    sizes = read_sizes(path)
    if sizes.numbers <= LARGE:
        recording = Recording.load(path)
        return _Ran(recording, experiment.report(recording), sizes.steps)
    recording = load_start(path, SHOWN)
    table = count_table(sizes.spikes, sizes.steps * recording.dt * 1000)
    note = (
        f"The recording holds {sizes.numbers:,} spikes and samples, too many to load: these are "
        f"counted in the file, and the raster shows the first {recording.duration:g} ms."
    )
    return _Ran(recording, replace(table, notes=(note,)), sizes.steps)


def _write_figures(experiment: Experiment, recording: Recording, folder: Path) -> list[Path]:
    """Write the raster and the network's text; return their paths."""
    import matplotlib as mpl

    mpl.use("Agg")
    axes = recording.plot.raster(experiment.shown or None)
    raster = save_figure(axes, folder / "raster.png")
    return [raster, save_network(experiment.network, folder / "network.txt")]


def _show(ran: _Ran, written: list[Path], metrics: Metrics | None, *, json: bool) -> None:
    report, provenance = ran.report, ran.recording.provenance
    if json:
        facts: dict[str, Any] = {
            "report": asdict(report),
            "provenance": asdict(provenance),
            "steps": ran.steps,
            "files": [str(path) for path in written],
        }
        print_json(facts if metrics is None else facts | {"metrics": metrics.as_dict()})
        return
    print_table(report.title, report.columns, report.rows)
    if metrics is not None:
        print_table("NeuroBench", ("metric", "value"), _metric_rows(metrics))
    for note in report.notes:
        out.print(note)
    why = f" ({provenance.reason})" if provenance.reason else ""
    wall = provenance.wall.get("run", 0.0)
    out.print(
        f"[dim]{ran.steps} steps of {ran.recording.dt * 1000:g} ms on {provenance.backend}{why}, "
        f"seed {provenance.seed}, {wall:.2f} s.[/]"
    )
    for path in written:
        out.print(f"wrote {path}")


def _metric_rows(metrics: Metrics) -> list[tuple[str, str]]:
    """One line per number."""
    rows = []
    for name, value in metrics.as_dict().items():
        parts = value if isinstance(value, dict) else {"": value}
        rows += [(f"{name} {part}".strip(), f"{number:,.6g}") for part, number in parts.items()]
    return rows


command = run
