"""Bad input: refused with the node and the reason, never a traceback; odd input is warned about."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neuro
from neuro.errors import FileFormatError, NeuroError, ParameterError, UnknownNameError
from neuro.formats.nir import read
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.primitives import PRIMITIVES
from tests.formats.nir.graphs import DT, graphs
from tests.formats.nir.one_neuron import graph as one_neuron
from tests.formats.nir.one_neuron import node


def chain(*nodes: Node, edges: tuple[tuple[str, str], ...] | None = None) -> Graph:
    names = [n.name for n in nodes]
    pairs = tuple(pairwise(names)) if edges is None else edges
    return Graph({n.name: n for n in nodes}, pairs)


def lif(name: str = "lif", n: int = 2, **changes: Any) -> Node:
    values = {"tau": np.full(n, 0.01), "r": np.ones(n), "v_leak": np.zeros(n),
              "v_threshold": np.ones(n), **changes}  # fmt: skip
    return node(name, "LIF", **values)


def linear(name: str, n_out: int = 2, n_in: int = 2) -> Node:
    return node(name, "Linear", weight=np.ones((n_out, n_in)))


IN, OUT = node("in", "Input", shape=[2]), node("out", "Output", shape=[2])


def imported(graph: Graph, **more: Any) -> neuro.NIRModel:
    return neuro.from_nir(graph, **({"profile": "norse", "dt": 1e-3} | more))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (chain(IN, linear("fc", 3), lif(), OUT), r"node 'lif' \(LIF\): 'fc' gives 3 numbers"),
        (chain(IN, linear("fc", 2, 5), lif(), OUT), r"node 'fc' .*'in' gives 2 .*it takes 5"),
        (chain(IN, lif(tau=np.zeros(2)), OUT), r"node 'lif' \(LIF\): its tau is 0\."),
        (chain(IN, lif(tau=np.ones(3)), OUT), "shapes that do not fit"),
        (chain(IN, lif(), OUT, edges=(("in", "lif"), ("lif", "no"), ("lif", "nix"))), "'nix', 'no'"),
        (chain(IN, node("c", "Conv1d", weight=np.ones((2, 1)), bias=0, stride=1, padding=0,
                        dilation=1, groups=1), OUT), r"node 'c' .*Needed: 3 axes"),
        (chain(IN, node("d", "Delay", delay=-1.0), lif(), OUT), r"node 'd' .*Delays are 0 or more"),
        (chain(IN, node("s", "Scale", scale=np.ones(3)), lif(), OUT), r"node 's' .*3 numbers"),
        (chain(node("in", "Input", shape=[0]), lif(), OUT), r"node 'in' .*shape is \(0,\)"),
        (chain(lif(), OUT, IN, edges=(("lif", "out"), ("lif", "in"))), r"node 'in' .*ends on it"),
    ],
)  # fmt: skip
def test_a_contradiction_names_node_and_reason(graph: Graph, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        imported(graph)


def test_a_cycle_without_a_neuron_is_named() -> None:
    edges = (("in", "a"), ("a", "b"), ("b", "a"), ("b", "lif"), ("lif", "out"))
    broken = chain(IN, linear("a"), linear("b"), lif(), OUT, edges=edges)
    with pytest.raises(FileFormatError, match="'a', 'b' form or follow a cycle without a neuron"):
        imported(broken)


def test_a_cycle_through_two_layers_needs_consent() -> None:
    edges = (("in", "x"), ("x", "f"), ("f", "y"), ("y", "b"), ("b", "x"), ("y", "out"))
    two = chain(IN, lif("x"), linear("f"), lif("y"), linear("b"), OUT, edges=edges)
    with pytest.raises(ParameterError, match=r"cycle through 'x', 'y' .*\n?.*cycles='stretch'"):
        imported(two)
    stretched = imported(two, cycles="stretch")
    assert [finding.rule for finding in stretched.findings] == ["stretched-cycle"]
    late = chain(IN, lif("x"), linear("f"), lif("y"), node("d", "Delay", delay=2e-3), linear("b"),
                 OUT, edges=(*edges[:3], ("y", "d"), ("d", "b"), *edges[4:]))  # fmt: skip
    exact = imported(late)
    assert not exact.findings
    assert exact.network.projection("b").delay == 1


@pytest.mark.parametrize(
    ("missing", "given"),
    [("dt", {"scheme": "euler", "reset": "value"}), ("reset", {"dt": 1e-3, "scheme": "euler"}),
     ("scheme", {"dt": 1e-3, "reset": "value"})],
)  # fmt: skip
def test_a_fact_that_is_missing_is_asked_for(missing: str, given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=f"from_nir, {missing}: is needed"):
        neuro.from_nir(one_neuron(), **given)


@pytest.mark.parametrize(
    "wrong",
    [{"dt": 0}, {"dt": "soon"}, {"dt": float("nan")}, {"reset": "hard"}, {"scheme": "rk4"}, {"hop": -1},
     {"inputs": "waves"}, {"cycles": "cut"}, {"time_unit": "min"}, {"unit_gain": 2}],
)  # fmt: skip
def test_a_wrong_argument_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=f"from_nir, {next(iter(wrong))}: is "):
        imported(one_neuron(), **wrong)


def test_unknown_words_get_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'norse'"):
        imported(one_neuron(), profile="nurse")
    with pytest.raises(UnknownNameError, match="Did you mean 'unit_gain'"):
        imported(one_neuron(), unit_gains=True)


def test_time_in_another_unit_is_warned_about() -> None:
    def rules(tau: float, **more: Any) -> list[str]:
        return [f.rule for f in imported(chain(IN, lif(tau=np.full(2, tau)), OUT), **more).findings]

    assert rules(20.0) == ["time-unit"]
    assert rules(20.0, time_unit="ms") == rules(20.0, time_unit="steps") == rules(0.02) == []
    assert rules(0.02, time_unit="steps") == ["time-unit"]


def test_weights_that_cannot_fit_say_how_large_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read.os, "sysconf", lambda name: 64)
    wide = chain(
        node("in", "Input", shape=[40]), linear("a", 40, 40), linear("b", 2, 40), lif(), OUT
    )
    with pytest.raises(ParameterError, match=r"node 'a', expanded: needs 38,400 bytes"):
        imported(wide)


@pytest.mark.parametrize("size", [2**30, 2**31])
def test_layers_that_cannot_fit_say_how_large_they_are(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(read.os, "sysconf", lambda name: 1 << 16)  # 4 GiB
    one = {key: np.ones(1) for key in ("tau", "r", "v_leak", "v_threshold")}
    vast = chain(node("in", "Input", shape=[size]), node("lif", "LIF", **one))
    with pytest.raises(ParameterError, match=r"node 'in' \(Input\): needs [\d,]+ bytes"):
        imported(vast)


# Files -----------------------------------------------------------------------------------------


def write(path: Path, kind: str = "LIF", **changes: Any) -> Path:
    """A NIR file with one cell, written by hand."""
    values: dict[str, Any] = {"tau": [0.01], "r": [1.0], "v_leak": [0.0], "v_threshold": [1.0]}
    with h5py.File(path, "w") as file:
        file["node/type"], file["version"] = "NIRGraph", "1.0.8"
        file["node/edges"] = np.array([("in", "x"), ("x", "out")], dtype=h5py.string_dtype())
        for name, terminal in (("in", "Input"), ("out", "Output")):
            file[f"node/nodes/{name}/type"], file[f"node/nodes/{name}/shape"] = terminal, [1]
        file["node/nodes/x/type"] = kind
        for key, value in (values | changes).items():
            if value is not None:
                file[f"node/nodes/x/{key}"] = value
    return path


def test_a_file_written_by_hand_is_read(tmp_path: Path) -> None:
    model = neuro.from_nir(write(tmp_path / "good.nir"), profile="norse", dt=1e-3)
    assert model.names == {"in": "in", "x": "x"}


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("Izhikevich", {}, r"node 'x': there is no primitive 'Izhikevich'.*Supported: Affine"),
        ("LIF", {"tau": [np.nan]}, r"node 'x', tau: holds nan at index 0"),
        ("LIF", {"tau": None}, r"node 'x': a LIF without tau"),
        ("LIF", {"tau": "long"}, r"node 'x', tau: is 'long'"),
        ("LIF", {"tau": h5py.Empty("f4")}, r"/node/nodes/x/tau: holds nothing"),
    ],
)
def test_a_bad_node_in_a_file_is_named(
    tmp_path: Path, kind: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(FileFormatError, match=message):
        neuro.from_nir(write(tmp_path / "bad.nir", kind, **changes), profile="norse", dt=1e-3)


def test_no_hdf5_no_file_and_half_a_file(tmp_path: Path) -> None:
    text, half = tmp_path / "text.nir", tmp_path / "half.nir"
    text.write_text("not HDF5")
    whole = write(tmp_path / "whole.nir").read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    for path in (text, half):
        with pytest.raises(FileFormatError, match="is no NIR file, or is truncated"):
            neuro.from_nir(path, profile="norse", dt=1e-3)
    with pytest.raises(FileFormatError, match="does not exist"):
        neuro.from_nir(tmp_path / "nothing.nir", profile="norse", dt=1e-3)


@pytest.mark.parametrize("length", [0, 16, 1 << 40])
def test_a_list_of_texts_without_an_end_is_refused(tmp_path: Path, length: int) -> None:
    """HDF5's own library reads such a file for ever."""
    path = write(tmp_path / "endless.nir")
    data = bytearray(path.read_bytes())
    place = data.find(b"GCOL") + 16
    while struct.unpack_from("<H", data, place)[0]:
        place += 16 + (struct.unpack_from("<Q", data, place + 8)[0] + 7) // 8 * 8
    assert struct.unpack_from("<Q", data, place + 8)[0] > 0
    struct.pack_into("<Q", data, place + 8, length)
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=r"endless\.nir: is damaged: .* does not end"):
        neuro.from_nir(path, profile="norse", dt=1e-3)


