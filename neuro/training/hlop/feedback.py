"""How errors go back through a layer: with its own weights, with fixed ones, or with their signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from neuro.errors import unknown_name

Feedback: TypeAlias = Literal["exact", "alignment", "sign"]
"""``"exact"``; ``"alignment"``: a fixed random matrix; ``"sign"``: the signs of the weights."""

_Path: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From weights and what was drawn to the weights that errors pass."""

PATHS: dict[str, _Path] = {
    "exact": lambda weight, drawn: weight,
    "alignment": lambda weight, drawn: drawn,
    "sign": lambda weight, drawn: weight.sign() * sign_scale(weight),
}


def path(name: str) -> _Path:
    """The error path called `name`.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in PATHS:
        raise unknown_name(name, PATHS, kind="error path", where="feedback")
    return PATHS[name]


def sign_scale(weight: Tensor) -> float:
    """Size of the entries of a sign-symmetric matrix.

    ``1 / sqrt(n_in)`` for a matrix (n_in, n_out); ``sqrt(2 / (k * k * c_out))`` for kernels
    (c_out, c_in, k, k).
    """
    if weight.ndim == 2:
        return 1 / math.sqrt(weight.shape[0])
    return math.sqrt(2 / (weight[0, 0].numel() * weight.shape[0]))


def drawn_like(weight: Tensor, generator: torch.Generator | None) -> Tensor:
    """Weights drawn as those of torch's layers: uniform, within ``1 / sqrt(inputs of a cell)``."""
    inputs = weight.shape[0] if weight.ndim == 2 else weight[0].numel()
    bound = 1 / math.sqrt(inputs)
    return nn.init.uniform_(torch.empty_like(weight), -bound, bound, generator=generator)
