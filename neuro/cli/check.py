"""``neuro check``: what will not run, or will be changed, before anything runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from neuro.cli.console import NO, out, print_findings, print_json, readable_errors
from neuro.cli.flags import backend_options
from neuro.cli.options import JsonOption, Model, ProtocolOption, SetOption, load_experiment
from neuro.simulation.check import check as check_network


@readable_errors
def check(
    ctx: typer.Context,
    model: Model,
    target: Annotated[str, typer.Option("--target", "-t", help="Backend to check for.")] = "auto",
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    json: JsonOption = False,
) -> None:
    """List everything that keeps MODEL from running on a target; exit code 1 if something does."""
    experiment = load_experiment(model, protocol, set_, steps=0)
    options = backend_options(ctx, target)
    findings = check_network(experiment.network, target, options=options)
    runs = not any(finding.severity == "error" for finding in findings)
    if json:
        print_json({"runs": runs, "findings": [asdict(finding) for finding in findings]})
    else:
        print_findings(findings)
        verdict = "runs" if runs else "does not run"
        out.print(f"{experiment.network.name} {verdict} on {target}.")
    if not runs:
        raise typer.Exit(NO)


command = check
