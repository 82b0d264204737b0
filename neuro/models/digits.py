"""Pictures of digits: MNIST from a file, and digits set in type, which need no data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, ParameterError

SIDE = 28
"""Rows and columns of a picture."""


def typed_digit(digit: int) -> NDArray[np.float64]:
    """A digit set in matplotlib's own type, in the size and place of MNIST's; shape (28, 28).

    Raises
    ------
    ParameterError
        If it is not 0 to 9.
    """
    if not 0 <= digit <= 9:
        raise ParameterError(f"is {digit}.", where="digit", hint="Use 0 to 9.")
    from matplotlib.textpath import TextPath

    outline = TextPath((0, 0), str(digit), size=20)
    box = outline.get_extents()
    scale = 20 / box.height
    at = (np.arange(SIDE * 4) + 0.5) / 4 - SIDE / 2
    x, y = np.meshgrid(at / scale + (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2 - at / scale)
    inside = outline.contains_points(np.column_stack([x.ravel(), y.ravel()]))
    fine: NDArray[np.float64] = inside.reshape(SIDE, 4, SIDE, 4).mean(axis=(1, 3))
    return fine


def load_images(path: Path, split: str = "test") -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images, shape (n, 28, 28) from 0 to 1, and labels, from an ``mnist.npz``.

    Raises
    ------
    FileFormatError
        If there is no such file, or it is not one.
    """
    try:
        with np.load(path) as file:
            return file[f"x_{split}"] / 255.0, file[f"y_{split}"].astype(np.int64)
    except (OSError, KeyError, ValueError) as error:
        raise FileFormatError(
            f"cannot be read: {error}.",
            where=str(path) or "data",
            hint="Give the path of an mnist.npz with x_test and y_test: --set data=PATH.",
        ) from error


def chosen_digit(parameters: dict[str, Any], source: str) -> tuple[NDArray[np.float64], int]:
    """The picture, shape (28, 28), and class that a model's parameters ask for.

    `source` is ``"type"``, for ``digit``, or ``"data"``, for number ``image`` of the file ``data``.

    Raises
    ------
    ParameterError, FileFormatError
        If there is no such digit, image or file.
    """
    if source == "type":
        return typed_digit(int(parameters["digit"])), int(parameters["digit"])
    images, labels = load_images(Path(parameters["data"]))
    number = int(parameters["image"])
    if not 0 <= number < len(images):
        hint = f"Images are 0 to {len(images) - 1}."
        raise ParameterError(f"there is no image {number}.", where="image", hint=hint)
    return images[number], int(labels[number])
