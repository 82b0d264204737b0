"""Arrays that users give to models have the shape that is needed, or are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError

Matrix = NDArray[np.floating[Any]]


def shaped(values: Matrix, shape: tuple[int, ...], where: str) -> Matrix:
    """`values`, if they have this shape.

    Raises
    ------
    ParameterError
        If they have another.
    """
    if np.shape(values) != shape:
        raise ParameterError(
            f"has shape {np.shape(values)}.", where=where, hint=f"Needed: {shape}."
        )
    return values
