"""What ``neuro train`` does with a continual recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from neuro.errors import UnsupportedError
from neuro.simulation.progress import TerminalBar
from neuro.training.command import RunOptions, prepare, run_task
from neuro.training.files import SUMMARY, write_log
from neuro.training.hlop.results import FIGURE, draw, write_json, write_run
from neuro.training.hlop.run import ContinualRun, Progress
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.task import ContinualTask
from neuro.training.loop import CHECKPOINT

SHOWN = ("ACC", "BWT", "seconds", "matrix")
"""What the summary of all methods has of each."""


@run_task.register
def train_continually(task: ContinualTask, folder: Path, options: RunOptions) -> dict[str, Any]:
    """Train every method of `task`; returns a summary.

    A single method writes into `folder`, several into a folder each.

    Parameters
    ----------
    task
        What to train.
    folder, options
        As for `neuro.training.command.run_task`.

    Raises
    ------
    UnsupportedError
        If several processes are to train it.
    """
    if options.together.count > 1:
        raise UnsupportedError(
            "continual training runs in one process.", hint="Start it without torchrun."
        )
    single = len(task.settings) == 1
    made: list[dict[str, Any]] = []
    for settings in task.settings:
        own = folder if single else folder / settings.method
        prepare(own, resume=options.resume)
        again = options.resume and (own / CHECKPOINT).exists()
        done, summary = _one(task, settings, own, replace(options, resume=again))
        made.append(summary)
        if not done:
            return {"task": task.name, "interrupted": True, "folder": str(own)}
    if single:
        return {"task": task.name, "interrupted": False, **made[0], **task.facts}
    return _together(task, folder, made)


def _one(
    task: ContinualTask, settings: Settings, folder: Path, options: RunOptions
) -> tuple[bool, dict[str, Any]]:
    """Run one method; whether it came to its end, and the summary."""
    run: ContinualRun

    def row_done(row: dict[str, Any]) -> None:
        write_log(folder, run.progress.history)
        if options.on_epoch is not None:
            options.on_epoch(row)

    with TerminalBar(f"{task.name}, {settings.method}") as bar:

        def report(progress: Progress, done: int, total: int) -> None:
            if progress.batch % 10 == 0:
                bar.rename(f"{settings.method}, task {progress.task + 1}{_far(progress)}")
            bar(done, total)

        run = ContinualRun(
            task.stream,
            settings,
            folder,
            device=options.device,
            resume=options.resume,
            report=report,
            on_row=row_done,
            every=options.every,
        )
        if not run.run():
            return False, {}
    return True, write_run(folder, run)


def _far(progress: Progress) -> str:
    seen = max(progress.seen, 1)
    return f", loss {progress.loss / seen:.3f}, accuracy {100 * progress.right / seen:.1f} %"


def _together(task: ContinualTask, folder: Path, made: list[dict[str, Any]]) -> dict[str, Any]:
    """What all methods came to, and a figure of them side by side."""
    table = {summary["method"]: {key: summary[key] for key in SHOWN} for summary in made}
    draw(folder / FIGURE, {summary["method"]: summary["matrix"] for summary in made})
    whole = {"task": task.name, "interrupted": False, "methods": table, **task.facts}
    write_json(folder / SUMMARY, whole)
    return whole
