"""Talk to the terminal: tables, JSON, and errors as one readable paragraph."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuro.errors import Finding, NeuroError, UnavailableError, UnsupportedError

GOOD, NO, WRONG_USE, BROKEN, INTERRUPTED = 0, 1, 2, 70, 130
"""Exit codes: all is well; the answer is no; wrong use; a bug; Ctrl-C."""

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_ANSWERS = (UnsupportedError, UnavailableError)
"""Errors that answer a question with no: it does not run there, or not here."""

P = ParamSpec("P")
T = TypeVar("T")

_debug = False


def set_debug(value: bool) -> None:
    """Show tracebacks instead of paragraphs."""
    global _debug  # noqa: PLW0603
    _debug = value


def readable_errors(command: Callable[P, T]) -> Callable[P, T]:
    """Turn our errors into a paragraph on standard error and an exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except NeuroError as error:
            if _debug:
                raise
            err.print(f"[bold red]error:[/] {escape(_wrapped(str(error)))}", soft_wrap=True)
            raise typer.Exit(NO if isinstance(error, _ANSWERS) else WRONG_USE) from None
        except KeyboardInterrupt:
            if _debug:
                raise
            err.print("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if _debug:
                raise
            what = f"{type(error).__name__}: {error}. This is a bug; 'neuro --debug' shows where."
            err.print(f"[bold red]unexpected error:[/] {escape(_wrapped(what))}", soft_wrap=True)
            raise typer.Exit(BROKEN) from None

    return wrapped


def _wrapped(message: str) -> str:
    """`message` in lines that fit the terminal; indented lines stay as they are."""
    width = min(100, err.width) - len("unexpected error: ")
    lines = message.split("\n")
    return "\n".join(
        line if line.startswith(" ") or len(line) <= width else textwrap.fill(line, width)
        for line in lines
    )


def print_json(data: Any) -> None:
    """Print `data` as JSON on standard output."""
    typer.echo(json.dumps(data, indent=2, sort_keys=True, default=str))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print findings, one paragraph each."""
    colours = {"error": "red", "warning": "yellow", "note": "blue"}
    for finding in findings:
        hint = f" {finding.hint}" if finding.hint else ""
        text = escape(f"{finding.where}: {finding.what}{hint}")
        out.print(f"[bold {colours[finding.severity]}]{finding.severity}[/] {text}")
