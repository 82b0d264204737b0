"""``neuro check``: what will not run, or will be changed, before anything runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from neuro.cli.console import NO, out, print_findings, print_json, readable_errors
from neuro.cli.flags import backend_options
from neuro.cli.options import (
    DtOption,
    JsonOption,
    Model,
    NIROptions,
    ProfileOption,
    ProtocolOption,
    ResetOption,
    SetOption,
    load_experiment,
)
from neuro.cli.space import SPACE, target_of
from neuro.simulation.check import check as check_network


@readable_errors
def check(
    ctx: typer.Context,
    model: Model,
    target: Annotated[str, typer.Option("--target", "-t", help="Backend to check for.")] = "auto",
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    profile: ProfileOption = None,
    dt: DtOption = None,
    reset: ResetOption = None,
    board: Annotated[
        str | None,
        typer.Option("--board", "-B", help="Board, or a board file; implies its --target."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List everything that keeps MODEL from running on a target; exit code 1 if something does."""
    experiment = load_experiment(model, protocol, set_, 0, NIROptions(profile, dt, reset))
    network = experiment.network
    if board is not None and target == "auto":
        target = target_of(board)
    options = backend_options(ctx, target) | ({"board": board} if board is not None else {})
    findings = [*experiment.findings, *check_network(network, target, options=options)]
    runs = not any(finding.severity == "error" for finding in findings)
    space = SPACE[target](network, options, experiment.inputs) if target in SPACE else None
    if json:
        found: dict[str, Any] = {"runs": runs, "findings": [asdict(f) for f in findings]}
        print_json(found if space is None else found | {space.key: space.tree})
    else:
        if space is not None:
            space.show()
        print_findings(findings)
        verdict = "runs" if runs else "does not run"
        out.print(f"{network.name} {verdict} on {board or target}.")
    if not runs:
        raise typer.Exit(NO)


command = check
