"""Networks as files: text and HDF5 come back equal; what is damaged or newer is refused."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError, StorageError
from neuro.formats import network_file
from neuro.ir.network import Network
from tests.formats.test_text import everything
from tests.networks import synapse_case


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return neuro.save_network(everything(), tmp_path / "net.h5")


def load_error(path: Path) -> FileFormatError:
    with pytest.raises(FileFormatError) as caught:
        neuro.load_network(path)
    assert str(path) in caught.value.where
    return caught.value


@pytest.mark.parametrize("name", ["net.h5", "net.hdf5", "net.txt", "deep/er/net.nir.txt"])
@pytest.mark.parametrize("make", [everything, lambda: synapse_case("calcium").network])
def test_a_network_comes_back_equal(tmp_path: Path, name: str, make: object) -> None:
    network: Network = make()  # type: ignore[operator]
    path = neuro.save_network(network, str(tmp_path / name))
    assert path == tmp_path / name
    again = neuro.load_network(path)
    assert again == network
    assert again.content_hash == network.content_hash


def test_long_arrays_lie_beside_the_text(saved: Path) -> None:
    with h5py.File(saved) as file:
        text = file["text"][()].decode()
        assert "weight @" in text
        np.testing.assert_array_equal(file["arrays/s_to_b/weight"], np.eye(8))
        assert file.attrs["hash"] == everything().content_hash


def test_an_array_that_was_changed_is_noticed(saved: Path) -> None:
    with h5py.File(saved, "r+") as file:
        file["arrays/s_to_b/weight"][0, 0] = 2.0
    error = load_error(saved)
    assert "was changed after it was written" in error.what
    assert "save the network again" in error.hint


def test_a_missing_array_is_named(saved: Path) -> None:
    with h5py.File(saved, "r+") as file:
        del file["arrays/s_to_b/weight"]
    assert "'@s_to_b/weight' is missing" in load_error(saved).what


def test_a_newer_schema_is_refused(saved: Path) -> None:
    with h5py.File(saved, "r+") as file:
        file.attrs["schema"] = network_file.SCHEMA + 1
    error = load_error(saved)
    assert f"has schema {network_file.SCHEMA + 1}" in error.what
    assert "Install a newer" in error.hint


def test_a_newer_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.txt"
    path.write_text("neuro-ir 7\n")
    error = load_error(path)
    assert "has version 7; this version reads 1" in error.what
    assert "line 1" in error.where


@pytest.mark.parametrize("part", [0, 8, 100, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused_wherever_it_ends(saved: Path, part: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: part if isinstance(part, int) else int(part * len(whole))])
    error = load_error(saved)
    assert error.what
    assert error.hint


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_truncated_file_of_a_killed_writer_is_refused(saved: Path, share: float) -> None:
    with h5py.File(saved, "r+", libver=("v110", "v110")) as file:
        file.swmr_mode = True
        whole = saved.read_bytes()
    saved.write_bytes(whole)
    assert neuro.load_network(saved) == everything()
    saved.write_bytes(whole[: int(share * len(whole))])
    assert "may be truncated" in load_error(saved).hint


def test_other_files_are_refused(tmp_path: Path, saved: Path) -> None:
    text = neuro.save_network(everything(), tmp_path / "net.txt")
    disguised = text.rename(tmp_path / "text.h5")
    assert "is not a complete HDF5 file" in load_error(disguised).what
    binary = saved.rename(tmp_path / "binary.txt")
    error = load_error(binary)
    assert "is not text" in error.what
    assert ".h5" in error.hint
    empty = tmp_path / "empty.h5"
    h5py.File(empty, "w").close()
    assert "holds something unknown, not a neuro-network" in load_error(empty).what


@pytest.mark.parametrize("name", ["nothing.h5", "nothing.txt", "."])
def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    assert load_error(tmp_path / name).hint == "Check the path."


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for name in ("net.h5", "net.txt"):
        with pytest.raises(StorageError) as caught:
            neuro.save_network(everything(), tmp_path / "file" / name)
        assert str(tmp_path / "file" / name) in str(caught.value)
        assert "choose another place" in str(caught.value)
