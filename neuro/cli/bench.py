"""``neuro bench``: we and our peers, side by side."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from neuro.bench.peers import SIMULATORS, WORKLOADS
from neuro.bench.suite import Outcome, run_suite
from neuro.bench.table import COLUMNS, cells
from neuro.cli.bench_training import bench_training_steps
from neuro.cli.console import NO, err, out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.errors import ParameterError, unknown_name
from neuro.files import write_text
from neuro.simulation.progress import progress_of


@readable_errors
def bench(
    workload: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKLOAD]...",
            help=f"By default all: {', '.join(WORKLOADS)}. Or mcu, costs on a microcontroller; or training, against other frameworks of torch.",
        ),
    ] = None,
    on: Annotated[str, typer.Option("--on", help="Simulators, separated by commas.")] = ",".join(
        SIMULATORS
    ),
    repeat: Annotated[
        int, typer.Option("--repeat", "-r", min=1, help="Runs of each; medians count.")
    ] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each simulator.")] = 1,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="Seed of the first run.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="Small networks, once each.")] = False,
    limit: Annotated[
        Path | None, typer.Option(help="Folder of the hand-written C programs; or $NEURO_LIMIT.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write all measurements (.json).")
    ] = None,
    board: Annotated[str, typer.Option(help="Board of mcu.")] = "stm32f405",
    device: Annotated[str, typer.Option(help="Device of training: cpu or cuda.")] = "cpu",
    json: JsonOption = False,
) -> None:
    """Run workloads on neuro and its peers in turn; print medians and ratios.

    The exit code is 1 if firing rates differ or one of our engines fails.
    """
    if workload == ["mcu"]:
        _bench_mcu(board, json=json)
        return
    if workload == ["training"]:
        bench_training_steps(1 if quick else repeat, threads, device, save, json=json)
        return
    chosen = _known(workload or WORKLOADS, WORKLOADS, "workload")
    simulators = _known((name.strip() for name in on.split(",")), SIMULATORS, "simulator")
    _set_limit(limit)
    times = 1 if quick else repeat
    with progress_of(None if json else "auto", "bench") as progress:
        outcome = run_suite(
            chosen,
            simulators,
            times=times,
            seed=seed,
            threads=threads,
            quick=quick,
            progress=progress,
        )
    if save is not None:
        write_text(save, json_module.dumps(outcome.data(), indent=1))
    _show(outcome, times, threads, quick=quick, json=json)
    if not outcome.passed:
        raise typer.Exit(NO)


def _show(outcome: Outcome, times: int, threads: int, *, quick: bool, json: bool) -> None:
    if json:
        print_json(outcome.data())
    else:
        _print(outcome, times, threads, quick=quick)
    if not outcome.agree:
        err.print("[red]firing rates differ; see the table[/]")


def _bench_mcu(board: str, *, json: bool) -> None:
    """Print what events, cells and programs cost on a microcontroller."""
    from dataclasses import asdict

    from neuro.deploy.board import load_board
    from neuro.deploy.mcu_bench import measure_costs
    from neuro.deploy.mcu_classifier import classifier_costs
    from neuro.models import CA3Memory
    from neuro.models.digits import typed_digit
    from neuro.models.mnist_lif import STEPS, MnistLIF
    from neuro.passes.quantise import quantise

    chosen, classifier = load_board(board), MnistLIF()
    images = [classifier.inputs(typed_digit(digit)) for digit in range(10)]
    network = quantise(classifier.network, steps=STEPS, inputs=images[3], weight_bits=8).network
    costs = measure_costs(chosen, CA3Memory(5, 10).network)
    costs += classifier_costs(chosen, network, images, STEPS)
    if json:
        print_json([asdict(cost) | {"met": cost.met} for cost in costs])
        return
    words = {None: "", True: "met", False: "missed"}
    rows = [
        (
            cost.what,
            f"{cost.value:,.1f} {cost.unit}",
            "" if cost.target is None else f"{cost.target:g}",
            words[cost.met],
        )
        for cost in costs
    ]
    print_table(f"{board}, counted in unicorn", ("what", "cost", "at most", ""), rows)


def _known(names: Iterable[str], known: Iterable[str], kind: str) -> list[str]:
    chosen, options = list(names), list(known)
    for name in chosen:
        if name not in options:
            raise unknown_name(name, options, kind=kind, where="bench")
    return chosen


def _set_limit(limit: Path | None) -> None:
    """Let the scripts, which are processes of their own, find the C programs."""
    if limit is None:
        return
    if not (limit / "cuba.c").is_file():
        raise ParameterError(
            f"{limit} does not hold cuba.c.",
            where="--limit",
            hint="Give the folder of the hand-written C programs, or leave them out with --on.",
        )
    os.environ["NEURO_LIMIT"] = str(limit.resolve())


def _print(outcome: Outcome, times: int, threads: int, *, quick: bool) -> None:
    for name in outcome.results:
        rows = outcome.table(name)
        width = len(COLUMNS) if any(row.operations_per_second for row in rows) else -1
        lines = [cells(row, SIMULATORS[row.simulator])[:width] for row in rows]
        print_table(f"{name} (small)" if quick else name, COLUMNS[:width], lines)
        for simulator, problem in outcome.failed.get(name, {}).items():
            err.print(f"[yellow]{SIMULATORS[simulator]}: {escape(problem)}[/]")
        out.print()
    for simulator, problem in outcome.missing.items():
        out.print(f"{SIMULATORS[simulator]}: {escape(problem)}")
    runs = "one run" if times == 1 else f"medians of {times} runs"
    plural = "s" if threads > 1 else ""
    out.print(f"[dim]{runs}, {threads} thread{plural}; above 1: ours is faster.[/]")


command = bench
