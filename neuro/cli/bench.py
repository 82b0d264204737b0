"""``neuro bench``: we and our peers, side by side."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from neuro.bench.peers import SIMULATORS, Measurement, PeerMissing, measure, missing
from neuro.bench.table import COLUMNS, cells, rows
from neuro.cli.console import NO, err, out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.errors import ParameterError, suggestion
from neuro.files import write_text
from neuro.simulation.progress import progress_of

WORKLOADS = ("cuba-4k", "cuba-40k", "coba-4k", "brunel-stdp", "large-stdp")


@readable_errors
def bench(
    workload: Annotated[
        list[str] | None, typer.Argument(metavar="[WORKLOAD]...", help="Which; by default all.")
    ] = None,
    on: Annotated[str, typer.Option("--on", help="Simulators, separated by commas.")] = ",".join(
        SIMULATORS
    ),
    repeat: Annotated[int, typer.Option("--repeat", "-r", help="Runs of each; medians count.")] = 3,
    threads: Annotated[int, typer.Option(help="Threads of each simulator.")] = 1,
    quick: Annotated[bool, typer.Option(help="Small networks, once each.")] = False,
    save: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write all measurements.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run the workloads on neuro and its peers in turn, and print medians and ratios."""
    chosen = _known(workload or list(WORKLOADS), WORKLOADS, "workload")
    simulators = _available(_known(on.split(","), SIMULATORS, "simulator"))
    times = 1 if quick else repeat
    found: dict[str, dict[str, list[Measurement]]] = {}
    total, done = len(chosen) * len(simulators) * times, 0
    with progress_of(None if json else "auto", "bench") as report:
        for name in chosen:
            found[name] = {simulator: [] for simulator in simulators}
            for run in range(times):
                for simulator in simulators:
                    try:
                        taken = measure(simulator, name, seed=run + 1, threads=threads, quick=quick)
                        found[name][simulator].append(taken)
                    except PeerMissing as problem:
                        err.print(f"[yellow]{problem}[/]")
                    done += 1
                    report(done, total)
    agree = all(row.agrees for results in found.values() for row in rows(results))
    data = {n: {s: [asdict(m) for m in ms] for s, ms in r.items()} for n, r in found.items()}
    if save is not None:
        write_text(save, json_module.dumps(data, indent=1))
    if json:
        print_json(data)
    else:
        _print(found, times, threads)
    if not agree:
        err.print("[red]firing rates differ; see the table[/]")
        raise typer.Exit(NO)


def _print(found: dict[str, dict[str, list[Measurement]]], times: int, threads: int) -> None:
    for name, results in found.items():
        lines = [cells(row, SIMULATORS[row.simulator]) for row in rows(results)]
        print_table(name, COLUMNS, lines)
        out.print()
    runs = "one run" if times == 1 else f"medians of {times} runs"
    out.print(
        f"[dim]{runs}, {threads} thread{'s' if threads > 1 else ''}; above 1: ours is faster.[/]"
    )


def _known(names: list[str], known: object, kind: str) -> list[str]:
    options = list(known)  # type: ignore[call-overload]
    for name in names:
        if name not in options:
            raise ParameterError(f"there is no {kind} {name!r}.", hint=suggestion(name, options))
    return names


def _available(simulators: list[str]) -> list[str]:
    """Those that can be run here; says why the others cannot."""
    result = []
    for name in simulators:
        problem = missing(name)
        if problem:
            err.print(f"[yellow]{SIMULATORS[name]}: {problem}[/]")
        else:
            result.append(name)
    return result


command = bench
