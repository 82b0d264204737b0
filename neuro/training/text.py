"""Text as data: any text file, its characters as a vocabulary, and windows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from neuro.errors import FileFormatError, ParameterError
from neuro.training.task import Inputs

SHARES = (0.90, 0.05, 0.05)
"""Of the text: to train with, to choose by, to test with."""
UNSCORED = -1
"""The label of a character that counts for nothing."""


@dataclass(frozen=True)
class Vocabulary:
    """Characters and their numbers.

    Attributes
    ----------
    characters
        Each once, in the order of their numbers.
    """

    characters: str

    def __len__(self) -> int:
        """How many characters there are."""
        return len(self.characters)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters)}

    def encode(self, text: str) -> Tensor:
        """Numbers of the characters of `text`, int64.

        Raises
        ------
        ParameterError
            If one is not in the vocabulary; says which, and where.
        """
        for place, character in enumerate(text):
            if character not in self._numbers:
                raise ParameterError(
                    f"character {place + 1}, {character!r}, is not in the vocabulary.",
                    where="text",
                    hint=f"Known are {self.characters!r}.",
                )
        return torch.tensor([self._numbers[c] for c in text], dtype=torch.int64)

    def decode(self, numbers: Sequence[int] | Tensor) -> str:
        """The text of some numbers."""
        return "".join(self.characters[int(number)] for number in numbers)


def read_text(path: Path) -> str:
    """The text in a file.

    Raises
    ------
    FileFormatError
        If it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileFormatError(
            f"cannot be read: {error.strerror}.",
            where=str(path),
            hint="Give a text file: --data PATH.",
        ) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}.",
            where=str(path),
            hint="Save it as UTF-8.",
        ) from error


def vocabulary_of(text: str) -> Vocabulary:
    """The characters of `text`, sorted."""
    return Vocabulary("".join(sorted(set(text))))


def parts(text: str, least: int) -> tuple[str, str, str]:
    """The text cut into what to train with, to choose by and to test with, in this order.

    Raises
    ------
    ParameterError
        If the smallest part is shorter than `least`.
    """
    first, second = (round(share * len(text)) for share in np.cumsum(SHARES[:2]))
    found = text[:first], text[first:second], text[second:]
    shortest = min(map(len, found))
    if shortest < least:
        raise ParameterError(
            f"has {len(text):,} characters, so that a part has {shortest:,}; "
            f"a window needs {least:,}.",
            where="text",
            hint="Give a longer text, or a shorter context.",
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Pieces of a text, each with the characters that follow as labels.

    Attributes
    ----------
    numbers
        The text, int64.
    length
        Characters of a window that are scored.
    context
        Characters before these, which are not scored.
    shifted
        True moves all windows of a batch by a random number of characters, less than `length`.
    """

    numbers: Tensor
    length: int
    context: int = 0
    shifted: bool = False

    def __len__(self) -> int:
        """How many windows there are."""
        spare = self.length if self.shifted else 1
        return max(0, (len(self.numbers) - self.context - spare) // self.length)

    def batch(self, index: Tensor, generator: torch.Generator) -> tuple[Inputs, Tensor]:
        """``text`` of shape (steps, batch, 1), and labels of shape (steps, batch)."""
        start = index * self.length
        if self.shifted:
            start = start + torch.randint(self.length, (), generator=generator)
        place = start + torch.arange(self.context + self.length)[:, None]
        labels = self.numbers[place + 1]
        labels[: self.context] = UNSCORED
        return {"text": self.numbers[place][..., None]}, labels
