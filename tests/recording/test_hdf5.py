"""Recordings on disk: whole or not at all, and helpful when something is wrong with the file."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError, StorageError
from neuro.recording.data import Recording
from tests.disk import full_disk
from tests.recording.samples import PROVENANCE, assert_same, sample


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A recording on disk."""
    return sample().save(tmp_path / "recording.h5")


def test_what_is_saved_is_loaded_to_the_bit_and_in_order(path: Path) -> None:
    again = Recording.load(path)
    assert_same(again, sample())
    assert again.provenance == PROVENANCE


def test_an_empty_recording_survives(tmp_path: Path) -> None:
    path = Recording({}).save(tmp_path / "empty.h5")
    assert Recording.load(path).spikes == {}


def test_saving_again_replaces_the_file_and_leaves_nothing_else(path: Path) -> None:
    sample(steps=20).save(path)
    assert Recording.load(path).steps == 20
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_only_a_part_can_be_loaded(path: Path) -> None:
    start = neuro.recording.hdf5.load_recording(path, before=7)
    assert start.steps == 7
    assert len(start.spikes["A"]) == 2
    assert start.traces["A"]["v"].values.shape == (7, 2)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.h5: does not exist"):
        Recording.load(tmp_path / "none.h5")


def test_a_file_that_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_text("hello" * 1000)
    with pytest.raises(FileFormatError, match="not a complete HDF5 file"):
        Recording.load(tmp_path / "x.h5")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match=r"recording\.h5"):
        Recording.load(path)


@pytest.mark.parametrize("missing", ["progress", "provenance", "spikes/A/step", "traces/A/v/index"])
def test_a_file_that_lacks_something_is_damaged(path: Path, missing: str) -> None:
    with h5py.File(path, "r+") as file:
        del file[missing]
    with pytest.raises(FileFormatError, match=r"is damaged: .* Restore it from a copy"):
        Recording.load(path)


def test_unreadable_provenance_is_damage(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["provenance"][:4] = np.frombuffer(b"\xff{]}", np.uint8)
    with pytest.raises(FileFormatError, match="is damaged"):
        Recording.load(path)


def test_a_newer_schema_asks_for_a_newer_version(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["schema"] = 99
    with pytest.raises(FileFormatError, match=r"schema 99; .* up to 1. Install a newer"):
        Recording.load(path)


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    with neuro.Session(neuro.NetworkBuilder(dt=1.0).build(), backend="reference") as session:
        path = session.save(tmp_path / "state.h5")
    with pytest.raises(FileFormatError, match="holds neuro-checkpoint, not a neuro-recording"):
        Recording.load(path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FileFormatError, match="something unknown"):
        Recording.load(tmp_path / "other.h5")


def test_a_full_disk_keeps_the_earlier_file(path: Path) -> None:
    with full_disk(4096), pytest.raises(StorageError, match=r"recording\.h5: could not be written"):
        sample(steps=4000).save(path)
    assert_same(Recording.load(path), sample())
    assert [item.name for item in path.parent.iterdir()] == [path.name]
