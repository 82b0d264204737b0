"""C identifiers from the names of a network."""

from __future__ import annotations

import re

from neuro.backends.c.printer import KEYWORDS
from neuro.errors import ParameterError

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = re.compile(r"(nr|neuro)(_.*)?|main", re.IGNORECASE)
"""Names of the runtime and of its files; file names may not tell letters' case."""


def check_prefix(prefix: str) -> str:
    """`prefix` if C functions can start with it.

    Raises
    ------
    ParameterError
        If it is no C identifier, or reserved.
    """
    hint = "Use a letter, then letters, digits and underscores; give another with --name."
    if not _IDENTIFIER.fullmatch(prefix) or prefix.startswith("_"):
        raise ParameterError(f"{prefix!r} is no C identifier.", where="name", hint=hint)
    if prefix in KEYWORDS or _RESERVED.fullmatch(prefix):
        raise ParameterError(f"{prefix!r} is reserved.", where="name", hint=hint)
    return prefix


def prefix_of(name: str) -> str:
    """An identifier close to the name of a network, such as ``ca3_memory`` for ``ca3-memory``."""
    return check_prefix(identifier(name).lower())


def identifier(text: str) -> str:
    """`text` with what C does not allow replaced by underscores."""
    made = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return made if made[:1].isalpha() else f"n{made}"


class Unique:
    """Gives out identifiers, each once.

    Parameters
    ----------
    taken
        What is not to be given out.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def __call__(self, text: str) -> str:
        """`text` as an identifier, with a number if it is taken."""
        base = identifier(text)
        name, k = base, 2
        while name in self._taken:
            name, k = f"{base}_{k}", k + 1
        self._taken.add(name)
        return name
