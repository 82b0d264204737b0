"""Read the sections of numpydoc docstrings."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_DEFAULTS = re.compile(rf"\(({_NUMBER}(?:, {_NUMBER})*)\)")


@dataclass(frozen=True)
class Entry:
    """One entry of a section: the names it is about, and what it says of them."""

    names: list[str]
    text: str

    @property
    def defaults(self) -> list[float]:
        """The numbers in brackets, in order."""
        return [float(n) for group in _DEFAULTS.findall(self.text) for n in group.split(", ")]


def sections(documented: type) -> dict[str, str]:
    """The sections of a class docstring by title; what stands before them has the title ""."""
    found, title = {"": ""}, ""
    lines = (inspect.getdoc(documented) or "").splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if below and set(below) == {"-"}:
            title = line
            found[title] = ""
        elif set(line) != {"-"}:
            found[title] += line + "\n"
    return found


def parameters(documented: type) -> list[Entry]:
    """The entries of the section on parameters."""
    found: list[Entry] = []
    for block in re.split(r"\n(?=\S)", sections(documented)["Parameters"].strip()):
        head, _, body = block.partition("\n")
        found.append(Entry(head.split(", "), " ".join(body.split())))
    return found
