"""Views: connections between some cells are those cells' rows of the whole populations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.frontend.handles import PopulationView
from tests.frontend.wiring import Wires, two, wires


def between(connector: Any, pre: Any, post: Any, *, seed: int | None = 1, **synapse: Any) -> Wires:
    """Synapses between views of two populations of six and five cells."""
    net, a, b = two(6, 5, seed=seed)
    net.projection(a[pre], b[post], connector, neuro.StaticSynapse(**synapse))
    return wires(net.build())


def test_a_view_is_a_slice_indices_or_a_mask() -> None:
    _, a, _ = two(5, 1)
    assert a[1:4].index.tolist() == [1, 2, 3]
    assert a[[4, 0]].index.tolist() == [4, 0]
    assert a[-1].index.tolist() == [4]  # type: ignore[index]
    assert a[np.arange(5) % 2 == 0].index.tolist() == [0, 2, 4]  # type: ignore[index]
    assert a[::2].size == 3


@pytest.mark.parametrize("index", [[0, 5], slice(5, 9), [0.5], [], [[-7]]])
def test_views_of_cells_that_do_not_exist_are_refused(index: Any) -> None:
    _, a, _ = two(5, 1)
    with pytest.raises(ParameterError) as caught:
        a[index]
    assert caught.value.where == "population 'pre'"
    assert "Its cells are 0 to 4" in caught.value.hint


def test_pairs_are_those_of_the_views() -> None:
    assert between(neuro.AllToAllConnector(), [4, 1], slice(2, 4)).pairs == [
        (1, 2),
        (1, 3),
        (4, 2),
        (4, 3),
    ]
    assert between(neuro.OneToOneConnector(), [4, 1], [0, 3]).pairs == [(1, 3), (4, 0)]


def test_arrays_follow_the_order_of_the_views() -> None:
    found = between(neuro.OneToOneConnector(), [4, 1], [0, 3], weight=[40, 10], delay=[4, 1])
    assert found.pairs == [(1, 3), (4, 0)]
    assert found.weight.tolist() == [10, 40]
    assert found.delay.tolist() == [1, 4]


def test_a_matrix_between_views_is_a_block_of_the_whole() -> None:
    block = np.arange(1.0, 7.0).reshape(2, 3)
    found = between(neuro.DenseConnector(), [4, 1], [3, 0, 2], weight=block)
    whole = np.zeros((6, 5))
    whole[np.ix_([4, 1], [3, 0, 2])] = block
    np.testing.assert_array_equal(found.matrix(6, 5), whole)


def test_lists_between_views_count_from_their_first_cell() -> None:
    connector = neuro.FromListConnector([(1, 0, 0.5, 2.0), (0, 1, 0.25, 3.0)])
    found = between(connector, [1, 4], [3, 0])
    assert found.pairs == [(1, 0), (4, 3)]
    assert found.weight.tolist() == [0.25, 0.5]
    assert found.delay.tolist() == [3, 2]
    pairs = neuro.FromListConnector([(1, 0), (0, 1)])
    assert between(pairs, [1, 4], [3, 0], weight=[40, 10]).weight.tolist() == [10, 40]


def test_parameters_of_synapses_follow_the_views() -> None:
    net, a, b = two(6, 5)
    synapse = neuro.PairSTDP(weight=1.0, A_plus=[1, 2])
    net.projection(a[[4, 1]], b[[0, 3]], neuro.OneToOneConnector(), synapse)
    assert net.build().projections[0].parameters["A_plus"].tolist() == [2, 1]  # type: ignore[union-attr]


def test_self_connections_are_those_of_the_population_not_of_the_view() -> None:
    net, a, _ = two(6, 5)
    for connector in (
        neuro.AllToAllConnector(allow_self_connections=False),
        neuro.FixedProbabilityConnector(1.0, allow_self_connections=False),
    ):
        net.projection(a[2:4], a, connector)
    net.projection(a[2:5], a[2:5], neuro.FixedNumberPreConnector(2, allow_self_connections=False))
    network = net.build()
    for place in (0, 1):
        assert wires(network, place).pairs == [(i, j) for i in (2, 3) for j in range(6) if i != j]
    assert wires(network, 2).pairs == [(i, j) for i in (2, 3, 4) for j in (2, 3, 4) if i != j]


def test_a_fixed_number_without_self_connections_needs_equal_views() -> None:
    net, a, _ = two(6, 5)
    with pytest.raises(ParameterError, match="or allow self-connections"):
        net.projection(a[2:5], a, neuro.FixedNumberPreConnector(1, allow_self_connections=False))


def test_random_connectors_between_views_are_seeded() -> None:
    connector = neuro.FixedProbabilityConnector(0.5)
    assert between(connector, slice(0, 6), slice(0, 5), seed=1).pairs == (
        between(connector, slice(0, 6), slice(0, 5), seed=1).pairs
    )
    seeds = [between(connector, slice(0, 6), slice(0, 5), seed=s).pairs for s in range(3)]
    assert seeds[0] != seeds[1] != seeds[2]
    with pytest.raises(ParameterError, match="Give the connector or the builder a seed"):
        between(connector, slice(0, 6), slice(0, 5), seed=None)
    own = neuro.FixedProbabilityConnector(0.5, seed=4)
    assert between(own, slice(0, 6), [1], seed=None).pairs == between(own, slice(0, 6), [1]).pairs


@pytest.mark.parametrize("weight", [[1.0, 2.0, 3.0], np.ones((3, 2)), list(range(50))])
def test_arrays_that_do_not_fit_the_views_are_refused(weight: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        between(neuro.DenseConnector(), [0, 1], [0, 1, 2], weight=weight)
    assert "there are 6 synapses" in caught.value.what
    assert "array of shape (2, 3)" in caught.value.hint


@pytest.mark.parametrize(
    "connector",
    [neuro.ConvolutionConnector((1, 6), (1, 1, 2)), neuro.PoolingConnector((1, 5), 1)],
)
def test_convolution_and_pooling_connect_whole_populations(connector: Any) -> None:
    with pytest.raises(ParameterError, match="whole populations only"):
        between(connector, slice(0, 6), slice(0, 5))


def test_a_view_of_cells_spikes_into_the_cells_of_a_view() -> None:
    net = neuro.NetworkBuilder()
    source = net.population(4, neuro.SpikeSourceArray([[1.0]] * 4), label="s")
    cells = net.population(4, neuro.LIF(), label="c")
    view: PopulationView = source[[2]]
    net.projection(view, cells[[3]], neuro.AllToAllConnector(), neuro.StaticSynapse(weight=2.0))
    cells.record("spikes")
    recording = neuro.simulate(net.build(), 5, backend="reference")
    assert recording.spikes["c"].index.tolist() == [3]
    assert recording.spikes["c"].step.tolist() == [2]
