"""What ``neuro train`` does once it has a task."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Any

import torch

from neuro.errors import ParameterError, StorageError, UnavailableError
from neuro.simulation.progress import TerminalBar
from neuro.training.checkpoint import Progress
from neuro.training.files import write_log, write_results
from neuro.training.loop import CHECKPOINT, EVERY, Trainer
from neuro.training.processes import Processes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunOptions:
    """How a task is run, whatever its kind.

    Attributes
    ----------
    resume, together, on_epoch, every
        As for `train_task`.
    device
        Where to compute.
    """

    resume: bool
    device: torch.device
    together: Processes
    on_epoch: Callable[[dict[str, Any]], None] | None
    every: float


def train_task(
    task: Any,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    threads: int = 0,
    together: Processes = Processes(),  # noqa: B008 - immutable
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    every: float = EVERY,
) -> dict[str, Any]:
    """Train `task` and write what came out into `folder`; returns the summary.

    Parameters
    ----------
    task
        What to train: a `neuro.training.task.Task`, or another kind that `run_task` knows.
    folder
        Gets checkpoint, log, curves, network and summary.
    resume
        True goes on from the checkpoint.
    device
        ``"cpu"`` or ``"cuda"``.
    threads
        Threads of torch; 0 leaves it to torch.
    together
        The processes that train it.
    on_epoch
        Told the row of each epoch.
    every
        Seconds between checkpoints within an epoch.

    Raises
    ------
    ParameterError
        If `folder` holds a run already and `resume` is not set.
    StorageError
        If `folder` cannot be written.
    UnavailableError
        If there is no such device.
    TrainingError
        If the loss stops being a number.
    """
    chosen = device_of(device)
    if threads:
        torch.set_num_threads(threads)
    options = RunOptions(
        resume=resume, device=chosen, together=together, on_epoch=on_epoch, every=every
    )
    return run_task(task, folder, options)


@singledispatch
def run_task(task: Any, folder: Path, options: RunOptions) -> dict[str, Any]:
    """Train a `neuro.training.task.Task`; tasks of other kinds register a function of their own.

    Parameters
    ----------
    task, folder
        As for `train_task`.
    options
        How.
    """
    prepare(folder, resume=options.resume)
    task.module.to(options.device)
    together = options.together
    with TerminalBar(f"training {task.name}") as bar:
        trainer: Trainer

        def report(progress: Progress, batches: int) -> None:
            bar(progress.epoch * batches + progress.batch, task.settings.epochs * batches)

        def epoch(row: dict[str, Any]) -> None:
            if together.is_first:
                write_log(folder, trainer.progress.history)
            if options.on_epoch is not None:
                options.on_epoch(row)

        trainer = Trainer(
            task,
            folder,
            resume=options.resume,
            together=together,
            report=report,
            on_epoch=epoch,
            every=options.every,
        )
        trained = trainer.run()
    if together.is_first:
        return write_results(folder, task, trained)
    return {"interrupted": trained.interrupted}


def prepare(folder: Path, *, resume: bool) -> None:
    """Make the folder of a run.

    Raises
    ------
    StorageError
        If it cannot be made or written.
    ParameterError
        If it holds a run already and `resume` is not set.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot be made: {error}.", where=str(folder), hint="Give another --out."
        ) from error
    if not os.access(folder, os.W_OK):
        raise StorageError("is not writable.", where=str(folder), hint="Give another --out.")
    if (folder / CHECKPOINT).exists() and not resume:
        raise ParameterError(
            "holds a run already.",
            where=str(folder),
            hint="Go on with --resume, or give another --out.",
        )


def device_of(name: str) -> torch.device:
    """The device called `name`.

    Raises
    ------
    UnavailableError
        If there is no such device.
    ParameterError
        If it is no name of a device.
    """
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UnavailableError(
            "there is no GPU that torch can use.", where="device", hint="Use --device cpu."
        )
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise ParameterError(f"is {name!r}.", where="device", hint="Use cpu or cuda.") from error
