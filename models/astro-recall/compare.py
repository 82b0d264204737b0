"""Train every network of delayed recall with several seeds, and print accuracy by delay.

    python compare.py --out recall-runs

A run that was stopped goes on where it was; finished ones are not done again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuro.errors import TrainingError
from neuro.formats.network_file import save_network
from neuro.models.astro_recall import DELAYS
from neuro.models.astro_recall_training import by_delay
from neuro.models.spec import load_model
from neuro.recording.plot_style import COLOURS, new_axes, save_figure, style
from neuro.training.compare import mean_and_spread, run_once
from neuro.training.loop import Trained
from neuro.training.task import Task

HERE = Path(__file__).parent
UNITS = {
    "astro": "modulated by astrocytes",
    "astro-linear": "the same, linear response",
    "alif": "adaptive LIF, 1,500 ms",
    "alif-200": "adaptive LIF, 200 ms",
    "lif": "LIF",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("recall-runs"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    try:
        rows = [
            run(unit, seed, given.out / f"{unit}-{seed}", given.trials)
            for seed in range(given.seeds)
            for unit in UNITS
        ]
    except TrainingError as error:
        raise SystemExit(str(error)) from error
    (given.out / "results.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    draw(rows, given.out / "recall.png")


def run(unit: str, seed: int, folder: Path, trials: int) -> dict[str, Any]:
    """Train one network, or read what an earlier run found."""

    def row(task: Task, trained: Trained) -> dict[str, Any]:
        save_network(task.module.to_network(), folder / "network.h5")
        return {"seed": seed, "accuracy": by_delay(task.module, trials, seed + 1000)}

    return run_once(
        folder,
        lambda: load_model(str(HERE)).task({"unit": unit, "seed": seed}),
        row,
        say=lambda line: print(line, flush=True),
    )


def accuracies(rows: list[dict[str, Any]], unit: str) -> np.ndarray:
    """Percent, shape (seeds, delays)."""
    return 100 * np.array(
        [[row["accuracy"][str(d)] for d in DELAYS] for row in rows if row["unit"] == unit]
    )


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| network | neurons | trained values | " + " | ".join(f"{d} steps" for d in DELAYS) + " |"
    ]
    lines.append("|---|---|---|" + "---|" * len(DELAYS))
    for unit, name in UNITS.items():
        own = next(row for row in rows if row["unit"] == unit)
        cells = [mean_and_spread(of_delay, 1) for of_delay in accuracies(rows, unit).T]
        lines.append(
            f"| {name} | {own['neurons']} | {own['trained_values']:,} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    with style():
        ax = new_axes(None)
        for colour, (unit, name) in zip(COLOURS, UNITS.items(), strict=False):
            found = accuracies(rows, unit)
            ax.plot(DELAYS, found.T, ".", color=colour, alpha=0.4)
            ax.plot(DELAYS, found.mean(0), "-", color=colour, label=name)
        ax.axhline(50, color="0.6", linewidth=0.8, linestyle=":")
        ax.set_xscale("log")
        ax.set_xticks(DELAYS, [str(d) for d in DELAYS])
        ax.minorticks_off()
        ax.set_xlabel("delay, steps of 1 ms")
        ax.set_ylabel("bits recalled, %")
        ax.set_ylim(45, 102)
        ax.legend(loc=(0.45, 0.42))
        save_figure(ax, path)


if __name__ == "__main__":
    main()
