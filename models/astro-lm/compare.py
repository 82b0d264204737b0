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

from neuro.models.astro_lm import AstroLM
from neuro.models.astro_lm_run import save_lm
from neuro.models.astro_lm_training import task_of
from neuro.recording.plot_style import COLOURS, new_axes, save_figure, style
from neuro.training.loop import CHECKPOINT, Trainer

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
            rows.append(run(kind, seed, given.data, given.out / f"{kind}-{seed}"))
            text = json.dumps(rows, indent=1) + "\n"
            (given.out / "results.json").write_text(text, encoding="utf-8")
    print(table(rows))
    draw(rows, given.out / "bits.png")


def run(kind: str, seed: int, data: Path, folder: Path) -> dict[str, Any]:
    """Train one model, or read what an earlier run found."""
    done = folder / "summary.json"
    if done.is_file():
        return json.loads(done.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    spec = tomllib.loads((HERE / "model.toml").read_text(encoding="utf-8"))
    settings = {**spec["training"]["settings"], "kind": kind, "seed": seed}
    task = task_of({"data": str(data)}, settings)
    resume = (folder / CHECKPOINT).is_file()
    trained = Trainer(task, folder, resume=resume, on_epoch=lambda row: say(kind, seed, row)).run()
    if trained.interrupted:
        raise SystemExit("interrupted; the same command goes on.")
    row = {
        **task.facts,
        "seed": seed,
        "test": trained.test_score,
        "validation": [epoch["validation_bits_per_character"] for epoch in trained.history],
        "rates": trained.history[-1]["rates"],
        "seconds": sum(epoch["seconds"] for epoch in trained.history),
    }
    if isinstance(task.module, AstroLM):
        save_lm(folder / "weights.npz", task.module)
    done.write_text(json.dumps(row), encoding="utf-8")
    return row


def say(kind: str, seed: int, row: dict[str, Any]) -> None:
    print(
        f"{kind} {seed}: epoch {row['epoch'] + 1}, bits per character "
        f"{row['bits_per_character']:.3f}, validation {row['validation_bits_per_character']:.3f} "
        f"({row['seconds']:.0f} s)",
        flush=True,
    )


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| model | trained values | validation | test |", "|---|---|---|---|"]
    for kind, name in KINDS.items():
        own = [row for row in rows if row["kind"] == kind]
        test = _text([row["test"] for row in own])
        validation = _text([min(row["validation"]) for row in own])
        lines.append(f"| {name} | {own[0]['trained_values']:,} | {validation} | {test} |")
    return "\n".join(lines)


def _text(values: list[float]) -> str:
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.3f} ± {spread:.3f}"


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
