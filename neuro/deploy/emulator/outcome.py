"""What came out of an emulated run, and how instructions are counted by function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from neuro.deploy.image import Image
from neuro.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Outcome:
    """A program that ran to its end.

    Attributes
    ----------
    code
        Its exit code.
    output
        The text that it wrote.
    instructions
        Instructions that it executed; None unless they were counted.
    functions
        Instructions by function, most first; without those of functions that it called.
    """

    code: int
    output: str
    instructions: int | None = None
    functions: Mapping[str, int] = field(default_factory=dict)


def by_function(image: Image, counts: Mapping[int, int]) -> dict[str, int]:
    """Instructions by function, most first, from those by address of a block of code."""
    found: Counter[str] = Counter()
    for address, count in counts.items():
        found[image.function_at(address)] += count
    return dict(found.most_common())


def fault(what: str, image: Image, pc: int, *, hint: str = "") -> DeviceError:
    """The error for a program that broke at `pc`."""
    near = image.nearest(pc)
    place = f"at {pc:#010x}" + (f" in {near}" if near else "")
    return DeviceError(f"{what} {place}.", where=image.path.name, hint=hint)
