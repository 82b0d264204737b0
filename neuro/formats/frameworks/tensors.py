"""Numbers out of a framework's tensors, as float32 or float64 arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import UnsupportedError

_FLOATS = ("float32", "float64")


def numbers(value: Any, where: str) -> NDArray[Any]:
    """A tensor (or number) as an array in single or double precision.

    Python's numbers and whole numbers become float32: they take the precision of what they are
    combined with, in torch as in JAX.

    Raises
    ------
    UnsupportedError
        If it is in another precision, or is no tensor of numbers yet.
    """
    array = _array(value, where)
    if array.ndim == 0 or array.dtype.kind in "iub":
        return array.astype(np.float64 if array.dtype == np.float64 else np.float32)
    if array.dtype.name not in _FLOATS:
        raise UnsupportedError(
            f"{where} is {array.dtype.name}.", hint="Convert the model first: model.float()."
        )
    return array


def _array(value: Any, where: str) -> NDArray[Any]:
    if isinstance(value, int | float):
        return np.asarray(value, np.float32)
    detached = value.detach().cpu() if hasattr(value, "detach") else value
    kind = str(getattr(detached, "dtype", "")).removeprefix("torch.")
    if kind == "bfloat16" or type(value).__name__.startswith("Uninitialized"):
        what = "bfloat16" if kind == "bfloat16" else "not initialised yet"
        raise UnsupportedError(f"{where} is {what}.", hint="Run the model once, in float32.")
    return np.array(detached.numpy() if hasattr(detached, "numpy") else detached)
