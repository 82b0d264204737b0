"""A continual recipe as ``neuro train`` takes it: one method, or all of them one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from neuro.errors import unknown_name
from neuro.training.hlop.settings import METHODS, Settings
from neuro.training.hlop.stream import Stream
from neuro.training.task import Table

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContinualTask:
    """Something to train, task by task.

    Attributes
    ----------
    name
        Shown while it runs.
    stream
        The tasks.
    settings
        How; of each method.
    facts
        What a report should say besides.
    """

    name: str
    stream: Stream
    settings: tuple[Settings, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def line(self, row: Mapping[str, Any]) -> str:
        """A row of the log as people read it."""
        return LINES[row["kind"]](row)

    def table(self, summary: Mapping[str, Any]) -> Table:
        """A summary as people read it: columns and rows."""
        methods = summary.get("methods") or {summary.get("method", ""): summary}
        rows = [
            (name, _percent(own.get("ACC")), _percent(own.get("BWT")), str(own.get("seconds", "")))
            for name, own in methods.items()
        ]
        return ("method", "ACC, %", "BWT, %", "seconds"), rows


def settings_of(method: str, values: Mapping[str, Any]) -> tuple[Settings, ...]:
    """The settings of a method, or of each if it is ``"all"``.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    """
    if method == ALL:
        first = Settings(**values)
        return tuple(replace(first, method=name) for name in METHODS)
    if method not in METHODS:
        raise unknown_name(method, [*METHODS, ALL], kind="method", where="settings")
    return (Settings(method=method, **values),)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _epoch_line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['method']:>5}  task {row['task'] + 1:>2}  {row['kind']} {row['epoch'] + 1}  "
        f"loss {row['loss']:.4f}  accuracy {100 * row['accuracy']:.2f} %  ({row['seconds']:.0f} s)"
    )


def _task_line(row: Mapping[str, Any]) -> str:
    scores = " ".join(f"{100 * score:.1f}" for score in row["accuracies"])
    return f"{row['method']:>5}  task {row['task'] + 1:>2}  test accuracies, %: {scores}"


def _strength_line(row: Mapping[str, Any]) -> str:
    tried = ", ".join(f"{name}: {100 * score:.2f} %" for name, score in row["tried"].items())
    return f"{row['method']:>5}  strength {row['chosen']:g} of {tried}"


LINES = {
    "epoch": _epoch_line,
    "replay": _epoch_line,
    "task": _task_line,
    "strength": _strength_line,
}
