"""Tasks that come one after the other: the same images with their pixels in another order each time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.errors import ParameterError
from neuro.training import datasets

MEAN, SPREAD = 0.1307, 0.3081
"""Of MNIST's pixels, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Images with labels.

    Attributes
    ----------
    values
        uint8, shape (samples, pixels).
    labels
        int64, shape (samples,).
    """

    values: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """How many there are."""
        return len(self.labels)

    def part(self, start: int, stop: int | None = None) -> Samples:
        """Some of them."""
        return Samples(values=self.values[start:stop], labels=self.labels[start:stop])


def samples_of(images: NDArray[np.generic], labels: NDArray[np.generic], classes: int) -> Samples:
    """Samples from arrays, which are checked as by `neuro.training.datasets.labelled`."""
    checked = datasets.labelled(
        images.reshape(len(images), -1),
        labels,
        classes=classes,
        source="images",
        encoding=lambda values, generator: values,
    )
    return Samples(values=checked.values, labels=checked.labels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """Tasks; a sample has the number ``task * len(train) + sample``.

    Attributes
    ----------
    train, test
        The images, in their first order.
    orders
        The order of pixels in each task; int64, shape (tasks, pixels).
    classes
        How many there are.
    mean, spread
        What is taken off pixels, from 0 to 1, and what they are then divided by.
    """

    train: Samples
    test: Samples
    orders: Tensor
    classes: int
    mean: float = MEAN
    spread: float = SPREAD

    @property
    def tasks(self) -> int:
        """How many there are."""
        return len(self.orders)

    @property
    def pixels(self) -> int:
        """Pixels of an image."""
        return self.train.values.shape[1]

    def batch(self, numbers: Tensor, split: str = "train") -> tuple[Tensor, Tensor]:
        """Images, float32 of shape (batch, pixels), and labels.

        Parameters
        ----------
        numbers
            Which samples.
        split
            ``"train"`` or ``"test"``.
        """
        source = self.train if split == "train" else self.test
        task, sample = numbers // len(source), numbers % len(source)
        moved = source.values[sample].gather(1, self.orders[task])
        images = (moved.float() / 255 - self.mean) / self.spread
        return images, source.labels[sample]

    def numbers(self, task: int, split: str = "train") -> Tensor:
        """The numbers of all samples of a task."""
        count = len(self.train if split == "train" else self.test)
        return torch.arange(task * count, (task + 1) * count)

    def fingerprint(self) -> str:
        """The same text for the same tasks."""
        digest = hashlib.sha256()
        for samples in (self.train, self.test):
            digest.update(samples.values.numpy().tobytes())
            digest.update(samples.labels.numpy().tobytes())
        digest.update(self.orders.numpy().tobytes())
        return digest.hexdigest()[:16]

    def prefix(self, tasks: int, samples: int, held_out: int) -> Stream:
        """Its first tasks with few samples; held-out training samples take the place of the tests."""
        last = len(self.train) - held_out
        return replace(
            self,
            train=self.train.part(0, min(samples, last)),
            test=self.train.part(last),
            orders=self.orders[:tasks],
        )


def permuted_mnist(
    path: Path, *, tasks: int, run: int = 0, samples: int = 0, test_samples: int = 0
) -> Stream:
    """Permuted MNIST; every task, the first too, has an order of its own.

    Parameters
    ----------
    path
        As for `neuro.training.datasets.mnist`.
    tasks
        How many.
    run
        Chooses the orders; see `neuro.training.datasets.permuted`.
    samples, test_samples
        Take only so many; 0 takes all.

    Raises
    ------
    ParameterError
        If there is no task.
    FileFormatError
        If the data are missing or damaged.
    """
    if tasks < 1:
        raise ParameterError(f"is {tasks}.", where="tasks", hint="Give 1 or more.")
    train = samples_of(*datasets.mnist(path, "train"), 10)
    test = samples_of(*datasets.mnist(path, "test"), 10)
    pixels = train.values.shape[1]
    orders = np.stack([datasets.permutation(pixels, task, run) for task in range(tasks)])
    return Stream(
        train=train.part(0, samples or None),
        test=test.part(0, test_samples or None),
        orders=torch.from_numpy(orders),
        classes=10,
    )
