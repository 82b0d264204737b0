"""Values in the text form: numbers, arrays, tuples, draws; printed and read back exactly.

============================  =============================================
``0.003``, ``5``              a float, an integer
``float64(2, 2)[1.0, 0.5, …]``  an array: type, shape, elements row by row
``@weight``                   an array that is stored beside the text
``(1, 2)``                    a tuple of integers
``'exp(-d)'``                 an expression
``draw(kind='uniform', …)``   numbers drawn from a distribution
============================  =============================================
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError
from neuro.ir.values import Draw

Store: TypeAlias = Callable[[str, NDArray[Any]], str | None]
"""Given a place and an array, keeps the array and returns its name; or None to print it in full."""

_ARRAY = re.compile(r"(?P<dtype>[a-z]+\d*)\((?P<shape>[\d, ]*)\)\[(?P<items>.*)\]\Z", re.DOTALL)
_TYPES = (
    *("bool", "float16", "float32", "float64"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def print_value(value: Any, place: str, store: Store) -> str:
    """The text of `value`; arrays go to `store` first."""
    if isinstance(value, np.ndarray):
        name = store(place, value)
        return f"@{name}" if name else _print_array(value)
    if isinstance(value, Draw):
        given = {item.name: getattr(value, item.name) for item in fields(value)}
        return f"draw({print_fields(given, place, store, ', ')})"
    return repr(value)


def print_fields(given: Mapping[str, Any], place: str, store: Store, separator: str) -> str:
    """``key=value`` for each field that is not None."""
    parts = ((name, value) for name, value in given.items() if value is not None)
    texts = (f"{name}={print_value(value, f'{place}/{name}', store)}" for name, value in parts)
    return separator.join(texts)


def _print_array(value: NDArray[Any]) -> str:
    shape = ", ".join(map(str, value.shape))
    items = ", ".join(repr(item.item()) for item in value.reshape(-1))
    return f"{value.dtype.name}({shape})[{items}]"


def parse_value(text: str, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The value behind `text`; `arrays` holds those that are stored beside it.

    Raises
    ------
    FileFormatError
        If it is no value.
    """
    text = text.strip()
    if text.startswith("@"):
        if text[1:] not in arrays:
            raise FileFormatError(f"the array {text!r} is missing.")
        return arrays[text[1:]]
    if text.startswith("draw(") and text.endswith(")"):
        return Draw(**parse_fields(text[5:-1], arrays, ","))
    match = _ARRAY.match(text)
    if match:
        return _parse_array(match)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise FileFormatError(f"{text[:60]!r} is no value.") from None


def _parse_array(match: re.Match[str]) -> NDArray[Any]:
    dtype = match["dtype"]
    if dtype not in _TYPES:
        raise FileFormatError(
            f"{dtype!r} is no type of array.", hint=f"Known: {', '.join(_TYPES)}."
        )
    shape = tuple(int(part) for part in match["shape"].split(",") if part.strip())
    items = [part for part in match["items"].split(",") if part.strip()]
    try:
        return np.array([ast.literal_eval(item.strip()) for item in items], dtype).reshape(shape)
    except (ValueError, SyntaxError, OverflowError):
        raise FileFormatError(f"{match[0][:60]!r} is no array.") from None


def parse_fields(text: str, arrays: Mapping[str, NDArray[Any]], separator: str) -> dict[str, Any]:
    """Fields from ``key=value`` parts."""
    result = {}
    for part in split(text, separator):
        name, equals, value = part.partition("=")
        if not equals:
            raise FileFormatError(f"{part[:60]!r} is not 'name=value'.")
        result[name.strip()] = parse_value(value, arrays)
    return result


def split(text: str, separator: str) -> list[str]:
    """Split at `separator`, but not inside brackets or quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]
