"""Network to NIR and back is the identity; what NIR loses is listed; a changed graph is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import neuro
from neuro.errors import FileFormatError, UnsupportedError
from neuro.formats.nir.graph import Graph
from neuro.ir.network import Network
from tests.formats.nir.graphs import DT, graphs
from tests.formats.nir.networks import networks

nir = pytest.importorskip("nir")


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_any_imported_graph_goes_out_and_comes_back(graph: Graph) -> None:
    model = neuro.from_nir(graph, profile="norse", dt=DT)
    again = neuro.from_nir(neuro.to_nir(model).graph)
    assert again.network == model.network
    assert (again.latency, again.outputs) == (model.latency, model.outputs)


def built(seed: int = 0) -> Network:
    """A network from the front end: sparse and dense weights, delays, both ports."""
    rng = np.random.default_rng(seed)
    net = neuro.NetworkBuilder(name="net", dt=1.0)
    events = neuro.SpikeSourceArray(spike_times=[[1.0], [], [], [2.0, 5.0], [], []])
    source = net.population(6, events, label="in")
    thresholds = rng.uniform(-55, -50, 8)
    cells = net.population(8, neuro.IF_curr_exp(v_thresh=thresholds), label="E")
    fast = net.population(5, neuro.LIF(reset="subtract", tau_refrac=2.0), label="F")
    drawn = neuro.StaticSynapse(weight=neuro.Uniform(0.1, 2.0, seed=3), delay=2.0)
    net.projection(source, cells, neuro.FixedProbabilityConnector(0.5, seed=1), drawn)
    weak, all_to_all = neuro.StaticSynapse(weight=0.01), neuro.AllToAllConnector()
    net.projection(cells, cells, all_to_all, weak, receptor_type="inhibitory")
    weight = rng.normal(size=(8, 5)).astype(np.float32)
    net.projection(
        cells, fast, neuro.DenseConnector(), neuro.StaticSynapse(weight=weight, delay=3.0)
    )
    return net.build()


@pytest.mark.parametrize("seed", range(3))
def test_a_network_of_the_front_end_is_the_same_again(tmp_path: Path, seed: int) -> None:
    network = built(seed)
    written = neuro.to_nir(network, tmp_path / "net.nir")
    assert neuro.from_nir(tmp_path / "net.nir").network == network
    rules = {finding.rule for finding in written.losses}
    assert {"cell", "input", "step"} <= rules


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_any_network_that_nir_can_say_is_the_same_again(
    tmp_path_factory: pytest.TempPathFactory, network: Network
) -> None:
    """In every bit; what other readers miss is listed, and what comes back runs."""
    path = tmp_path_factory.getbasetemp() / "net.nir"
    written = neuro.to_nir(network, path)
    again = neuro.from_nir(path).network
    assert again == network
    assert again.content_hash == network.content_hash
    plastic = {p.name for p in network.projections if not p.synapse.is_static}
    said = {loss.where.split("'")[1] for loss in written.losses if loss.rule == "plasticity"}
    assert said == plastic


def test_other_readers_find_every_weight(tmp_path: Path) -> None:
    neuro.to_nir(built(), tmp_path / "net.nir")
    graph = nir.read(str(tmp_path / "net.nir"))
    assert {type(node).__name__ for node in graph.nodes.values()} >= {"CubaLIF", "LIF", "Linear"}
    assert "E_to_F.delay" in graph.nodes
    dense = next(n for name, n in graph.nodes.items() if name == "E_to_F")
    np.testing.assert_array_equal(dense.weight.T, built().projection("E_to_F").weight)


def test_without_the_sidecar_the_spikes_are_still_the_framework_s() -> None:
    model = neuro.from_nir(one_layer(), profile="snntorch")
    graph = neuro.to_nir(model).graph
    plain = neuro.from_nir(graph, profile="snntorch")
    given_values = np.ones((20, 3))
    ours, theirs = (m.simulate(given_values, backend="reference") for m in (model, plain))
    name = model.outputs["output"]
    np.testing.assert_array_equal(ours.spikes[name].step, theirs.spikes[name].step)
    assert len(ours.spikes[name])


def one_layer() -> object:
    weight = np.float32([[0.5, 0.25, 0.25], [1.0, -0.5, 0.0]])
    lif = {"tau": np.full(2, 1e-3), "r": np.full(2, 10.0), "v_leak": np.zeros(2)}
    return nir.NIRGraph.from_list(
        nir.Input(np.array([3])),
        nir.Affine(weight=weight, bias=np.float32([0.1, 0.2])),
        nir.LIF(**lif, v_threshold=np.ones(2)),
    )


def test_new_weights_in_the_graph_are_taken_over() -> None:
    graph = neuro.to_nir(neuro.from_nir(one_layer(), profile="snntorch")).graph
    graph.nodes["affine"].weight = np.float32([[9, 8, 7], [6, 5, 4]])
    again = neuro.from_nir(graph).network.projection("affine")
    assert np.asarray(again.weight).T.tolist() == [[9, 8, 7], [6, 5, 4]]


def test_a_graph_that_was_changed_otherwise_is_not_taken_for_ours() -> None:
    graph = neuro.to_nir(neuro.from_nir(one_layer(), profile="snntorch")).graph
    graph.nodes["lif"].v_threshold = np.full(2, 7.0)
    with pytest.raises(FileFormatError, match="changed since"):
        neuro.from_nir(graph)
    assert neuro.from_nir(graph, profile="snntorch").network.populations[0].parameters[
        "v_threshold"
    ] == 7.0  # fmt: skip


def test_cells_without_a_counterpart_are_all_named(tmp_path: Path) -> None:
    net = neuro.NetworkBuilder(name="net", dt=0.1)
    net.population(2, neuro.Izhikevich(), label="A")
    net.population(2, neuro.AdEx(), label="B")
    with pytest.raises(UnsupportedError, match=r"'A'.*(\n.*)*'B'"):
        neuro.to_nir(net.build(), tmp_path / "net.nir")
    assert not list(tmp_path.iterdir())


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 2**32 - 1))
def test_another_reader_gets_the_same_spikes(graph: Graph, seed: int) -> None:
    """Without the sidecar, the graph that we write means what the one that we read meant."""
    shape = tuple(graph.node("input").values["shape"])
    values = (np.random.default_rng(seed).random((12, *shape)) < 0.5).astype(float)
    first = neuro.from_nir(graph, profile="norse", dt=DT)
    written = neuro.to_nir(first)
    assume({loss.rule for loss in written.losses} == {"step"})  # all else it says
    second = neuro.from_nir(written.graph, profile="norse", dt=DT)
    ours, theirs = (m.simulate(values, backend="reference") for m in (first, second))
    for cell in graph.of_role("cell"):
        if cell.primitive.spikes:
            name = first.names[cell.name]
            np.testing.assert_array_equal(ours.spikes[name].step, theirs.spikes[name].step)
            np.testing.assert_array_equal(ours.spikes[name].index, theirs.spikes[name].index)
