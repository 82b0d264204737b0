"""What random networks of the torch frameworks have in common: weights, layers, a run."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch

STEPS = 40


class Numbers:
    """Random numbers; half of the networks have multiples of 1/64, whose sums are always exact."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.dyadic = bool(seed % 2)

    def weights(self, *shape: int) -> Any:
        drawn = self.rng.normal(0.35, 0.7, shape)
        return torch.tensor(
            np.round(drawn * 64) / 64 if self.dyadic else drawn, dtype=torch.float32
        )

    def between(self, low: float, high: float, shape: tuple[int, ...]) -> Any:
        drawn = self.rng.uniform(low, high, shape)
        return torch.tensor(
            np.round(drawn * 64) / 64 if self.dyadic else drawn, dtype=torch.float32
        )

    def filled(self, layer: Any) -> Any:
        """`layer` with random weights."""
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(self.weights(*parameter.shape))
        return layer

    def linear(self, n_in: int, n_out: int) -> Any:
        return self.filled(torch.nn.Linear(n_in, n_out, bias=bool(self.rng.random() < 0.5)))

    def normalised(self, layer: Any) -> Any:
        """A batch normalisation with statistics of its own, in evaluation mode."""
        with torch.no_grad():
            layer.running_mean.copy_(self.weights(len(layer.running_mean)) / 4)
            layer.running_var.copy_(self.between(0.5, 2, (len(layer.running_var),)))
            layer.weight.copy_(self.between(0.5, 1.5, (len(layer.weight),)))
            layer.bias.copy_(self.weights(len(layer.bias)) / 4)
        return layer.eval()


def events(seed: int, shape: tuple[int, ...], steps: int = STEPS) -> NDArray[Any]:
    """Random input spikes."""
    return (np.random.default_rng(seed).random((steps, *shape)) < 0.4).astype(np.float32)


@dataclass(frozen=True)
class Watched:
    """What layers did: shape (steps, cells), by name.

    Attributes
    ----------
    spikes
        Whether they put out something.
    membranes
        Their membranes after each step.
    """

    spikes: Mapping[str, NDArray[Any]]
    membranes: Mapping[str, NDArray[Any]]


def watched(
    net: Any,
    watch: Callable[[Any], bool],
    run: Callable[[], Any],
    membrane: Callable[[Any, Any], Any] = lambda module, out: module.mem,
) -> Watched:
    """What the layers that `watch` chooses do during `run`.

    `membrane` finds it in a module and what the module returns.
    """
    spikes: dict[str, list[NDArray[Any]]] = {}
    membranes: dict[str, list[NDArray[Any]]] = {}
    hooks = []
    for name, module in net.named_modules():
        if watch(module):

            def keep(module: Any, _: Any, out: Any, name: str = name) -> None:
                shown = out[0] if isinstance(out, tuple) else out
                inside = membrane(module, out).detach().numpy()
                spikes.setdefault(name, []).append(shown.detach().numpy().reshape(-1) != 0)
                membranes.setdefault(name, []).append(inside.reshape(-1).copy())

            hooks.append(module.register_forward_hook(keep))
    with torch.no_grad():
        run()
    for hook in hooks:
        hook.remove()
    return Watched(*({k: np.array(v) for k, v in found.items()} for found in (spikes, membranes)))


def doubled(net: Any) -> Any:
    """A copy in double precision; surrogates of snnTorch put out single precision in any case."""
    made = copy.deepcopy(net).double()
    for module in made.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            module.register_forward_pre_hook(lambda _, given: (given[0].double(),))
    return made
