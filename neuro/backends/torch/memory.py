"""Large tensors of the CPU in large pages.

torch asks the system for memory anew for each large tensor, 4 KB at a time; touching it first costs more than
computing what goes into it.  numpy asks for pages of 2 MB where the system has them, with no other effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor

LARGE = 1 << 22
"""Bytes from which numpy asks for large pages."""

_KINDS = {torch.float32: np.float32, torch.float64: np.float64}


def empty(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """A tensor that nothing has been written into."""
    kind = _KINDS.get(dtype)
    if device.type != "cpu" or kind is None or prod(shape) * np.dtype(kind).itemsize < LARGE:
        return torch.empty(*shape, dtype=dtype, device=device)
    return torch.from_numpy(np.empty(tuple(shape), kind))


def empty_like(tensor: Tensor) -> Tensor:
    """One of the same shape and kind, one value after the other."""
    return empty(tensor.shape, tensor.dtype, tensor.device)


def zeros(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """A tensor of zeros."""
    return empty(shape, dtype, device).zero_()