@pytest.mark.parametrize("plain", [True, False])
def test_a_text_that_is_not_in_the_file_is_refused(tmp_path: Path, plain: bool) -> None:
    """HDF5's own library makes room for any length that is claimed."""
    path = write(tmp_path / "long.nir")
    with h5py.File(path, "r+") as file:
        edges = file["node/edges"][()]
        del file["node/edges"]
        given = {} if plain else {"chunks": (2, 2)}
        made = file.create_dataset("node/edges", data=edges, dtype=h5py.string_dtype(), **given)
        place = made.id.get_offset() if plain else made.id.get_chunk_info(0).byte_offset
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, place, 4_000_000_000)
    path.write_bytes(data)
    with pytest.raises(
        FileFormatError, match=r"/node/edges: is damaged: a text of 4000000000 bytes"
    ):
        neuro.from_nir(path, profile="norse", dt=1e-3)


@pytest.mark.parametrize("kind", ["vlen", "reference"])
def test_objects_that_are_neither_numbers_nor_texts_are_refused(tmp_path: Path, kind: str) -> None:
    """HDF5's own library crashes on lists of any length that are damaged."""
    dtype = h5py.vlen_dtype(np.int32) if kind == "vlen" else h5py.ref_dtype
    path = write(tmp_path / "odd.nir", "LIF", tau=None)
    with h5py.File(path, "r+") as file:
        file.create_dataset("node/nodes/x/tau", (1,), dtype)
    with pytest.raises(FileFormatError, match="/node/nodes/x/tau: holds neither numbers nor texts"):
        neuro.from_nir(path, profile="norse", dt=1e-3)


