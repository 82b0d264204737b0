"""The comparison itself: it accepts the last bits of a sum, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.formats.frameworks.spikingjelly import cell_of
from neuro.formats.nir.build import build
from neuro.formats.nir.graph import Graph
from neuro.formats.nir.own_cells import cell_node
from neuro.formats.nir.profiles import Conventions
from tests.formats.frameworks.oracle import Spikes, compare, ours_of, with_threshold_moved
from tests.formats.nir.one_neuron import node

VALUES = np.ones((4, 2))
LIKE = {"cell": np.zeros((4, 2), bool)}


def model(threshold: float = 2.0) -> neuro.NIRModel:
    """Two integrators that get 1 in each step, so that 2 is met exactly; they fire at 2."""
    cell = cell_node("cell", cell_of("IF", "subtract"), {"threshold": np.float32(threshold)})
    nodes = [node("input", "Input", shape=[2]), cell, node("output", "Output")]
    edges = (("input", "cell"), ("cell", "output"))
    graph = Graph({n.name: n for n in nodes}, edges)
    return neuro.NIRModel(build(graph, Conventions(dt=1e-3)))


def in_double(agrees: bool = True) -> Callable[[], tuple[neuro.NIRModel, Spikes]]:
    single = model()
    network = replace(single.network, format=neuro.FLOAT64)
    double = neuro.NIRModel(replace(single.built, network=network))
    spikes = ours_of(double, VALUES, LIKE, "reference")
    return lambda: (double, spikes if agrees else LIKE)


def moved(ulps: int, cell: int = 0) -> Any:
    """The spikes of a framework whose sums are off by so much."""
    return ours_of(with_threshold_moved(model(), "cell", cell, ulps), VALUES, LIKE, "reference")


def test_equal_spikes_need_no_excuse() -> None:
    def never() -> Any:
        raise AssertionError

    assert compare(model(), VALUES, moved(0), never) == 4


def test_a_spike_at_the_threshold_itself_may_differ() -> None:
    theirs = moved(3)
    assert np.flatnonzero(theirs["cell"][:, 0] != theirs["cell"][:, 1]).tolist() == [1, 2, 3]
    assert compare(model(), VALUES, theirs, in_double()) == 3


def test_it_may_not_if_double_precision_differs_too() -> None:
    with pytest.raises(AssertionError, match="in double"):
        compare(model(), VALUES, moved(3), in_double(agrees=False))


def never_silent() -> Any:
    return {"cell": moved(0)["cell"] | np.array([[True, False], *[[False, False]] * 3])}


def a_step_late() -> Any:
    return {"cell": np.roll(moved(0)["cell"], 1, axis=0)}


@pytest.mark.parametrize("theirs", [never_silent(), a_step_late()])
def test_more_than_the_last_bits_may_not_differ(theirs: Any) -> None:
    with pytest.raises(AssertionError, match="'cell': cell 0 differs in step 0, by more"):
        compare(model(), VALUES, theirs, in_double())


def test_one_cell_does_not_excuse_another() -> None:
    """Both cells are at their thresholds in step 1; both differ, one of them wrongly later on."""
    theirs = moved(3)
    theirs["cell"][0, 1] = True
    with pytest.raises(AssertionError, match="cell 1 differs in step 0"):
        compare(model(), VALUES, theirs, in_double())
