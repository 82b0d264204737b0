"""Encodings, losses and files of data."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from neuro.backends.torch.module import Output
from neuro.backends.torch.state import State
from neuro.errors import FileFormatError
from neuro.training import datasets, encodings, losses


def output_of(spikes: torch.Tensor) -> Output:
    return Output(spikes={"out": spikes}, variables={"out/v": spikes * 2}, state=State())


def test_a_rate_is_a_rate_and_repeats() -> None:
    values = torch.tensor([[0.0, 0.3, 1.0]]).repeat(50, 1)
    one = encodings.rate(values, 400, torch.Generator().manual_seed(1))
    two = encodings.rate(values, 400, torch.Generator().manual_seed(1))
    assert torch.equal(one, two)
    assert one.mean((0, 1)).tolist() == pytest.approx([0, 0.3, 1], abs=0.01)


def test_latency_spikes_once_and_larger_is_earlier() -> None:
    spikes = encodings.latency(torch.tensor([[1.0, 0.5, 0.01, 0.0]]), 11)
    assert spikes.sum(0).tolist() == [[1, 1, 1, 0]]
    assert spikes[:, 0, :3].argmax(0).tolist() == [0, 5, 10]


def test_levels_and_direct_and_delta() -> None:
    values = torch.tensor([[0.0, 0.5, 1.0]])
    assert encodings.levels(values, 4).sum(0).tolist() == [[0, 2, 4]]
    assert torch.equal(encodings.direct(values, 3)[2], values)
    signal = torch.tensor([0.0, 0.4, 0.4, 0.1]).view(4, 1, 1)
    assert encodings.delta(signal, 0.2)[:, 0].tolist() == [[0, 0], [1, 0], [0, 0], [0, 1]]


def test_losses_are_small_where_the_right_cell_speaks() -> None:
    right = torch.zeros(10, 1, 3)
    right[:, 0, 1] = 1
    for loss in (
        losses.spike_count("out"),
        losses.spike_rate("out"),
        losses.target_rate("out", correct=1.0, incorrect=0.0),
        losses.membrane("out/v", over="max"),
        losses.first_spike("out"),
    ):
        good, bad = (loss(output_of(right), torch.tensor([label])) for label in (1, 0))
        assert good < bad
    assert losses.most_spikes("out")(output_of(right)).tolist() == [1]
    assert losses.largest("out/v", over="last")(output_of(right)).tolist() == [1]


def test_the_time_of_the_first_spike_has_a_gradient() -> None:
    spikes = torch.zeros(6, 1, 2)
    spikes[2, 0, 0] = spikes[4, 0, 0] = 1
    spikes.requires_grad_()
    latency = losses.latency(spikes)
    assert latency.tolist() == [[2, 6]]
    latency.sum().backward()
    assert spikes.grad is not None
    assert spikes.grad[2, 0, 0] < 0 or spikes.grad[1, 0, 0] < 0


def test_totals_and_penalties() -> None:
    spikes = torch.full((4, 1, 2), 0.5)
    penalty = losses.rate_penalty("out", 0.1, weight=2.0)
    label = torch.tensor([0])
    assert penalty(output_of(spikes), label).item() == pytest.approx(2 * 0.16)
    both = losses.total(penalty, penalty)(output_of(spikes), label)
    assert both.item() == pytest.approx(4 * 0.16)


def idx(array: np.ndarray) -> bytes:  # type: ignore[type-arg]
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def test_idx_files_plain_and_gzipped(tmp_path: Path) -> None:
    images, labels = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256, np.array([3, 4])
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    found = datasets.mnist(tmp_path, "train")
    assert np.array_equal(found[0], images)
    assert found[1].tolist() == [3, 4]
    with pytest.raises(FileFormatError, match="t10k-images"):
        datasets.mnist(tmp_path, "test")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"abc", "no IDX"),
        (b"\0\0\x08\x03\0\0", "cut short"),
        (idx(np.zeros(5))[:-2], "holds 3 bytes"),
    ],
)
def test_bad_idx_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=words):
        datasets.read_idx(path)


def test_permutations_differ_and_keep_the_pixels() -> None:
    images = np.arange(784, dtype=np.int64).reshape(1, 28, 28).astype(np.uint8)
    one, two = datasets.permuted(images, 0), datasets.permuted(images, 1)
    assert not np.array_equal(one, two)
    assert np.array_equal(np.sort(one, axis=None), np.sort(images, axis=None))
    assert datasets.sequence(images, 28).shape == (1, 28, 28)
