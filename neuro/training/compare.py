"""Several trainings side by side: each is done once, and means and spreads are printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuro.errors import TrainingError
from neuro.files import write_text
from neuro.training.loop import CHECKPOINT, Trained, Trainer
from neuro.training.task import Task

NOTED = "row.json"
"""What a finished training came to."""


def run_once(
    folder: Path,
    task: Callable[[], Task],
    row: Callable[[Task, Trained], dict[str, Any]],
    *,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Train a task, or read what an earlier call came to; one that was stopped goes on.

    Parameters
    ----------
    folder
        For the checkpoint and the row; made if it is missing.
    task
        Makes the task.
    row
        What to note of a finished training; it can be written as JSON.  The facts of the task and the
        seconds that it took are added.
    say
        Told a line after each epoch.

    Raises
    ------
    TrainingError
        If Ctrl-C stopped it.
    """
    noted = folder / NOTED
    if noted.is_file():
        return _read(noted)
    folder.mkdir(parents=True, exist_ok=True)
    made = task()
    trained = Trainer(
        made,
        folder,
        resume=(folder / CHECKPOINT).is_file(),
        on_epoch=lambda epoch: say(f"{folder.name}: {made.line(epoch)}"),
    ).run()
    if trained.interrupted:
        raise TrainingError("was interrupted.", where=str(folder), hint="The same command goes on.")
    seconds = sum(epoch["seconds"] for epoch in trained.history)
    found = {**made.facts, **row(made, trained), "seconds": seconds}
    write_text(noted, json.dumps(found, indent=1) + "\n")
    return _read(noted)


def _read(path: Path) -> dict[str, Any]:
    """As JSON has it: keys are texts."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def mean_and_spread(values: Sequence[float], digits: int) -> str:
    """The mean, and the standard deviation of a sample: ``"97.2 ± 2.8"``."""
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.{digits}f} ± {spread:.{digits}f}"
