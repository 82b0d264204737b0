"""Train the language model, the same without astrocytes, and an LSTM, and print bits per character.

    python compare.py --data corpus.txt --out lm-runs

A run that was stopped goes on where it was; finished ones are not done again.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuro.errors import TrainingError
from neuro.models.astro_lm import AstroLM
from neuro.models.astro_lm_run import save_lm
from neuro.models.astro_lm_training import task_of
from neuro.recording.plot_style import COLOURS, new_axes, save_figure, style
from neuro.training.compare import mean_and_spread, run_once
from neuro.training.loop import Trained
from neuro.training.task import Task

HERE = Path(__file__).parent
KINDS = {
    "astro": "spiking, with astrocytes",
    "plain": "spiking, without astrocytes",
    "lstm": "LSTM",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("lm-runs"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    for seed in range(given.seeds):
        for kind in KINDS:
            try:
                rows.append(run(kind, seed, given.data, given.out / f"{kind}-{seed}"))
            except TrainingError as error:
                raise SystemExit(str(error)) from error
            text = json.dumps(rows, indent=1) + "\n"
            (given.out / "results.json").write_text(text, encoding="utf-8")
    print(table(rows))
    draw(rows, given.out / "bits.png")


def run(kind: str, seed: int, data: Path, folder: Path) -> dict[str, Any]:
    """Train one model, or read what an earlier run found."""

    def task() -> Task:
        spec = tomllib.loads((HERE / "model.toml").read_text(encoding="utf-8"))
        settings = {**spec["training"]["settings"], "kind": kind, "seed": seed}
        return task_of({"data": str(data)}, settings)

    def row(task: Task, trained: Trained) -> dict[str, Any]:
        if isinstance(task.module, AstroLM):
            save_lm(folder / "weights.npz", task.module)
        return {
            "seed": seed,
            "test": trained.test_score,
            "validation": [epoch["validation_bits_per_character"] for epoch in trained.history],
            "rates": trained.history[-1]["rates"],
        }

    return run_once(folder, task, row, say=lambda line: print(line, flush=True))


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| model | trained values | validation | test |", "|---|---|---|---|"]
    for kind, name in KINDS.items():
        own = [row for row in rows if row["kind"] == kind]
        test = mean_and_spread([row["test"] for row in own], 3)
        validation = mean_and_spread([min(row["validation"]) for row in own], 3)
        lines.append(f"| {name} | {own[0]['trained_values']:,} | {validation} | {test} |")
    return "\n".join(lines)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    with style():
        ax = new_axes(None)
        for place, (kind, name) in enumerate(KINDS.items()):
            found = [row["test"] for row in rows if row["kind"] == kind]
            ax.plot([place] * len(found), found, "o", color=COLOURS[place], label=name)
            ax.plot([place - 0.15, place + 0.15], [np.mean(found)] * 2, color="0.2")
        ax.set_xlim(-0.5, len(KINDS) - 0.5)
        ax.set_xticks(range(len(KINDS)), list(KINDS.values()))
        ax.set_ylabel("bits per character, test")
        save_figure(ax, path)


if __name__ == "__main__":
    main()
