"""The trained language model: it writes text, and its spiking unit runs as a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from neuro.errors import FileFormatError, NeuroError, ParameterError
from neuro.files import replacing
from neuro.models.astro_lm import AstroLM, Shape
from neuro.models.experiment import Experiment, Report
from neuro.recording.data import Recording
from neuro.resources import folder
from neuro.training.loop import generator_of
from neuro.training.text import Vocabulary

WEIGHTS = "weights.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextWriter:
    """Draws characters from what the model expects.

    Attributes
    ----------
    model
        The model.
    length
        How many characters to write.
    temperature
        0 takes the likeliest; 1 draws from the model's own probabilities.
    """

    model: AstroLM
    length: int
    temperature: float

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ParameterError(f"is {self.length}.", where="length", hint="Give 1 or more.")
        if not 0 <= self.temperature < float("inf"):
            raise ParameterError(
                f"is {self.temperature}.", where="temperature", hint="Give 0 or more."
            )

    @torch.no_grad()
    def write(self, prompt: str, *, seed: int) -> Iterator[str]:
        """What follows `prompt`; the model keeps the same amount of state however long it is.

        Raises
        ------
        ParameterError
            If the prompt is empty, or has a character that the model does not know.
        """
        if not prompt:
            raise ParameterError("is empty.", where="prompt", hint="Give at least a character.")
        vocabulary = self.model.vocabulary
        numbers, generator = vocabulary.encode(prompt), generator_of(seed, "text")
        return self._written(numbers, generator)

    @torch.no_grad()
    def _written(self, numbers: Tensor, generator: torch.Generator) -> Iterator[str]:
        made = self.model({"text": numbers[:, None, None]})
        for _ in range(self.length):
            number = self._drawn(made.logits[-1, 0], generator)
            yield self.model.vocabulary.decode([number])
            made = self.model({"text": torch.tensor([[[number]]])}, made.state)

    def _drawn(self, logits: Tensor, generator: torch.Generator) -> int:
        if not self.temperature:
            return int(logits.argmax())
        chance = torch.softmax(logits / self.temperature, dim=0)
        return int(torch.multinomial(chance, 1, generator=generator))


def writer(parameters: dict[str, Any], settings: dict[str, Any]) -> TextWriter:
    """What ``neuro run astro-lm --prompt`` uses."""
    return TextWriter(
        model=load_lm(parameters["weights"]),
        length=int(settings["length"]),
        temperature=float(settings["temperature"]),
    )


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment: the first block's neurons and astrocytes, while the model reads a text.

    They get the currents and spikes that they get inside the model, and must spike as there.
    """
    del settings
    model = load_lm(parameters["weights"])
    numbers = model.vocabulary.encode(parameters["text"])
    if not len(numbers):
        raise ParameterError("is empty.", where="text", hint="Give at least a character.")
    network, inputs, spikes = model.first_unit({"text": numbers[:, None, None]})
    return Experiment(
        network=network,
        steps=len(numbers),
        inputs=inputs,
        report=lambda recording: report(recording, spikes),
    )


def report(recording: Recording, expected: Tensor) -> Report:
    """Spikes of the network, and whether they are those of the model."""
    found = recording.spikes["Cells"]
    step, index = (place.numpy() for place in expected.nonzero(as_tuple=True))
    same = np.array_equal(found.step, step) and np.array_equal(found.index, index)
    return Report(
        title="Spikes of the first block's neurons",
        columns=("tokens", "neurons", "spikes of the network", "of the model in torch"),
        rows=[(str(recording.steps), str(found.size), str(len(found)), str(len(step)))],
        passed=same,
        notes=("They are the same." if same else "They differ.",),
    )


# Weights ----------------------------------------------------------------------------------------


def save_lm(path: Path, model: AstroLM) -> None:
    """Write weights, rounded to 16 bits, with sizes and vocabulary."""
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    kept = {n: a.astype(np.float16) if a.dtype.kind == "f" else a for n, a in arrays.items()}
    with replacing(path) as beside, beside.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **kept)


def load_lm(weights: str = "") -> AstroLM:
    """The model from ``weights.npz``, or from the checkpoint of a run; "" is what ships with neuro.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or holds no language model.
    """
    path = Path(weights) if weights else folder("models") / "astro-lm" / WEIGHTS
    try:
        values = _checkpoint(path) if path.suffix == ".pt" else _arrays(path)
        return _model(values)
    except NeuroError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, EOFError, BadZipFile) as error:
        raise FileFormatError(
            f"holds no weights of astro-lm: {error}.",
            where=str(path),
            hint="Give a weights.npz, or the checkpoint.pt of neuro train astro-lm.",
        ) from error


def _arrays(path: Path) -> dict[str, Tensor]:
    with np.load(path) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def _checkpoint(path: Path) -> dict[str, Tensor]:
    found: dict[str, Tensor] = torch.load(path, weights_only=True)["best"]
    return found


def _model(values: dict[str, Tensor]) -> AstroLM:
    width, cells, astrocytes, heads, blocks = (int(size) for size in values["sizes"])
    vocabulary = Vocabulary("".join(chr(int(number)) for number in values["characters"]))
    shape = Shape(
        vocabulary=len(vocabulary),
        width=width,
        cells=cells,
        astrocytes=astrocytes,
        heads=heads,
        blocks=blocks,
    )
    model = AstroLM(shape, vocabulary)
    model.load_state_dict({name: _widened(value) for name, value in values.items()})
    return model


def _widened(value: Tensor) -> Tensor:
    return value.float() if value.dtype == torch.float16 else value
