"""How the language model, the same without astrocytes, and an LSTM are trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.network import Network
from neuro.models.astro_lm import AstroLM, Shape, Written
from neuro.training.measures import Measure
from neuro.training.task import Settings, Task
from neuro.training.text import UNSCORED, Vocabulary, Windows, parts, read_text, vocabulary_of

Kind = Literal["astro", "plain", "lstm"]


class CharacterLSTM(nn.Module):
    """The yardstick: an embedding, one LSTM layer and a linear read-out.

    Parameters
    ----------
    vocabulary
        How many characters.
    size
        How many trained values it has at least; it has as few as that allows.
    width
        Of the embedding.
    seed
        Of the first weights.
    """

    def __init__(self, vocabulary: int, size: int, *, width: int = 96, seed: int = 0) -> None:
        super().__init__()
        cells = next(n for n in range(1, 10_000) if self._size(vocabulary, width, n) >= size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(vocabulary, width)
            self.cells = nn.LSTM(width, cells)
            self.out = nn.Linear(cells, vocabulary)

    @staticmethod
    def _size(vocabulary: int, width: int, cells: int) -> int:
        return vocabulary * (width + cells + 1) + 4 * cells * (width + cells + 2)

    def forward(self, inputs: Mapping[str, Tensor], state: Any = None) -> Written:
        """As for `AstroLM`."""
        made, after = self.cells(self.embedding(inputs["text"][..., 0]), state)
        return Written(logits=self.out(made), state=after, spikes={})

    def clamp_(self) -> None:
        """Nothing is out of range."""

    @property
    def fingerprint(self) -> str:
        """The same text for the same sizes."""
        return f"lstm {self.embedding.weight.shape} {self.cells.hidden_size}"

    def rates(self, output: Written) -> dict[str, float]:
        """None: nothing spikes."""
        del output
        return {}

    def first_bad(self, inputs: Mapping[str, Tensor]) -> str:
        """The first trained value that is not finite."""
        del inputs
        bad = (n for n, p in self.named_parameters() if not torch.isfinite(p).all())
        return next((f"{name} holds values that are not finite" for name in bad), "")

    def to_network(self) -> Network:
        """An LSTM is no spiking network.

        Raises
        ------
        UnsupportedError
            Always.
        """
        raise UnsupportedError("an LSTM has no spiking network.")


def bits(output: Written, labels: Tensor) -> Tensor:
    """Bits that each scored character costs."""
    scored = labels != UNSCORED
    return cross_entropy(output.logits[scored], labels[scored], reduction="none") / math.log(2)


BITS_PER_CHARACTER = Measure(name="bits_per_character", of=bits, lower_is_better=True)


def loss(output: Written, labels: Tensor) -> Tensor:
    """Mean cross-entropy of the scored characters, in nats."""
    return cross_entropy(output.logits.flatten(0, 1), labels.flatten(), ignore_index=UNSCORED)


def training(parameters: dict[str, Any], settings: dict[str, Any]) -> Task:
    """The task of the spiking models; ``compare.py`` trains the LSTM.

    Raises
    ------
    UnsupportedError
        If an LSTM is asked for.
    """
    if settings["kind"] == "lstm":
        raise UnsupportedError(
            "an LSTM gives no network to write.",
            hint="Use kind=astro or kind=plain; models/astro-lm/compare.py trains the LSTM.",
        )
    return task_of(parameters, settings)


def task_of(parameters: dict[str, Any], settings: dict[str, Any]) -> Task:
    """The task of any kind of model.

    Raises
    ------
    ParameterError
        If there is no text, it is too short, or there is no such kind.
    """
    kind = settings.pop("kind")
    if kind not in get_args(Kind):
        hint = f"Use {', '.join(get_args(Kind))}."
        raise ParameterError(f"there is no kind {kind!r}.", where="kind", hint=hint)
    if not parameters["data"]:
        raise ParameterError(
            "no text is given.", where="data", hint="Give a text file: --data corpus.txt."
        )
    text, length = read_text(Path(parameters["data"])), int(settings.pop("context"))
    vocabulary = vocabulary_of(text)
    train, validation, test = (vocabulary.encode(p) for p in parts(text, 2 * length + 1))
    seed = int(settings["seed"])
    sizes = {name: int(settings.pop(name)) for name in ("width", "cells", "astrocytes", "heads")}
    shape = Shape(vocabulary=len(vocabulary), blocks=int(settings.pop("blocks")), **sizes)
    module = model_of(kind, shape, vocabulary, seed)
    return Task(
        name=f"astro-lm, {kind}",
        module=module,
        train=Windows(numbers=train, length=length, shifted=True),
        validation=Windows(numbers=validation, length=length, context=length),
        test=Windows(numbers=test, length=length, context=length),
        loss=loss,
        measure=BITS_PER_CHARACTER,
        settings=Settings(**settings),
        facts={
            "kind": kind,
            "characters": len(vocabulary),
            "trained_values": sum(value.numel() for value in module.parameters()),
        },
    )


def model_of(
    kind: Kind, shape: Shape, vocabulary: Vocabulary, seed: int
) -> AstroLM | CharacterLSTM:
    """A model with its first weights; the LSTM has as many as the one with astrocytes."""
    from dataclasses import replace

    if kind == "plain":
        shape = replace(shape, astrocytes=0)
    model = AstroLM(shape, vocabulary, seed)
    if kind != "lstm":
        return model
    size = sum(value.numel() for value in model.parameters())
    return CharacterLSTM(len(vocabulary), size, seed=seed)
