"""Permuted MNIST on a small part of the data: who forgets (the direction, no figures)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neuro.training import datasets
from neuro.training.hlop.run import ContinualRun
from neuro.training.hlop.scores import average_accuracy, backward_transfer
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.stream import MEAN, SPREAD, Stream, permuted_mnist


@pytest.fixture
def stream(shared: Path) -> Stream:
    return permuted_mnist(shared / "mnist.npz", tasks=3, samples=3000, test_samples=500)


def matrix_of(stream: Stream, method: str) -> list[list[float]]:
    settings = Settings(
        method=method,  # type: ignore[arg-type]
        hidden=(100, 100),
        first_rows=(80, 40, 40),
        later_rows=(30,),
        learning_rate=0.2,
        epochs=2,
        batch=32,
    )
    run = ContinualRun(stream, settings)
    assert run.run()
    return run.progress.matrix


def test_without_protection_it_forgets_more_than_with_hlop(stream: Stream) -> None:
    plain, protected = matrix_of(stream, "none"), matrix_of(stream, "hlop")
    forgot, kept = backward_transfer(plain), backward_transfer(protected)
    assert forgot is not None
    assert kept is not None
    assert forgot < kept - 0.01
    assert average_accuracy(protected) > average_accuracy(plain)
    assert min(row[-1] for row in protected) > 0.7


def test_tasks_are_those_of_the_reference_code(stream: Stream) -> None:
    order = np.arange(784)
    np.random.seed(2)  # noqa: NPY002 - as the reference code draws it
    np.random.shuffle(order)  # noqa: NPY002
    assert stream.orders[2].tolist() == order.tolist()
    images, labels = stream.batch(torch.tensor([2 * 3000 + 7]))
    pixels = (stream.train.values[7].float() / 255 - MEAN) / SPREAD
    torch.testing.assert_close(images[0], pixels[torch.from_numpy(order)])
    assert labels.tolist() == [int(stream.train.labels[7])]
    assert datasets.permutation(784, 2).tolist() == order.tolist()
