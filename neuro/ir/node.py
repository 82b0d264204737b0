"""What all nodes of the IR share: frozen, compared by structure, hashed by content."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import singledispatch
from typing import Any, TypeVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

SILENT = types.MappingProxyType({"silent": True})
"""Metadata of a field that is no part of the content hash while it is empty, so that nodes keep the
hash they had before the field existed."""


class Node:
    """Base of the IR's dataclasses.

    Two nodes are equal when they are of one type and all their fields are equal; arrays are equal
    when shape, type and every element are.  `content_hash` is a SHA-256 over the same content.
    """

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, item.name, _freeze(getattr(self, item.name)))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]
        return all(_equal(a, b) for a, b in pairs)

    def __hash__(self) -> int:
        return int(self.content_hash[:16], 16)

    def __getstate__(self) -> dict[str, Any]:
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))  # type: ignore[arg-type]
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in pairs}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, _freeze(value))

    @property
    def content_hash(self) -> str:
        """SHA-256 of the node's content, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for part in _content(self):
            digest.update(part)
        return digest.hexdigest()


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def node(cls: type[T]) -> type[T]:
    """Make a `Node` subclass a frozen, keyword-only dataclass."""
    return dataclass(frozen=True, kw_only=True, eq=False)(cls)


@singledispatch
def _freeze(value: Any) -> Any:
    """An immutable stand-in for `value`."""
    return value


@_freeze.register
def _(value: np.generic) -> Any:
    return value.item()


@_freeze.register(np.ndarray)
def _(value: NDArray[Any]) -> Any:
    if value.ndim == 0:
        return value.item()
    if not _is_frozen(value) or not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
        value.flags.writeable = False
    return value


def _is_frozen(value: Any) -> bool:
    """True if nothing can change the elements of `value`, also not through what it is a view of."""
    while isinstance(value, np.ndarray):
        if value.flags.writeable:
            return False
        value = value.base
    return value is None


@_freeze.register(list)
def _(value: list[Any]) -> tuple[Any, ...]:
    return tuple(value)


@_freeze.register(dict)
def _(value: dict[str, Any]) -> Mapping[str, Any]:
    return types.MappingProxyType({name: _freeze(item) for name, item in value.items()})


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return _equal_arrays(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[name], b[name]) for name in a)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, Node):
        return bool(a == b)
    return repr(a) == repr(b)  # as `_content` sees them: 1 and 1.0 differ, nan equals itself


def _equal_arrays(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Bit for bit, so that equal nodes have equal hashes even with zeros of either sign."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@singledispatch
def _content(value: Any) -> Iterator[bytes]:
    """`value` as an unambiguous stream of bytes."""
    yield repr(value).encode() + b";"


@_content.register
def _(value: Node) -> Iterator[bytes]:
    yield type(value).__name__.encode() + b"("
    for item in fields(value):  # type: ignore[arg-type]
        if item.metadata.get("silent") and not getattr(value, item.name):
            continue
        yield item.name.encode() + b"="
        yield from _content(getattr(value, item.name))
    yield b")"


@_content.register(np.ndarray)
def _(value: NDArray[Any]) -> Iterator[bytes]:
    yield f"{value.dtype.str}{value.shape}".encode()
    yield np.ascontiguousarray(value).tobytes()


@_content.register(tuple)
def _(value: tuple[Any, ...]) -> Iterator[bytes]:
    yield f"[{len(value)}".encode()
    for item in value:
        yield from _content(item)


@_content.register(types.MappingProxyType)
def _(value: Mapping[str, Any]) -> Iterator[bytes]:
    yield f"{{{len(value)}".encode()
    for name in sorted(value):
        yield repr(name).encode()
        yield from _content(value[name])
