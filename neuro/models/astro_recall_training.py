"""How the networks of delayed recall are trained and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from neuro.backends.torch.module import Output
from neuro.models.astro_recall import (
    BITS,
    COMMON,
    DELAYS,
    KINDS,
    RECALL,
    Unit,
    chances,
    trained_values,
    untrained,
)
from neuro.training.loop import generator_of
from neuro.training.measures import Measure
from neuro.training.modulated import ModulatedModule
from neuro.training.task import Inputs, Settings, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Trials that are drawn when they are asked for.

    Attributes
    ----------
    count
        How many.
    delays
        The delay of a batch is one of these: drawn, or in turn if `turn` is not 0.
    turn
        Trials in a row with the same delay; 0 draws.
    """

    count: int
    delays: tuple[int, ...] = DELAYS
    turn: int = 0

    def __len__(self) -> int:
        """How many trials there are."""
        return self.count

    def batch(self, index: Tensor, generator: torch.Generator) -> tuple[Inputs, Tensor]:
        """Spikes of shape (steps, batch, inputs), and bits of shape (batch, bits)."""
        place = int(torch.randint(len(self.delays), (), generator=generator))
        if self.turn:
            place = int(index[0]) // self.turn % len(self.delays)
        bits = torch.rand(len(index), BITS, generator=generator) < 0.5
        chance = torch.from_numpy(chances(bits.numpy(), self.delays[place]).astype(np.float32))
        spikes = torch.rand(chance.shape, generator=generator) < chance
        return {"Source": spikes.float()}, bits


def answers(output: Output) -> Tensor:
    """The read-out while the bits are asked for; positive for a bit that is on."""
    return output.variables["Out/v"][-RECALL:].mean(0)


def loss(output: Output, bits: Tensor) -> Tensor:
    """Cross-entropy of the bits."""
    return binary_cross_entropy_with_logits(answers(output), bits.float())


MEASURE = Measure(
    name="accuracy", of=lambda output, bits: (answers(output) > 0) == bits, percent=True
)
"""The share of bits that are right."""


def training(parameters: dict[str, Any], settings: dict[str, Any]) -> Task:
    """The task of one network."""
    unit: Unit = parameters["unit"]
    network = untrained(unit, int(settings["seed"]))
    cells = network.population("Hidden").size
    batch, batches = settings["batch"], settings.pop("batches")
    held = len(DELAYS) * batch
    module = ModulatedModule(
        network,
        train=[*COMMON, *KINDS[unit].trained],
        surrogate="fast_sigmoid",
        record=["Out/v"],
    )
    return Task(
        name=f"astro-recall, {unit}",
        module=module,
        train=Trials(count=batch * batches),
        validation=Trials(count=held, turn=batch),
        test=None,
        loss=loss,
        measure=MEASURE,
        settings=Settings(**settings),
        facts={"unit": unit, "neurons": cells, "trained_values": trained_values(unit, cells)},
    )


@torch.no_grad()
def by_delay(module: ModulatedModule, trials: int, seed: int) -> dict[int, float]:
    """Share of right bits at each delay, over `trials` new trials."""
    found = {}
    for delay in DELAYS:
        generator = generator_of(seed, f"test/{delay}")
        data = Trials(count=trials, delays=(delay,))
        right = 0.0
        for index in torch.split(torch.arange(trials), 64):
            inputs, bits = data.batch(index, generator)
            right += float(MEASURE.of(module(inputs), bits).sum())
        found[delay] = right / (trials * BITS)
    return found
