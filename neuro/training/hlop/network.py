"""Projected layers with spiking cells between them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from neuro.errors import ParameterError
from neuro.training.hlop.feedback import Feedback
from neuro.training.hlop.layers import ProjectedLayer, ProjectedLinear
from neuro.training.hlop.surrogate import OnlineLIF


class SpikingLayers(nn.Module):
    """Layers one after the other; cells behind each but the last.

    Parameters
    ----------
    projected
        The layers.
    neurons
        Cells behind all but the last.

    Raises
    ------
    ParameterError
        If their numbers do not fit.
    """

    def __init__(self, projected: Sequence[ProjectedLayer], neurons: Sequence[nn.Module]) -> None:
        super().__init__()
        if len(neurons) != len(projected) - 1:
            raise ParameterError(
                f"there are {len(neurons)} for {len(projected)} layers.",
                where="neurons",
                hint="Give one less than layers.",
            )
        self._projected = nn.ModuleList(projected)
        self.neurons = nn.ModuleList(neurons)

    @property
    def projected(self) -> list[ProjectedLayer]:
        """The layers."""
        return [cast(ProjectedLayer, layer) for layer in self._projected]

    def forward(self, values: Tensor) -> Tensor:
        """What the last layer puts out in each step; shapes (steps, batch, ...)."""
        made: Tensor = self._projected[-1](self.before_last(values))
        return made

    def before_last(self, values: Tensor) -> Tensor:
        """What the last layer gets in each step."""
        for layer, neuron in zip(self._projected, self.neurons, strict=False):
            values = neuron(layer(values))
        return values

    def step(self, values: Tensor) -> Tensor:
        """One step of cells that keep traces, which take the place of spikes in what is learnt."""
        trace: Tensor | None = None
        for layer, neuron in zip(self._projected, self.neurons, strict=False):
            values = neuron(layer(values, trace))
            trace = cast(OnlineLIF, neuron).trace
        made: Tensor = self._projected[-1](values, trace)
        return made

    def traces(self) -> list[Tensor | None]:
        """What each layer had in place of spikes in the last `step`."""
        return [None, *(cast(OnlineLIF, neuron).trace for neuron in self.neurons)]

    # Rows of the lateral circuits ---------------------------------------------------------------

    def add_rows(self, counts: Sequence[int], generators: Sequence[torch.Generator]) -> None:
        """Add learning rows to each layer's circuit.

        Raises
        ------
        ParameterError
            If there is not one count a layer.
        """
        if len(counts) != len(self._projected):
            raise ParameterError(
                f"there are {len(counts)} for {len(self._projected)} layers.",
                where="rows",
                hint="Give one number a layer.",
            )
        for layer, count, generator in zip(self.projected, counts, generators, strict=True):
            layer.lateral.add(count, generator)

    def merge(self) -> None:
        """Freeze all rows."""
        for layer in self.projected:
            layer.lateral.merge()

    def project(self, *, on: bool) -> None:
        """Switch projection on or off."""
        for layer in self.projected:
            layer.projecting = on

    def let_learn(self, *, on: bool) -> None:
        """Switch learning of the lateral circuits on or off."""
        for layer in self.projected:
            layer.lateral.learning = on


def perceptron(
    sizes: Sequence[int],
    neuron: Callable[[], nn.Module],
    *,
    feedback: Feedback = "exact",
    rates: Sequence[float] = (),
    generator: torch.Generator | None = None,
    exact: bool = False,
    **lateral: Any,
) -> SpikingLayers:
    """Fully connected layers.

    Parameters
    ----------
    sizes
        Cells, from the input to the output.
    neuron
        Makes a layer of cells.
    feedback, generator
        As for `ProjectedLinear`.
    rates
        Of the lateral circuits, one a layer; empty for 0.01.
    exact
        True adds in the engines' order in the first layer too.
    **lateral
        Further settings of the lateral circuits.
    """
    pairs = list(itertools.pairwise(sizes))
    chosen = rates or [0.01] * len(pairs)
    layers = [
        ProjectedLinear(
            n,
            m,
            feedback=feedback,
            generator=generator,
            exact=exact or place > 0,  # spikes are few, pixels are not
            rate=rate,
            **lateral,
        )
        for place, ((n, m), rate) in enumerate(zip(pairs, chosen, strict=True))
    ]
    return SpikingLayers(layers, [neuron() for _ in pairs[1:]])
