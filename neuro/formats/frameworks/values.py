"""What the nodes of a trace stand for: values that layers can hear, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Zero:
    """Zeros, such as a state at the start."""


@dataclass(frozen=True, slots=True)
class Given:
    """What comes in from outside: the input (of step `index`), or a state that the caller keeps."""

    state: bool = False
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What the call number `call` of a layer puts out, or (`state`) what it keeps."""

    layer: str
    call: int
    state: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """Several values added."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Through:
    """A value through an operation of torch without parameters, such as a flatten."""

    kind: str
    options: tuple[tuple[str, Any], ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Layer:
    """A value through a layer that keeps no state."""

    layer: str
    value: Value


@dataclass(frozen=True, slots=True)
class Other:
    """A number or a shape: nothing that a layer could hear."""


Value: TypeAlias = Zero | Given | Called | Sum | Through | Layer | Other


def is_output(value: Any) -> bool:
    """True for what a call puts out."""
    return isinstance(value, Called) and not value.state


def similar(a: Value, b: Value) -> bool:
    """True for the same value in different steps."""
    match a, b:
        case (Called(layer=one), Called(layer=other)):
            return one == other
        case (Layer(layer=one, value=first), Layer(layer=other, value=second)):
            return one == other and similar(first, second)
        case (Sum(parts=ones), Sum(parts=others)):
            return len(ones) == len(others) and all(map(similar, ones, others))
        case (Through(kind=kind, value=first), Through(kind=like, value=second)):
            return kind == like and similar(first, second)
    return type(a) is type(b)


def grows(first: Value, later: Value) -> bool:
    """True if `first` is `later` with zeros where the step before is heard."""
    if first == later or (isinstance(first, Zero) and isinstance(later, Called) and later.call):
        return True
    if isinstance(first, Sum) and isinstance(later, Sum) and len(first.parts) == len(later.parts):
        return all(map(grows, first.parts, later.parts))
    if isinstance(first, Through) and isinstance(later, Through):
        same = (first.kind, first.options) == (later.kind, later.options)
        return same and grows(first.value, later.value)
    if isinstance(first, Layer) and isinstance(later, Layer):
        return first.layer == later.layer and grows(first.value, later.value)
    return False


def step_index(key: Any) -> int | None:
    """The number in an index of one step: a number alone, or beside whole slices."""
    parts = key if isinstance(key, tuple) else (key,)
    numbers = [part for part in parts if isinstance(part, int)]
    rest = [part for part in parts if not isinstance(part, int)]
    whole = all(part in (slice(None), Ellipsis) for part in rest)
    return numbers[0] if len(numbers) == 1 and whole else None
