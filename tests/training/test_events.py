"""Recordings of event sensors become spikes in steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from neuro.errors import FileFormatError, ParameterError
from neuro.training.events import EventData, sensor

KIND = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.int8)])


class Camera:
    """Two recordings, as a data set of tonic gives them."""

    sensor_size = (4, 3, 2)

    def __init__(self, label: int = 1) -> None:
        self._label = label

    def __len__(self) -> int:
        return 2

    def __getitem__(self, place: int) -> tuple[Any, int]:
        listed = [[(1, 2, 0, 1), (1, 2, 900, 1), (3, 0, 2500, 0)], [(0, 0, 9999, 0)]]
        return np.array(listed[place], KIND), self._label


def data(**changes: Any) -> EventData:
    given = {"sizes": sensor(Camera()), "steps": 3, "width": 1000.0, "classes": 2}
    return EventData(**{"recordings": Camera(), "source": "eye", **given, **changes})


def batch(own: EventData) -> tuple[torch.Tensor, torch.Tensor]:
    inputs, labels = own.batch(torch.tensor([0, 1]), torch.Generator())
    return inputs["eye"], labels


def test_events_are_put_into_steps_and_cells() -> None:
    spikes, labels = batch(data())
    assert spikes.shape == (3, 2, 24)
    assert labels.tolist() == [1, 1]
    expected = {(0, 0, 12 + 2 * 4 + 1), (2, 0, 3)}  # polarity, then row, then column
    assert {tuple(place) for place in spikes.nonzero().tolist()} == expected


def test_addresses_can_be_coarser() -> None:
    own = data(divide={"x": 2, "y": 2})
    spikes, _ = batch(own)
    assert own.cells == 2 * 2 * 2
    assert {tuple(place) for place in spikes.nonzero().tolist()} == {(0, 0, 6), (2, 0, 1)}


def test_axes_of_one_value_are_left_out() -> None:
    class Cochlea:
        sensor_size = (700, 1, 1)

    assert sensor(Cochlea()) == {"x": 700}
    with pytest.raises(ParameterError, match="sensor_size"):
        sensor(object())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"sizes": {"x": 3}}, FileFormatError, "recording 0, event 2 has x = 3"),
        ({"sizes": {"row": 3}}, FileFormatError, "no 'row'"),
        ({"recordings": Camera(label=2)}, ParameterError, "recording 0 has label 2"),
    ],
)
def test_what_does_not_fit_is_named(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        batch(data(**changes))


def test_steps_must_be_positive() -> None:
    with pytest.raises(ParameterError, match="0 steps"):
        data(steps=0)


def test_data_sets_of_tonic_are_read_as_they_are(tmp_path: Path) -> None:
    """Spiking Heidelberg Digits, of which two made-up recordings lie where tonic looks for them."""
    datasets = pytest.importorskip("tonic.datasets", reason="needs tonic: pip install tonic")
    (tmp_path / "SHD").mkdir()
    (tmp_path / "SHD" / "shd_test.h5.zip").touch()
    with h5py.File(tmp_path / "SHD" / "shd_test.h5", "w") as file:
        for name, kind, rows in (
            ("spikes/times", np.float16, [[0.0, 0.25], [0.5]]),
            ("spikes/units", np.uint16, [[3, 699], [12]]),
        ):
            table = file.create_dataset(name, (2,), h5py.vlen_dtype(kind))
            table[0], table[1] = (np.array(row, kind) for row in rows)
        file["labels"] = np.array([4, 19], np.uint16)
        file["extra/keys"], file["extra/speaker"] = np.array([b"zero"]), np.zeros(2)
    shd = datasets.SHD(str(tmp_path), train=False)
    own = data(recordings=shd, sizes=sensor(shd), steps=100, width=10_000.0, classes=20)
    spikes, labels = batch(own)
    assert spikes.shape == (100, 2, 700)
    assert {tuple(place) for place in spikes.nonzero().tolist()} == {
        (0, 0, 3),
        (25, 0, 699),
        (50, 1, 12),
    }
    assert labels.tolist() == [4, 19]