def test_compressed_texts_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "packed.nir")
    with h5py.File(path, "r+") as file:
        edges = file["node/edges"][()]
        del file["node/edges"]
        packed = {"dtype": h5py.string_dtype(), "compression": "gzip"}
        file.create_dataset("node/edges", data=edges, **packed)
    assert neuro.from_nir(path, profile="norse", dt=1e-3).names == {"in": "in", "x": "x"}


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "odd.nir")
    with h5py.File(path, "r+") as file:
        file.move("node/nodes/x", b"node/nodes/\xff")
    with pytest.raises(FileFormatError, match=r"/node/nodes: the name b'\\xff' is no text"):
        neuro.from_nir(path, profile="norse", dt=1e-3)


def test_a_version_that_is_no_text_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "vast.nir")
    with h5py.File(path, "r+") as file:
        del file["version"]
        file.create_dataset("version", shape=(1 << 40,), dtype="f4", chunks=True)
    assert neuro.from_nir(path, profile="norse", dt=1e-3).network.population("x").size == 1


@pytest.mark.parametrize("shape", [(1 << 20, 1 << 20), (1 << 40, 1)])
def test_weights_in_a_file_that_cannot_fit_are_not_read(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = write(tmp_path / "vast.nir", "Linear")
    with h5py.File(path, "r+") as file:
        file.create_dataset("node/nodes/x/weight", shape=shape, dtype="f4", chunks=True)
    with pytest.raises(
        ParameterError, match=r"/node/nodes/x/weight: needs 4,398,046,511,104 bytes"
    ):
        neuro.from_nir(path, profile="norse", dt=1e-3)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 2**32 - 1))
