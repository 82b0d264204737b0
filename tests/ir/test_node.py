"""Nodes of the IR: immutable, equal by structure, hashed by content, copied and pickled."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from neuro.errors import UnknownNameError
from neuro.ir.cell import CellType, Parameter
from neuro.ir.network import CurrentInput, Network, Population, Scale
from neuro.ir.node import Node, node
from tests.networks import Case, cases, synapse_case


@node
class Leaf(Node):
    value: Any
    rest: Any = None


@node
class Twig(Node):
    value: Any
    rest: Any = None


DIFFERENT = [
    1,
    1.0,
    True,
    "1",
    None,
    0.0,
    -0.0,
    (1,),
    (1, 2),
    ((1,), 2),
    (1, (2,)),
    np.array([1]),
    np.array([1.0]),
    np.array([1.0], np.float32),
    np.array([[1.0]]),
    np.array([0.0]),
    np.array([-0.0]),
    {"a": 1},
    {"a": 1.0},
    {"b": 1},
    Leaf(value=1),
    Twig(value=1),
]


@pytest.mark.parametrize("first", range(len(DIFFERENT)))
def test_what_differs_is_unequal_and_hashes_apart(first: int) -> None:
    a = Leaf(value=DIFFERENT[first])
    for second, value in enumerate(DIFFERENT):
        b = Leaf(value=copy.deepcopy(value))
        assert (a == b) == (first == second), value
        assert (a.content_hash == b.content_hash) == (first == second), value
        assert (hash(a) == hash(b)) == (first == second), value


def test_nan_equals_itself() -> None:
    for value in (float("nan"), np.array([np.nan]), (float("nan"),)):
        assert Leaf(value=value) == Leaf(value=copy.deepcopy(value))


def test_a_node_equals_only_its_own_kind() -> None:
    assert Leaf(value=1) != Twig(value=1)
    assert Leaf(value=1) != 1
    assert Leaf(value=1, rest=2) != Leaf(value=2, rest=1)


def test_where_a_value_stands_matters() -> None:
    one = Leaf(value=("a", "b"), rest=("c",))
    other = Leaf(value=("a",), rest=("b", "c"))
    assert one.content_hash != other.content_hash


def test_order_of_names_in_a_mapping_does_not_matter() -> None:
    one, other = Leaf(value={"a": 1, "b": 2}), Leaf(value={"b": 2, "a": 1})
    assert one == other
    assert one.content_hash == other.content_hash


def test_fields_cannot_be_changed() -> None:
    leaf = Leaf(value=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        leaf.value = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del leaf.value


def test_arguments_are_keywords_only() -> None:
    with pytest.raises(TypeError):
        Leaf(1)


def test_arrays_are_copied_and_read_only() -> None:
    mine = np.arange(3)
    leaf = Leaf(value=mine, rest={"a": mine})
    mine[0] = 7
    assert leaf.value.tolist() == leaf.rest["a"].tolist() == [0, 1, 2]
    for array in (leaf.value, leaf.rest["a"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5


def test_a_read_only_view_of_an_array_that_can_change_is_copied() -> None:
    mine = np.arange(3)
    view = mine[:]
    view.flags.writeable = False
    leaf = Leaf(value=view)
    mine[0] = 7
    assert leaf.value[0] == 0


def test_frozen_arrays_are_shared() -> None:
    leaf = Leaf(value=np.arange(3))
    assert Leaf(value=leaf.value).value is leaf.value


def test_arrays_have_the_byte_order_of_the_machine() -> None:
    big, little = (Leaf(value=np.array([1.0, 2.0], kind)) for kind in (">f8", "<f8"))
    assert big == little
    assert big.content_hash == little.content_hash
    assert big.value.dtype.isnative


def test_mappings_and_lists_are_frozen() -> None:
    mine = {"a": 1}
    leaf = Leaf(value=mine, rest=[1, 2])
    mine["a"] = 2
    assert isinstance(leaf.value, Mapping)
    assert leaf.value["a"] == 1
    assert leaf.rest == (1, 2)
    with pytest.raises(TypeError):
        leaf.value["a"] = 3


def test_numpy_scalars_become_numbers() -> None:
    leaf = Leaf(value=np.float64(1.5), rest=np.array(2))
    assert (type(leaf.value), type(leaf.rest)) == (float, int)


def test_the_hash_is_the_same_in_every_version() -> None:
    cell = CellType(name="c", parameters=(Parameter(name="tau", unit="ms", default=0.01),))
    current = CurrentInput(
        name="i", post="p", port="x", step=np.array([0, 3]), value=np.array([1.0, -0.0])
    )
    population = Population(name="p", size=3, cell=cell, parameters={"tau": np.ones(3)})
    network = Network(name="n", dt=1e-3, populations=(population,), inputs=(current,), seed=5)
    assert network.content_hash[:16] == "4eae45bc90cf99d7"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_networks_survive_pickling_and_copying(case: Case) -> None:
    for again in (pickle.loads(pickle.dumps(case.network)), copy.deepcopy(case.network)):
        assert again == case.network
        assert again.content_hash == case.network.content_hash


def test_a_pickled_network_is_as_frozen_as_before() -> None:
    again = pickle.loads(pickle.dumps(Leaf(value=np.arange(2), rest={"a": 1})))
    with pytest.raises(ValueError, match="read-only"):
        again.value[0] = 5
    with pytest.raises(TypeError):
        again.rest["a"] = 2


def test_any_change_of_a_network_changes_its_hash() -> None:
    network = synapse_case("calcium").network
    seen = {network.content_hash}
    for change in (
        {"name": "other"},
        {"dt": 2e-3},
        {"seed": 6},
        {"probes": ()},
        {"populations": network.populations[::-1]},
    ):
        seen.add(dataclasses.replace(network, **change).content_hash)  # type: ignore[arg-type]
    assert len(seen) == 6


def test_a_network_without_scales_has_the_hash_from_before_there_were_any() -> None:
    network = Network(name="n", dt=1e-3)
    assert network.content_hash == (
        "cb8b67948e6366aeb7d1ed4252682c59dff66ab36db8efa19160fae0aa976f87"
    )
    scaled = dataclasses.replace(network, scales=(Scale(target="a", variable="v", exponent=3),))
    finer = dataclasses.replace(network, scales=(Scale(target="a", variable="v", exponent=4),))
    assert len({network.content_hash, scaled.content_hash, finer.content_hash}) == 3


def test_parts_of_a_network_are_found_by_name() -> None:
    network = synapse_case("static").network
    assert network.population("cells").name == "cells"
    assert network.projection("plastic").post == "cells"
    with pytest.raises(UnknownNameError) as caught:
        network.population("cell")
    assert str(caught.value) == (
        "network 'synapses': there is no population 'cell'. Did you mean 'cells'?"
    )
    with pytest.raises(UnknownNameError, match=r"no projection 'nothing'\. Known: "):
        network.projection("nothing")
