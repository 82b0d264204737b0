"""``neuro bench training``: training steps of neuro and of other frameworks."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path

from neuro.bench.training import OURS, TARGETS, Workload, bench_training
from neuro.cli.console import out, print_json, print_table
from neuro.files import write_text
from neuro.simulation.progress import progress_of

COLUMNS = ("framework", "forward", "ratio", "forward + backward", "ratio", "memory")


def bench_training_steps(
    repeat: int, threads: int, device: str, save: Path | None, *, json: bool
) -> None:
    """Run, print and keep."""
    found = []
    with progress_of(None if json else "auto", "bench training") as progress:
        progress(0, len(TARGETS))
        for workload in bench_training(repeat=repeat, threads=threads, device=device):
            found.append(workload)
            progress(len(found), len(TARGETS))
    data = [{**asdict(workload), "gain": workload.gain} for workload in found]
    if save is not None:
        write_text(save, json_module.dumps(data, indent=1) + "\n")
    if json:
        print_json(data)
        return
    for workload in found:
        _print(workload)
    runs = "one run" if repeat == 1 else f"medians of {repeat} runs"
    kind = "processor" if device == "cpu" else "wall"
    out.print(f"[dim]{runs}, {threads} thread(s), {kind} time; above 1: ours is faster.[/]")


def _print(workload: Workload) -> None:
    title = f"{workload.name} ({workload.device})"
    print_table(title, COLUMNS, [_row(workload, name) for name in workload.times])
    if workload.gain is not None:
        wanted = TARGETS[workload.name]
        word = "met" if workload.gain >= wanted else "missed"
        out.print(f"{workload.gain:.1f} times as fast as the fastest; target {wanted:g}: {word}.")
    if workload.gradients_apart is not None:
        out.print(f"Gradients differ from a loop's by {workload.gradients_apart:.1e} at most.")
    if workload.missing:
        out.print(f"Not installed: {', '.join(workload.missing)}.")
    out.print()


def _row(workload: Workload, name: str) -> tuple[str, ...]:
    kinds = ("forward", "train")
    seconds = [f"{1000 * workload.seconds(name, kind):,.0f} ms" for kind in kinds]
    ratios = ["" if name == OURS else f"{workload.ratio(name, kind):.1f}" for kind in kinds]
    memory = f"{workload.times[name]['memory']:,.0f} MB"
    return (name, seconds[0], ratios[0], seconds[1], ratios[1], memory)
