"""Show how far a run is: a bar on the terminal when it takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias

from neuro.errors import ParameterError

SILENCE = 2.0
"""Seconds before a bar appears."""


class Progress(Protocol):
    """Told how much is done; anything callable with (done, total) will do."""

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` units of work are finished."""
        ...


ProgressOption: TypeAlias = Literal["auto"] | bool | Callable[[int, int], None] | None
"""``"auto"`` or True: a bar on a terminal; None or False: silence; or a callable with (done, total)."""


class TerminalBar:
    """A bar on standard error, if that is a terminal and the work takes over two seconds.

    Parameters
    ----------
    label
        What is going on.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._start = time.monotonic()
        self._stack = ExitStack()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def __call__(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar is None:
            late = time.monotonic() - self._start > SILENCE
            if not (late and done < total and sys.stderr.isatty()):
                return
            self._open(total)
        self._bar.update(self._task, completed=done, total=total)

    def rename(self, label: str) -> None:
        """Show another text beside the bar."""
        self._label = label
        if self._bar is not None:
            self._bar.update(self._task, description=label)

    def _open(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bar = self._stack.enter_context(
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>5.1f} %"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
        )
        self._task = self._bar.add_task(self._label, total=total)


class Quiet:
    """A progress that shows nothing, or calls a function."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        self._report = report

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace

    def __call__(self, done: int, total: int) -> None:
        """Pass on how far it is."""
        if self._report is not None:
            self._report(done, total)


def progress_of(option: ProgressOption, label: str) -> TerminalBar | Quiet:
    """The progress that `option` asks for.

    Raises
    ------
    ParameterError
        If `option` is none of `ProgressOption`.
    """
    given: object = option
    if given == "auto" or given is True:
        return TerminalBar(label)
    if given is None or given is False:
        return Quiet(None)
    if callable(given):
        return Quiet(given)
    hint = "Use 'auto', None, or a function of (done, total)."
    raise ParameterError(f"is {given!r}.", where="progress", hint=hint)
