"""What ``neuro run --prompt`` needs of a model that writes text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Writer(Protocol):
    """Writes text, a character at a time."""

    def write(self, prompt: str, *, seed: int) -> Iterator[str]:
        """What follows `prompt`.

        Parameters
        ----------
        prompt
            Text to go on from.
        seed
            Of the draws.

        Raises
        ------
        ParameterError
            If the prompt is empty, or has a character that the model does not know.
        """
        ...
