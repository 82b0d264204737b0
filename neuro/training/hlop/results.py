"""What a continual run leaves: a log, a summary with ACC and BWT, a figure, and the network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuro.errors import UnsupportedError
from neuro.files import write_text
from neuro.formats.network_file import save_network
from neuro.recording.plot_style import COLOURS, save_figure, style
from neuro.training.files import NETWORK, SUMMARY
from neuro.training.hlop.export import to_network
from neuro.training.hlop.run import ContinualRun
from neuro.training.hlop.scores import Matrix, average_accuracy, backward_transfer

FIGURE = "accuracies.png"


def write_run(folder: Path, run: ContinualRun) -> dict[str, Any]:
    """Summary, figure and network of a run that is done; returns the summary."""
    matrix = run.progress.matrix
    summary: dict[str, Any] = {
        **scores(matrix),
        "method": run.settings.method,
        "rule": run.settings.rule,
        "feedback": run.settings.feedback,
        "seed": run.settings.seed,
        "seconds": round(run.progress.seconds, 1),
        "rows": [layer.lateral.rows for layer in run.layers.projected],
        "matrix": matrix,
    }
    if run.settings.method == "ewc":
        summary |= {"strength": run.progress.strength, "tried": run.progress.tried}
    try:
        image = run.stream.batch(run.stream.numbers(0, "test")[:1], "test")[0][0].numpy()
        save_network(to_network(run.layers, run.rule, image=image), folder / NETWORK)
        summary["network"] = str(folder / NETWORK)
    except UnsupportedError as error:
        summary["network"] = str(error)
    write_json(folder / SUMMARY, summary)
    draw(folder / FIGURE, {run.settings.method: matrix})
    return summary


def scores(matrix: Matrix) -> dict[str, float | None]:
    """ACC and BWT in percent."""
    transfer = backward_transfer(matrix)
    return {
        "ACC": round(100 * average_accuracy(matrix), 3),
        "BWT": None if transfer is None else round(100 * transfer, 3),
    }


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """`content` as readable JSON."""
    return write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def draw(path: Path, matrices: Mapping[str, Matrix]) -> Path:
    """Each method's matrix as a map, and the accuracy of each task over time below."""
    import matplotlib.pyplot as plt

    with style():
        figure, axes = plt.subplots(
            2,
            len(matrices),
            figsize=(max(4.2, 3.0 * len(matrices)), 5.2),
            layout="constrained",
            squeeze=False,
            sharey="row",
        )
        low = min(min(row) for matrix in matrices.values() for row in matrix)
        floor = 100 * max(0.0, low - 0.02)
        shown: Any = None
        for column, (name, matrix) in enumerate(matrices.items()):
            shown = _draw_map(axes[0, column], name, matrix, floor)
            _draw_lines(axes[1, column], matrix, floor)
        axes[0, 0].set_ylabel("after task")
        axes[1, 0].set_ylabel("test accuracy, %")
        figure.colorbar(shown, ax=list(axes[0]), label="test accuracy, %")
        return save_figure(axes[0, 0], path)


def _draw_map(ax: Any, name: str, matrix: Matrix, floor: float) -> Any:
    tasks = len(matrix[-1])
    values = np.full((tasks, tasks), np.nan)
    for t, row in enumerate(matrix):
        values[tasks - len(matrix) + t, : len(row)] = 100 * np.asarray(row)
    extent = (0.5, tasks + 0.5, tasks + 0.5, 0.5)
    shown = ax.imshow(values, vmin=floor, vmax=100, cmap="viridis", extent=extent)
    found = scores(matrix)
    transfer = "" if found["BWT"] is None else f", BWT {found['BWT']:.2f}"
    ax.set_title(f"{name}: ACC {found['ACC']:.2f}{transfer}")
    ax.set_xlabel("task")
    return shown


def _draw_lines(ax: Any, matrix: Matrix, floor: float) -> None:
    tasks = len(matrix[-1])
    for task in range(tasks):
        points: Sequence[tuple[int, float]] = [
            (tasks - len(matrix) + t + 1, 100 * row[task])
            for t, row in enumerate(matrix)
            if task < len(row)
        ]
        colour = COLOURS[task % len(COLOURS)]
        ax.plot(*zip(*points, strict=True), color=colour, marker=".", markersize=4)
    ax.set_ylim(floor, 100)
    ax.set_xlim(0.5, tasks + 0.5)
    ax.set_xlabel("after task")
