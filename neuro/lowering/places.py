"""Places of kernels in their tables."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def place_of(items: list[K], item: K) -> int:
    """Where `item` stands in `items`; it is appended if it is not there."""
    if item not in items:
        items.append(item)
    return items.index(item)
