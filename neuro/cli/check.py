"""``neuro check``: what will not run, or will be changed, before anything runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro.cli.console import NO, out, print_findings, print_json, print_table, readable_errors
from neuro.cli.flags import backend_options
from neuro.cli.options import JsonOption, Model, ProtocolOption, SetOption, load_experiment
from neuro.ir.network import Network
from neuro.simulation.check import check as check_network

if TYPE_CHECKING:
    from neuro.deploy.predict import Prediction


@readable_errors
def check(
    ctx: typer.Context,
    model: Model,
    target: Annotated[str, typer.Option("--target", "-t", help="Backend to check for.")] = "auto",
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    board: Annotated[
        str | None,
        typer.Option("--board", "-B", help="Board, or a board file; implies --target cortex-m."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List everything that keeps MODEL from running on a target; exit code 1 if something does."""
    network = load_experiment(model, protocol, set_, steps=0).network
    if board is not None and target == "auto":
        target = "cortex-m"
    options = backend_options(ctx, target) | ({"board": board} if board is not None else {})
    findings = check_network(network, target, options=options)
    runs = not any(finding.severity == "error" for finding in findings)
    memory = _predict(network, options) if target == "cortex-m" else None
    if json:
        found: dict[str, Any] = {"runs": runs, "findings": [asdict(f) for f in findings]}
        print_json(found if memory is None else found | {"memory": memory.as_dict()})
    else:
        if memory is not None:
            _print_memory(memory)
        print_findings(findings)
        verdict = "runs" if runs else "does not run"
        out.print(f"{network.name} {verdict} on {board or target}.")
    if not runs:
        raise typer.Exit(NO)


def _predict(network: Network, options: dict[str, Any]) -> Prediction | None:
    """What `network` will take on a board, if that can be said."""
    from neuro.deploy.backend import CortexMOptions
    from neuro.deploy.board import load_board
    from neuro.deploy.fits import predict_network
    from neuro.simulation.choose import choose_seed

    chosen = CortexMOptions(**options)
    return predict_network(
        network,
        load_board(chosen.board),
        seed=choose_seed(network, None),
        optimise=chosen.optimise,
    )


def _print_memory(memory: Prediction) -> None:
    rows = [(part.name, f"{part.flash:,}", f"{part.ram:,}") for part in memory.parts]
    rows.append(("all", f"{memory.flash:,}", f"{memory.ram:,}"))
    rows.append((memory.board, f"{memory.flash_size:,}", f"{memory.ram_size:,}"))
    title = f"Bytes on {memory.board} with {memory.optimise}, predicted"
    print_table(title, ("part", "flash", "RAM"), rows)
    out.print(
        f"code is an estimate of GCC's, ±{memory.error:.0%} of {memory.code:,} bytes; "
        "all else is exact"
    )


command = check
