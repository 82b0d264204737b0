"""Every error that neuro raises, and the finding, its softer relative.

An error says what is wrong, where, why, and what to do about it.  Each class also inherits from
the built-in exception that a Python programmer would expect, so ``except ValueError`` works.
A `Finding` is the same sentence before anything ran: verifier and ``check`` collect them all.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to know about a network before it runs.

    Attributes
    ----------
    severity
        ``"error"``: it cannot run; ``"warning"``: it runs, but perhaps not as meant; ``"note"``.
    where
        The node and field, such as ``"projection 'E_to_I', weight"``.
    what
        What is wrong, with the offending value.
    hint
        What to do about it; may be empty.
    rule
        Short name of the rule that made the finding, such as ``"unknown-port"``.
    """

    severity: Severity
    where: str
    what: str
    hint: str = ""
    rule: str = ""

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.severity}: {self.where}: {self.what}{hint}"


class NeuroError(Exception):
    """Base of all errors of neuro.

    Parameters
    ----------
    what
        What is wrong, and why.
    where
        The node, file or argument it concerns.
    hint
        What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(_sentence(where, what, hint))

    def at(self, where: str) -> Self:
        """The same error at another place."""
        again = copy.copy(self)
        again.where = where
        again.args = (_sentence(where, self.what, self.hint),)
        return again


def _sentence(where: str, what: str, hint: str) -> str:
    prefix = f"{where}: " if where else ""
    space = "" if what.endswith("\n") else " "
    return f"{prefix}{what}{space}{hint}".rstrip()


class ParameterError(NeuroError, ValueError):
    """A value that a parameter, argument or option cannot take."""


class UnknownNameError(NeuroError, LookupError):
    """A name that nothing carries; the message offers the nearest one that exists."""


class UnitError(NeuroError, ValueError):
    """A unit that is unknown, or of another dimension than needed."""


class ExpressionError(NeuroError, ValueError):
    """An expression that does not parse, is not allowed, or does not type-check.

    Parameters
    ----------
    source
        The text of the expression.
    column
        Zero-based column in `source` that the message points at, or None.
    """

    def __init__(
        self,
        what: str,
        *,
        source: str = "",
        column: int | None = None,
        where: str = "",
        hint: str = "",
    ) -> None:
        self.source = source
        self.column = column
        super().__init__(what + _caret(source, column), where=where, hint=hint)


def _caret(source: str, column: int | None) -> str:
    """The source with a caret under `column`, on lines of their own."""
    if not source or column is None:
        return ""
    return f"\n    {source}\n    {' ' * column}^\n"


class VerificationError(NeuroError, ValueError):
    """A network that breaks rules of the IR; carries all findings at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = "".join(f"\n  - {finding}" for finding in self.findings)
        count = len(self.findings)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the network:{lines}")

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.findings,)


class FileFormatError(NeuroError, ValueError):
    """A file that is not what it should be: unreadable, truncated, or of a newer schema."""


class StorageError(NeuroError, OSError):
    """Writing failed, for instance because the disk is full; says what is safe."""


class UnavailableError(NeuroError, RuntimeError):
    """An optional package or tool that is not installed; the hint is the command that gets it."""


class CompilerError(NeuroError, RuntimeError):
    """The host's C compiler is missing, or refused the generated code."""


class DeviceError(NeuroError, RuntimeError):
    """A program that a device, real or emulated, cannot hold or did not run to its end."""


class UnsupportedError(NeuroError, RuntimeError):
    """A network that a backend cannot run; carries the findings of its ``check``."""

    def __init__(self, what: str, findings: Sequence[Finding] = (), *, hint: str = "") -> None:
        self.findings = tuple(findings)
        lines = "".join(f"\n  - {finding}" for finding in self.findings)
        super().__init__(what + lines, hint=hint)


class TrainingError(NeuroError, RuntimeError):
    """Training that cannot go on, for instance because the loss is not a number."""


class SessionClosedError(NeuroError, RuntimeError):
    """A session that was used after it was closed."""


def first_line(error: BaseException) -> str:
    """The first line of what a foreign error says; its kind if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def unknown_name(name: str, known: Iterable[str], *, kind: str, where: str) -> UnknownNameError:
    """Build the error for a name that nothing carries, offering the nearest known one."""
    return UnknownNameError(
        f"there is no {kind} {name!r}.", where=where, hint=suggestion(name, known)
    )


def suggestion(name: str, known: Iterable[str]) -> str:
    """The sentence that offers the nearest of `known`, or lists them all."""
    names = sorted(known)
    folded = {known.lower(): known for known in names}
    same = [folded[name.lower()]] if name.lower() in folded else []
    near = same or difflib.get_close_matches(name, names, n=1)
    near = near or [folded[found] for found in difflib.get_close_matches(name.lower(), folded, n=1)]
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {', '.join(names)}." if names else "None are defined."
