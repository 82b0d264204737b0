"""NIR's data files, and tables as input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError
from neuro.formats.nir.data import read_input, read_nir_data, write_nir_data
from tests.formats.nir.one_neuron import DT, graph


def recorded() -> neuro.Recording:
    model = neuro.from_nir(graph(), profile="norse", dt=DT)
    values = np.ones((50, 1))
    return model.simulate(values, backend="reference", record=["1"])


def test_spikes_come_back_on_the_same_steps(tmp_path: Path) -> None:
    recording = recorded()
    path = write_nir_data(recording, tmp_path / "data.h5")
    grids = read_nir_data(path, DT)
    step, index = np.nonzero(grids["lif_1"])
    assert len(step) > 3
    np.testing.assert_array_equal(step, recording.spikes["lif_1"].step)
    np.testing.assert_array_equal(index, recording.spikes["lif_1"].index)
    assert grids["input"].shape == (50, 1)


def test_nir_reads_what_we_write_and_we_read_what_it_writes(tmp_path: Path) -> None:
    nir = pytest.importorskip("nir")
    recording = recorded()
    write_nir_data(recording, tmp_path / "ours.h5")
    theirs = nir.read_data(str(tmp_path / "ours.h5"))
    observed = theirs.nodes["lif_1"].observables
    np.testing.assert_allclose(observed["spikes"].time, recording.spikes["lif_1"].step * DT)
    assert observed["v"].data.shape == (1, 50, 1)
    nir.write_data(str(tmp_path / "theirs.h5"), theirs)
    again = read_nir_data(tmp_path / "theirs.h5", DT)
    np.testing.assert_array_equal(again["lif_1"], read_nir_data(tmp_path / "ours.h5", DT)["lif_1"])


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_tables_have_a_row_per_step(tmp_path: Path, suffix: str) -> None:
    rows = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.25]])
    path = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        np.savetxt(path, rows, delimiter=",")
    else:
        np.save(path, rows)
    np.testing.assert_array_equal(read_input(path, DT)[""], rows)


def test_bad_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("one,two\n")
    with pytest.raises(FileFormatError, match=r"bad\.csv.*no table of numbers"):
        read_input(tmp_path / "bad.csv", DT)
    with pytest.raises(FileFormatError, match="does not exist"):
        read_input(tmp_path / "nothing.csv", DT)
    write_nir_data(recorded(), tmp_path / "data.h5")
    (tmp_path / "half.h5").write_bytes((tmp_path / "data.h5").read_bytes()[:900])
    with pytest.raises(FileFormatError, match="is no NIR data"):
        read_input(tmp_path / "half.h5", DT)
    neuro.save_network(
        neuro.from_nir(graph(), profile="norse", dt=DT).network, tmp_path / "network.h5"
    )
    with pytest.raises(FileFormatError, match="is no NIR data"):
        read_input(tmp_path / "network.h5", DT)
