"""What a trainer needs of a module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from neuro.ir.network import Network


class Trainable(Protocol):
    """A module that can be trained: `neuro.backends.torch.module.SpikingModule`, or one like it.

    All but what is here is `torch.nn.Module`'s.
    """

    def __call__(self, inputs: Mapping[str, Tensor], /) -> Any:
        """What the loss and the measure get, of a batch of inputs of shape (steps, batch, n)."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """What is trained."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint keeps."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> Any:
        """Go back to what `state_dict` gave."""
        ...

    def to(self, device: torch.device, /) -> Any:
        """Move it."""
        ...

    def clamp_(self) -> Any:
        """Bring values back to where they may be; called after each step of the optimiser."""
        ...

    @property
    def fingerprint(self) -> str:
        """The same text for the same model with the same trained values, whatever they are now."""
        ...

    def rates(self, output: Any, /) -> dict[str, float]:
        """Mean spikes of a cell in a step, by population."""
        ...

    def first_bad(self, inputs: Mapping[str, Tensor], /) -> str:
        """The first place with a value that is not finite, in words; "" if there is none."""
        ...

    def to_network(self) -> Network:
        """The network with the values that were trained."""
        ...
