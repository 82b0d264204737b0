"""NIR's data files, and tables as input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuro
from neuro.errors import FileFormatError, NeuroError
from neuro.formats.nir.data import read_input, read_nir_data, write_nir_data
from tests.formats.nir.one_neuron import DT, graph
from tests.formats.nir.wild import odd_values, write


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


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 29), st.integers(0, 4)), max_size=40))
def test_any_spikes_go_out_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, spikes: set[tuple[int, int]]
) -> None:
    """And run the network that they are given to, as they would have without the file."""
    net = neuro.NetworkBuilder(name="net", dt=0.1)
    net.population(5, neuro.SpikeSourceArray(), label="in")
    table = np.array(sorted(spikes), np.int64).reshape(-1, 2)
    given_spikes = {"in": (table[:, 0], table[:, 1])}
    recording = neuro.simulate(net.build(), 30, inputs=given_spikes, backend="reference")
    path = write_nir_data(recording, tmp_path_factory.getbasetemp() / "spikes.h5")
    grid = read_nir_data(path, 1e-4)["in"]
    assert grid.shape == (30, 5)
    assert {(int(step), int(cell)) for step, cell in np.argwhere(grid)} == spikes


def test_grids_and_weighted_events_come_in_as_nir_writes_them(tmp_path: Path) -> None:
    nir = pytest.importorskip("nir")
    grid = np.random.default_rng(0).normal(size=(1, 12, 3))
    times, cells = np.array([2.0, 2.0, 5.0]) * DT, np.array([0, 0, 2])
    kinds = {
        "grid": nir.TimeGriddedData(data=grid, dt=DT),
        "events": nir.EventData(idx=cells[None], time=times[None], n_neurons=3, t_max=12 * DT),
        "weighted": nir.ValuedEventData(
            idx=cells[None], time=times[None], value=np.array([[0.5, 1.0, -2.0]]), n_neurons=3,
            t_max=12 * DT,
        ),
    }  # fmt: skip
    nodes = {name: nir.NIRNodeData({"observed": data}) for name, data in kinds.items()}
    nir.write_data(str(tmp_path / "in.h5"), nir.NIRGraphData(nodes))
    found = read_nir_data(tmp_path / "in.h5", DT)
    np.testing.assert_array_equal(found["grid"], grid[0])
    assert found["events"][[2, 5]].tolist() == [[2, 0, 0], [0, 0, 1]]
    assert found["weighted"][[2, 5]].tolist() == [[1.5, 0, 0], [0, 0, -2]]
    with pytest.raises(FileFormatError, match=r"node 'grid': has steps of 0\.0001 s"):
        read_nir_data(tmp_path / "in.h5", 2 * DT)


def event_tree(**changes: Any) -> Any:
    """A data file as groups, for `wild.write`; attributes are set by `write_attributes`."""
    values: dict[str, Any] = {"idx": np.array([0, 1]), "time": np.array([DT, 2 * DT])}
    return {"nodes": {"in": {"observables": {"spikes": values | changes}}}}


def write_attributes(path: Path, **changes: Any) -> Path:
    with h5py.File(path, "r+") as file:
        file.attrs["__type__"] = "NIRGraphData"
        group = file["nodes/in/observables/spikes"]
        given = {"__type__": "EventData", "n_neurons": 3, "t_max": 10 * DT, "dt": DT} | changes
        for key, value in given.items():
            if value is not None:
                group.attrs[key] = value
    return path


@pytest.mark.parametrize(
    ("changes", "attributes", "message"),
    [
        ({"time": np.array([DT, np.nan])}, {}, "in', time: .*finite"),
        ({"idx": np.array([0, 7])}, {}, "outside its 3 neurons"),
        ({"idx": np.array([0.5, 1])}, {}, "outside its 3 neurons"),
        ({"time": np.array([-DT, DT])}, {}, "outside its 3 neurons"),
        ({"time": np.array([DT])}, {}, "not as many times"),
        ({"idx": np.bytes_(b"x")}, {}, "other than finite numbers"),
        ({}, {"n_neurons": None}, "is no NIR data"),
        ({}, {"t_max": np.inf}, "is no NIR data"),
        ({}, {"__type__": "Sound"}, "holds 'Sound'.*Known: EventData"),
        ({"data": np.zeros((2, 2))}, {"__type__": "TimeGriddedData", "dt": np.nan}, "steps of nan"),
    ],
)
def test_broken_data_are_refused(
    tmp_path: Path, changes: dict[str, Any], attributes: dict[str, Any], message: str
) -> None:
    path = write_attributes(write(tmp_path / "in.h5", event_tree(**changes)), **attributes)
    with pytest.raises(FileFormatError, match=message):
        read_input(path, DT)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(["idx", "time", "value", "data"]), odd_values(), st.booleans())
def test_any_data_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any, gridded: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "in.h5"
    write(path, event_tree(**{"data": np.zeros((2, 2)), name: value}))
    kind = "TimeGriddedData" if gridded else "EventData"
    try:
        found = read_input(write_attributes(path, __type__=kind), DT)
    except NeuroError as error:
        refusal = str(error)
    else:
        assert found["in"].ndim == 2
        return
    assert "in.h5" in refusal


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
