"""Layers whose weights learn from projected activity: matrices and convolutions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuro.errors import ParameterError
from neuro.training.hlop.feedback import Feedback, drawn_like, path
from neuro.training.hlop.lateral import Lateral
from neuro.training.hlop.products import Pass, convolution, product


class ProjectedLayer(nn.Module, ABC):
    """Base of layers without a bias that remember what came in, and project it when they learn.

    Parameters
    ----------
    weight
        Initial weights.
    lateral
        The lateral circuit.
    feedback
        The way that errors take.
    generator
        For what is drawn.

    Attributes
    ----------
    weight
        The weights.
    lateral
        The lateral circuit; it projects once it has frozen rows.
    projecting
        False switches the projection off.
    seen
        What came in last, without gradients; shape (steps, batch, ...).
    """

    def __init__(
        self,
        weight: Tensor,
        lateral: Lateral,
        feedback: Feedback,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        self._path = path(feedback)
        self.feedback = feedback
        self.weight = nn.Parameter(drawn_like(weight, generator))
        self.register_buffer(
            "drawn",
            drawn_like(weight, generator) if feedback == "alignment" else torch.zeros(0),
        )
        self.lateral = lateral
        self.projecting = True
        self.seen = torch.zeros(0)

    @abstractmethod
    def rows(self, values: Tensor) -> Tensor:
        """`values` that came in as presynaptic vectors; shape (vectors, n)."""

    def _pass(self, trace: Tensor | None) -> Pass:
        drawn = self.get_buffer("drawn")
        back = self._path(self.weight.detach(), drawn)
        project = self.lateral if self.projecting and len(self.lateral.old) else None
        return Pass(back=back, lateral=project, trace=trace)


class ProjectedLinear(ProjectedLayer):
    """A matrix.

    Parameters
    ----------
    inputs, outputs
        Cells on both sides.
    feedback, generator
        As for `ProjectedLayer`.
    exact
        True adds up what arrives in the engines' order, so that the sums are theirs bit for bit; this
        is also the fastest way where few cells spike.
    **lateral
        Settings of the `Lateral` circuit.

    Attributes
    ----------
    weight
        Shape (inputs, outputs).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        feedback: Feedback = "exact",
        generator: torch.Generator | None = None,
        exact: bool = False,
        **lateral: Any,
    ) -> None:
        empty = torch.empty(inputs, outputs)
        super().__init__(empty, Lateral(inputs, **lateral), feedback, generator)
        self.exact = exact

    def forward(self, values: Tensor, trace: Tensor | None = None) -> Tensor:
        """What arrives at the cells; from (steps, batch, inputs) to (steps, batch, outputs).

        Parameters
        ----------
        values
            What was sent.
        trace
            What takes its place in the change of the weights; None for `values`.
        """
        values = values.flatten(2)
        self.seen = values.detach()
        own = self._pass(None if trace is None else trace.flatten(2))
        return product(values, self.weight, own, exact=self.exact)

    def rows(self, values: Tensor) -> Tensor:
        """`values` by sample (and step); shape (vectors, inputs)."""
        return values.reshape(-1, self.weight.shape[0])


class ProjectedConv2d(ProjectedLayer):
    """A convolution; a presynaptic vector is a patch of the image.

    Parameters
    ----------
    inputs, outputs
        Channels.
    kernel, stride, padding
        Sizes in pixels.
    project
        ``"activity"`` projects patches; ``"weight"`` projects the gradient, which is the same for
        lateral neurons that do not spike, and faster.
    feedback, generator, **lateral
        As for `ProjectedLinear`.

    Attributes
    ----------
    weight
        Shape (outputs, inputs, kernel, kernel).

    Raises
    ------
    ParameterError
        If the gradient is to be projected with lateral neurons that spike.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        project: Literal["activity", "weight"] = "activity",
        feedback: Feedback = "exact",
        generator: torch.Generator | None = None,
        **lateral: Any,
    ) -> None:
        if project == "weight" and lateral.get("spikes") is not None:
            raise ParameterError(
                "the gradient cannot be projected where lateral neurons spike.",
                where="ProjectedConv2d, project",
                hint="Use project='activity'.",
            )
        empty = torch.empty(outputs, inputs, kernel, kernel)
        circuit = Lateral(inputs * kernel * kernel, **lateral)
        super().__init__(empty, circuit, feedback, generator)
        self.stride, self.padding, self.project = stride, padding, project

    def forward(self, values: Tensor, trace: Tensor | None = None) -> Tensor:
        """From (steps, batch, inputs, height, width) to (steps, batch, outputs, ...)."""
        self.seen = values.detach()
        own = self._pass(trace)
        return convolution(
            values, self.weight, own, self.stride, self.padding, by_weight=self.project == "weight"
        )

    def rows(self, values: Tensor) -> Tensor:
        """Patches of `values`; shape (vectors, inputs * kernel * kernel)."""
        return patches(values, self.weight.shape[-1], self.stride, self.padding)


def patches(values: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
    """Patches of images (..., channels, height, width); shape (vectors, channels * kernel²)."""
    images = values.reshape(-1, *values.shape[-3:])
    unfolded = functional.unfold(images, kernel, stride=stride, padding=padding)
    return unfolded.transpose(1, 2).reshape(-1, unfolded.shape[1])
