"""A backend's options as flags: names, types and descriptions from its dataclass."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neuro.backends.contract import Backend
from neuro.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a backend.

    Attributes
    ----------
    name, flag
        Its name, and the flag of the command line.
    type
        Its type.
    default
        What it is if it is not given.
    description
        From the docstring of the dataclass.
    """

    name: str
    flag: str
    type: Any
    default: Any
    description: str

    @property
    def is_switch(self) -> bool:
        """True if the flag takes no value."""
        return self.type is bool

    @property
    def choices(self) -> str:
        """What may be given, in words."""
        return " or ".join(dict.fromkeys(_words(kind) for kind in _kinds(self.type)))

    def read(self, text: str) -> Any:
        """The value that `text` stands for.

        Raises
        ------
        ParameterError
            If it stands for none.
        """
        for kind in _kinds(self.type):
            found = _READERS.get(kind, _literal(kind))(text)
            if found is not None:
                return found
        raise ParameterError(f"is {text!r}.", where=self.flag, hint=f"Give {self.choices}.")


def options_of(backend: Backend) -> dict[str, Option]:
    """The options of `backend` by name."""
    kind = backend.Options
    if not dataclasses.is_dataclass(kind):
        return {}
    hints, words = get_type_hints(kind), _described(kind)
    return {
        field.name: Option(
            name=field.name,
            flag=f"--{field.name.replace('_', '-')}",
            type=hints[field.name],
            default=None if field.default is dataclasses.MISSING else field.default,
            description=words.get(field.name, ""),
        )
        for field in dataclasses.fields(kind)
    }


def _described(kind: type[Any]) -> dict[str, str]:
    """Descriptions of the attributes in the numpydoc docstrings of `kind` and its bases."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(base.__dict__.get("__doc__") or "")
        _, _, attributes = text.partition("Attributes\n----------\n")
        for match in re.finditer(r"^(\w[\w, ]*)\n((?:(?: +.*)?\n?)+)", attributes, re.MULTILINE):
            words = " ".join(match[2].split())
            found |= {name.strip(): words for name in match[1].split(",")}
    return found


def _kinds(hint: Any) -> Iterator[Any]:
    """The alternatives of a type."""
    if get_origin(hint) in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _kinds(part)
    elif get_origin(hint) is Literal:
        yield from (("literal", value) for value in get_args(hint))
    elif hint is not type(None):
        yield hint


def _words(kind: Any) -> str:
    if isinstance(kind, tuple):
        return repr(kind[1])
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "a text")


def _literal(kind: Any) -> Any:
    if not isinstance(kind, tuple):
        return lambda text: text
    return lambda text: kind[1] if text == str(kind[1]) else None


def _number(kind: type[int | float]) -> Any:
    def read(text: str) -> int | float | None:
        try:
            return kind(text)
        except ValueError:
            return None

    return read


_READERS: dict[Any, Any] = {
    bool: lambda text: {"true": True, "false": False}.get(text.lower()),
    int: _number(int),
    float: _number(float),
}
"""Reads a text as a type; None if it is none."""