def test_a_file_with_random_damage_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = bytearray(write(tmp_path / "whole.nir").read_bytes())
    for place in rng.integers(0, len(data), 20):
        data[place] = rng.integers(0, 256)
    (tmp_path / "bad.nir").write_bytes(bytes(data))
    attempt(tmp_path / "bad.nir")


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(graphs(), st.data())
def test_a_broken_graph_is_read_or_refused(graph: Graph, data: st.DataObject) -> None:
    nodes, edges = dict(graph.nodes), list(graph.edges)
    for _ in range(data.draw(st.integers(1, 3))):
        data.draw(st.sampled_from(BREAKS))(nodes, edges, data)
    attempt(Graph(nodes, tuple(edges)))


def attempt(source: Any) -> None:
    """Reading ends in a model or in an error of ours, whatever the profile."""
    for profile in ("norse", "snntorch", "spyx"):
        try:
            model = neuro.from_nir(source, profile=profile, dt=DT)
        except NeuroError:
            continue
        assert model.network.name


def break_value(nodes: dict[str, Any], edges: list[Any], data: st.DataObject) -> None:
    """One value of one node becomes something else."""
    name = data.draw(st.sampled_from(sorted(nodes)))
    old = nodes[name]
    keys = sorted(old.values) or ["weight"]
    key = data.draw(st.sampled_from(keys))
    value = data.draw(st.sampled_from(
        [None, "same", "x", -1.0, 0, 0.5, np.zeros(0), np.ones(3), np.ones((2, 2)),
         np.ones((1, 2, 2, 2)), np.array(["a"]), np.array([True]), 1e300]))  # fmt: skip
    kept = value if value is None or isinstance(value, str) else np.asarray(value)
    nodes[name] = Node(name, old.kind, {**old.values, key: kept})


def break_kind(nodes: dict[str, Any], edges: list[Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(nodes)))
    kind = data.draw(st.sampled_from(sorted(PRIMITIVES.keys() - {"NIRGraph"})))
    nodes[name] = Node(name, kind, nodes[name].values)


def break_edge(nodes: dict[str, Any], edges: list[Any], data: st.DataObject) -> None:
    ends = st.sampled_from([*sorted(nodes), "nobody"])
    edges.append((data.draw(ends), data.draw(ends)))


def drop_edge(nodes: dict[str, Any], edges: list[Any], data: st.DataObject) -> None:
    if edges:
        edges.pop(data.draw(st.integers(0, len(edges) - 1)))


def drop_node(nodes: dict[str, Any], edges: list[Any], data: st.DataObject) -> None:
    nodes.pop(data.draw(st.sampled_from(sorted(nodes))))


BREAKS = [break_value, break_kind, break_edge, drop_edge, drop_node]
