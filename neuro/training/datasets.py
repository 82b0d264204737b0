"""Data: images with labels, from ``mnist.npz`` or IDX files, whole, by pixel, or permuted."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.errors import FileFormatError, ParameterError
from neuro.training.task import Inputs

Encoding = Callable[[Tensor, torch.Generator], Tensor]
"""From values, shape (batch, ...), to what an input gets, shape (steps, batch, n)."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Samples in memory, encoded when they are asked for.

    Attributes
    ----------
    values
        Shape (samples, ...); whole numbers up to 255 are divided by 255.
    labels
        int64, shape (samples,).
    source
        Which input of the network they are for.
    encoding
        Makes spikes or currents of them.
    """

    values: Tensor
    labels: Tensor
    source: str
    encoding: Encoding

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.labels)

    def batch(self, index: Tensor, generator: torch.Generator) -> tuple[Inputs, Tensor]:
        """Encoded samples and their labels."""
        values = self.values[index]
        if values.dtype == torch.uint8:
            values = values.float() / 255
        return {self.source: self.encoding(values, generator)}, self.labels[index]


def labelled(
    values: NDArray[np.generic],
    labels: NDArray[np.generic],
    *,
    classes: int,
    source: str,
    encoding: Encoding,
) -> Labelled:
    """Samples from arrays.

    Parameters
    ----------
    values, labels
        As in `Labelled`.
    classes
        How many classes there are.
    source, encoding
        As in `Labelled`.

    Raises
    ------
    ParameterError
        If there are not as many labels as samples, or one is not 0 to `classes` - 1.
    """
    if len(values) != len(labels):
        raise ParameterError(
            f"there are {len(values)} samples and {len(labels)} labels.", where="data"
        )
    known = np.asarray(labels).astype(np.int64)
    wrong = np.flatnonzero((known < 0) | (known >= classes))
    if len(wrong):
        raise ParameterError(
            f"sample {wrong[0]} has label {known[wrong[0]]}; there are {classes} classes "
            f"({len(wrong):,} such samples).",
            where="data, labels",
            hint=f"Labels are 0 to {classes - 1}.",
        )
    return Labelled(
        torch.from_numpy(np.ascontiguousarray(values)), torch.from_numpy(known), source, encoding
    )


# MNIST -----------------------------------------------------------------------------------------

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


def mnist(path: Path, split: str) -> Arrays:
    """Images (n, 28, 28) and labels of ``"train"`` or ``"test"``.

    Parameters
    ----------
    path
        An ``mnist.npz`` with ``x_train``, ``y_train``, ``x_test`` and ``y_test``; or a folder with
        the four IDX files, gzipped or not.
    split
        Which part.

    Raises
    ------
    FileFormatError
        If it is missing or damaged.
    """
    if path.is_dir():
        prefix = {"train": "train", "test": "t10k"}[split]
        images = read_idx(_idx(path, f"{prefix}-images-idx3-ubyte"))
        return images, read_idx(_idx(path, f"{prefix}-labels-idx1-ubyte")).astype(np.int64)
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            return file[f"x_{split}"], file[f"y_{split}"].astype(np.int64)
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise FileFormatError(
            f"cannot be read: {error}.",
            where=str(path) or "data",
            hint="Give an mnist.npz, or a folder with MNIST's four IDX files: --data PATH.",
        ) from error


def _idx(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise FileFormatError(
        f"has no {name}, gzipped or not.", where=str(folder), hint="MNIST has four IDX files."
    )


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of bytes in an IDX file.

    Raises
    ------
    FileFormatError
        If it is not one, or is cut short.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        raise FileFormatError(f"cannot be read: {error}.", where=str(path)) from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise FileFormatError("is no IDX file of bytes.", where=str(path))
    axes = content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise FileFormatError("is cut short.", where=str(path))
    shape = struct.unpack(f">{axes}I", content[4:start])
    if len(content) - start != int(np.prod(shape)):
        raise FileFormatError(
            f"holds {len(content) - start:,} bytes for shape {shape}.", where=str(path)
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def permuted(images: NDArray[np.uint8], task: int, run: int = 0) -> NDArray[np.uint8]:
    """Images with their pixels shuffled as in task `task` of a run of permuted MNIST.

    The order is that of HLOP's reference: a shuffle seeded with ``run * 100 + task``.
    """
    order = permutation(images[0].size, task, run)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


def permutation(pixels: int, task: int, run: int = 0) -> NDArray[np.int64]:
    """The order of pixels in `permuted`; shape (pixels,)."""
    order = np.arange(pixels)
    np.random.RandomState(run * 100 + task).shuffle(order)
    return order


def sequence(images: NDArray[np.uint8], width: int = 1) -> NDArray[np.uint8]:
    """Images read `width` pixels at a time: shape (n, pixels / width, width)."""
    return images.reshape(len(images), -1, width)


def split(arrays: Arrays, held_out: float, seed: int) -> tuple[Arrays, Arrays]:
    """A share of the samples held out, drawn with `seed`: (the others, those)."""
    order = np.random.default_rng(seed).permutation(len(arrays[1]))
    count = round(held_out * len(order))
    chosen, others = np.sort(order[:count]), np.sort(order[count:])
    return (arrays[0][others], arrays[1][others]), (arrays[0][chosen], arrays[1][chosen])
