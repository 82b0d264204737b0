"""What a run of training leaves: a line of JSON an epoch, figures, and the trained network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neuro.files import write_text
from neuro.formats.network_file import save_network
from neuro.recording.plot_style import COLOURS, new_axes, save_figure, style
from neuro.training.loop import Trained
from neuro.training.measures import Measure
from neuro.training.task import Task

LOG, CURVES, NETWORK, SUMMARY = "log.jsonl", "curves.png", "network.h5", "summary.json"


def write_log(folder: Path, history: list[dict[str, Any]]) -> Path:
    """One line of JSON an epoch."""
    lines = "".join(json.dumps(row, sort_keys=True) + "\n" for row in history)
    return write_text(folder / LOG, lines)


def write_results(folder: Path, task: Task, trained: Trained) -> dict[str, Any]:
    """The network of the best epoch, the curves, and a summary, which is returned."""
    summary = {
        "task": task.name,
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch,
        f"validation_{task.measure.name}": trained.best_score,
        f"test_{task.measure.name}": trained.test_score,
        "interrupted": trained.interrupted,
        "network": str(folder / NETWORK),
        **task.facts,
        **({} if trained.interrupted else task.closing()),
    }
    save_network(task.module.to_network(), folder / NETWORK)
    write_log(folder, trained.history)
    if trained.history:
        draw_curves(folder / CURVES, trained.history, task.measure)
    write_text(folder / SUMMARY, json.dumps(summary, indent=2, sort_keys=True) + "\n")
    return summary


def draw_curves(path: Path, history: list[dict[str, Any]], measure: Measure) -> Path:
    """Loss and measure by epoch."""
    epochs = [row["epoch"] + 1 for row in history]
    with style():
        ax = new_axes(None)
        ax.plot(epochs, [row["loss"] for row in history], color=COLOURS[0], marker=".")
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss", color=COLOURS[0])
        ax.set_ylim(bottom=0)
        right = ax.twinx()
        for key, label, line in (
            (measure.name, "training", "--"),
            (f"validation_{measure.name}", "validation", "-"),
        ):
            values = [(100 if measure.percent else 1) * row[key] for row in history]
            right.plot(epochs, values, line, color=COLOURS[1], label=label, marker=".")
        unit = ", %" if measure.percent else ""
        right.set_ylabel(measure.name.replace("_", " ") + unit, color=COLOURS[1])
        right.spines["right"].set_visible(True)
        right.legend(loc="center right")
        return save_figure(ax, path)
