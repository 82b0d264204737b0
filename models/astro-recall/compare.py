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

from neuro.formats.network_file import save_network
from neuro.models.astro_recall import DELAYS
from neuro.models.astro_recall_training import by_delay
from neuro.models.spec import load_model
from neuro.recording.plot_style import COLOURS, new_axes, save_figure, style
from neuro.training.loop import CHECKPOINT, Trainer

HERE = Path(__file__).parent
UNITS = {
    "astro": "modulated by astrocytes",
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
    rows = [
        run(unit, seed, given.out / f"{unit}-{seed}", given.trials)
        for seed in range(given.seeds)
        for unit in UNITS
    ]
    (given.out / "results.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    draw(rows, given.out / "recall.png")


def run(unit: str, seed: int, folder: Path, trials: int) -> dict[str, Any]:
    """Train one network, or read what an earlier run found."""
    done = folder / "by_delay.json"
    if done.is_file():
        return json.loads(done.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    task = load_model(str(HERE)).task({"unit": unit, "seed": seed})
    resume = (folder / CHECKPOINT).is_file()
    trained = Trainer(task, folder, resume=resume, on_epoch=lambda row: say(unit, seed, row)).run()
    if trained.interrupted:
        raise SystemExit("interrupted; the same command goes on.")
    row = {
        **task.facts,
        "seed": seed,
        "accuracy": by_delay(task.module, trials, seed + 1000),
        "seconds": sum(epoch["seconds"] for epoch in trained.history),
    }
    save_network(task.module.to_network(), folder / "network.h5")
    done.write_text(json.dumps(row), encoding="utf-8")
    return json.loads(done.read_text(encoding="utf-8"))


def say(unit: str, seed: int, row: dict[str, Any]) -> None:
    print(
        f"{unit} {seed}: epoch {row['epoch'] + 1}, loss {row['loss']:.3f}, "
        f"bits right {100 * row['validation_accuracy']:.1f} % ({row['seconds']:.0f} s)",
        flush=True,
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
        found = accuracies(rows, unit)
        spread = found.std(0, ddof=1) if len(found) > 1 else np.zeros(len(DELAYS))
        cells = [f"{mean:.1f} ± {sd:.1f}" for mean, sd in zip(found.mean(0), spread, strict=True)]
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
        ax.legend(loc=(0.03, 0.13))
        save_figure(ax, path)


if __name__ == "__main__":
    main()
