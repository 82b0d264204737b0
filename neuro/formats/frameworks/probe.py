"""What a surrogate function puts out in the forward pass: tried on a few numbers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from neuro.formats.frameworks.tensors import numbers

_TRIED = (-1e3, -1.0, -1e-3, -1e-30, 0.0, 1e-30, 1e-3, 0.4, 1.0, 1e3)


def fires_above(function: Callable[[Any], Any], like: Any) -> bool:
    """True if `function` is 1 above zero and 0 elsewhere.

    Parameters
    ----------
    function
        A surrogate of torch.
    like
        A tensor that says where and in which precision numbers are.
    """
    return _is_step(function, like, np.array(_TRIED) > 0)


def fires_from(function: Callable[[Any], Any], like: Any) -> bool:
    """True if `function` is 1 from zero on and 0 below."""
    return _is_step(function, like, np.array(_TRIED) >= 0)


def _is_step(function: Callable[[Any], Any], like: Any, expected: Any) -> bool:
    torch: Any = import_module("torch")

    device = getattr(like, "device", "cpu")
    tried = torch.tensor(_TRIED, dtype=torch.float32, device=device)
    with torch.no_grad():
        found = numbers(function(tried), "a surrogate's output")
    return bool(np.array_equal(found, expected.astype(found.dtype)))
