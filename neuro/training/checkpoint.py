"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from neuro.errors import FileFormatError, ParameterError, first_line
from neuro.files import replacing
from neuro.training.task import Task
from neuro.version import __version__

FORMAT = 2


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where a run is.

    Attributes
    ----------
    epoch, batch
        The next batch to be done.
    losses, seen, measured, counted
        Sums over this epoch so far: losses times samples, samples, and those of the measure.
    history
        One row an epoch.
    best_score, best_epoch
        The best validation score so far, and when.
    """

    epoch: int = 0
    batch: int = 0
    losses: float = 0.0
    seen: int = 0
    measured: float = 0.0
    counted: int = 0
    history: list[dict[str, Any]]
    best_score: float
    best_epoch: int = -1


def save_checkpoint(
    path: Path,
    task: Task,
    progress: Progress,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Any],
) -> None:
    """Write a checkpoint, whole or not at all.

    Raises
    ------
    StorageError
        If it cannot be written; the one before is still there.
    """
    content = {
        "format": FORMAT,
        "neuro": __version__,
        "model": task.module.fingerprint,
        "settings": asdict(task.settings),
        "progress": asdict(progress),
        "values": task.module.state_dict(),
        "optimiser": optimiser.state_dict(),
        "best": best,
    }
    with replacing(path) as beside:
        torch.save(content, beside)


def load_checkpoint(
    path: Path, task: Task, optimiser: torch.optim.Optimizer
) -> tuple[Progress, dict[str, Any]]:
    """Go back to a checkpoint: sets the task's values and the optimiser.

    Raises
    ------
    FileFormatError
        If there is none, or it is damaged or of another version.
    ParameterError
        If it is of another network, or of other settings.
    """
    content = read_checkpoint(path)
    where = str(path)
    if content.get("format") != FORMAT:
        raise FileFormatError(
            f"has format {content.get('format')}; this is neuro {__version__}, which reads {FORMAT}.",
            where=where,
            hint="Start anew without --resume.",
        )
    if content["model"] != task.module.fingerprint:
        raise ParameterError(
            "is a checkpoint of another network, or of other trained values.",
            where=where,
            hint="Give the model and settings that it was made with, or another folder.",
        )
    _compare(content["settings"], asdict(task.settings), where)
    task.module.load_state_dict(content["values"])
    optimiser.load_state_dict(content["optimiser"])
    return Progress(**content["progress"]), content["best"]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds.

    Raises
    ------
    FileFormatError
        If there is none, or it is damaged.
    """
    try:
        content = torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise FileFormatError(
            "there is no checkpoint.", where=str(path), hint="Start without --resume."
        ) from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        raise FileFormatError(
            f"is damaged: {first_line(error)}.",
            where=str(path),
            hint="Start anew without --resume.",
        ) from error
    if not isinstance(content, dict):
        raise FileFormatError("is no checkpoint of neuro.", where=str(path))
    return content


def _compare(saved: dict[str, Any], given: dict[str, Any], where: str) -> None:
    """More epochs and patience are welcome; the rest must be as it was."""
    free = {"epochs", "patience"}
    for name in sorted(saved.keys() - free):
        if saved[name] != given.get(name):
            raise ParameterError(
                f"was made with {name} = {saved[name]!r}, not {given.get(name)!r}.",
                where=where,
                hint=f"Give --set {name}={saved[name]}, or start anew.",
            )
