"""``neuro export``: a network as a project for a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuro.cli.console import NO, print_json, print_table, readable_errors
from neuro.cli.console import out as console
from neuro.cli.options import (
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
    load_experiment,
)
from neuro.cli.scripts import EXPORTERS, export_script
from neuro.deploy.board import Board, load_board
from neuro.deploy.costs import Costs, measure
from neuro.deploy.export import Export
from neuro.deploy.export import export as export_network
from neuro.deploy.toolchain import find_toolchain
from neuro.errors import (
    CompilerError,
    DeviceError,
    ParameterError,
    UnavailableError,
    UnsupportedError,
    unknown_name,
)
from neuro.files import write_text

DEMO_STEPS = 100
CORTEX_M = "cortex-m"
TARGETS = (CORTEX_M, *EXPORTERS)


@readable_errors
def export(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    board: Annotated[
        str | None, typer.Option("--board", "-B", help="Board, or a board file.")
    ] = None,
    target: Annotated[
        str,
        typer.Option("--target", "-t", help=f"What kind of project: {', '.join(TARGETS)}."),
    ] = CORTEX_M,
    name: Annotated[
        str | None, typer.Option("--name", help="What its C functions start with.")
    ] = None,
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    profile: ProfileOption = None,
    dt: DtOption = None,
    reset: ResetOption = None,
    input_: InputOption = None,
    steps: Annotated[int | None, typer.Option("--steps", "-n", help="Steps of the demo.")] = None,
    seed: SeedOption = None,
    toolchain: Annotated[str, typer.Option(help="auto, gcc or zig.")] = "auto",
    optimise: Annotated[str, typer.Option(help="Optimisation, such as -O2 or -Os.")] = "-O2",
    power: Annotated[
        float | None, typer.Option(help="Milliwatts of the running chip, for the energy.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Write into a folder that is not empty.")] = False,
    json: JsonOption = False,
) -> None:
    """Write MODEL as a project that runs without neuro: C for a board, or a script.

    C is built, and what it costs on the board is said.  The exit code is 1 if MODEL has no such
    form or will not fit the board; nothing is written then.  It is 1 too if the linker finds that
    the program does not fit.
    """
    if target not in TARGETS:
        raise unknown_name(target, TARGETS, kind="target", where="--target")
    shown = steps if steps is not None else DEMO_STEPS
    conventions = NIROptions(profile, dt, reset, input_)
    experiment = load_experiment(model, protocol, set_, shown, conventions)
    count = experiment.count(steps)
    if target in EXPORTERS:
        given: dict[str, Any] = {"seed": seed, "force": force, "json": json, "board": board}
        export_script(target, experiment, out, steps=count, **given)
        return
    chosen = _board(board, toolchain)
    made = export_network(
        experiment.network,
        chosen,
        out,
        name=name,
        steps=count,
        inputs=experiment.inputs,
        seed=seed,
        optimise=optimise,
        force=force,
    )
    _build_and_show(made, toolchain, optimise, power, json=json)


def _build_and_show(
    made: Export, toolchain: str, optimise: str, power: float | None, *, json: bool
) -> None:
    """Build what was written, and say what it costs on the board."""
    try:
        costs, problem = _measure(made, toolchain, optimise, power)
    except DeviceError as error:
        _does_not_fit(made, error, json=json)
        raise typer.Exit(NO) from None
    picture = _write_costs(costs, made.folder) if costs is not None else None
    if json:
        print_json(_facts(made, costs, problem))
        return
    if costs is not None:
        _print_costs(costs)
    else:
        console.print(f"[yellow]not built:[/] {problem}")
    written = [made.folder, *([picture] if picture is not None else [])]
    console.print(f"wrote {', '.join(map(str, written))}")


def _board(name: str | None, toolchain: str) -> Board:
    """The board, once its toolchain is there if one is asked for by name."""
    if name is None:
        raise ParameterError("is missing.", where="--board", hint="'neuro targets' lists boards.")
    board = load_board(name)
    if toolchain != "auto":
        find_toolchain(board, toolchain)
    return board


def _does_not_fit(made: Export, error: DeviceError, *, json: bool) -> None:
    """Say why a project that was written is of no use on its board."""
    if json:
        print_json(_facts(made, None, str(error)))
    else:
        console.print(f"[bold red]error[/] {escape(str(error))} The project is in {made.folder}.")


def _measure(
    made: Export, toolchain: str, optimise: str, power: float | None
) -> tuple[Costs | None, str]:
    """Costs, or why there are none.

    Raises
    ------
    DeviceError
        If the program does not fit the board, or does not start.
    """
    if not made.board.processor.bare:
        return None, f"{made.board.name} is a computer; its memory is not counted."
    try:
        watts = None if power is None else power / 1000
        found = measure(
            made.firmware,
            made.board,
            made.demo,
            toolchain=toolchain,
            optimise=optimise,
            power=watts,
        )
    except (CompilerError, UnavailableError, UnsupportedError) as error:
        return None, str(error)
    return found, ""


def _write_costs(costs: Costs, folder: Path) -> Path:
    import json

    import matplotlib as mpl

    from neuro.deploy.costs_plot import costs_plot
    from neuro.recording.plot_style import save_figure

    mpl.use("Agg")
    write_text(folder / "costs.json", json.dumps(costs.as_dict(), indent=2) + "\n")
    return save_figure(costs_plot(costs), folder / "costs.png")


def _facts(made: Export, costs: Costs | None, problem: str) -> dict[str, Any]:
    return {
        "folder": str(made.folder),
        "board": made.board.name,
        "prefix": made.firmware.prefix,
        "expected": made.expected,
        "costs": None if costs is None else costs.as_dict(),
        "problem": problem,
    }


def _print_costs(costs: Costs) -> None:
    rows = [(part.name, f"{part.flash:,}", f"{part.ram:,}") for part in costs.parts]
    rows.append(("all", f"{costs.flash:,}", f"{costs.ram:,}"))
    rows.append((costs.board, f"{costs.flash_size:,}", f"{costs.ram_size:,}"))
    print_table(f"Bytes on {costs.board}, {costs.compiler}", ("part", "flash", "RAM"), rows)
    if costs.stack_used is not None:
        console.print(f"stack: {costs.stack_used} of {costs.stack} bytes were in use")
    if costs.instructions is None:
        console.print(costs.note)
        return
    console.print(
        f"a step: {costs.instructions:,.0f} instructions, {costs.most_instructions:,} at most "
        f"(counted in unicorn over {costs.steps} steps)"
    )
    if costs.milliseconds is not None and costs.clock is not None:
        console.print(
            f"estimate at {costs.clock / 1e6:g} MHz, one instruction a cycle: "
            f"{costs.milliseconds:.3g} ms a step"
            + (f", {costs.microjoules:.3g} µJ" if costs.microjoules is not None else "")
        )


command = export
