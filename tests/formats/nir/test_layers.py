"""Whole graphs: what each cell does in each of the framework's steps, against a naive second meaning."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neuro
from neuro.formats.nir.graph import Graph
from neuro.simulation.nir import NIRModel, from_nir
from tests.formats.nir import oracle
from tests.formats.nir.graphs import (
    DT,
    Builder,
    add_cell,
    add_conv,
    add_delay,
    add_dense,
    add_pool,
    add_recurrence,
    add_skip,
    graphs,
)

STEPS = 12


def imported(graph: Graph, **more: object) -> NIRModel:
    return from_nir(graph, profile="norse", dt=DT, **more)  # type: ignore[arg-type]


def compare(graph: Graph, values: np.ndarray, model: NIRModel) -> None:
    """Spikes of all cells, and values of those that do not spike, are the oracle's."""
    theirs = oracle.run(graph, values, DT)
    cells = {n.name: model.names[n.name] for n in graph.of_role("cell")}
    silent = [name for name in cells if not graph.node(name).primitive.spikes]
    found = model.simulate(values, backend="reference", record=silent)
    for name, population in cells.items():
        if name in silent:
            ours = found.traces[population]["v"].values
        else:
            ours = np.zeros_like(theirs[name])
            data = found.spikes[population]
            ours[data.step, data.index] = 1
        np.testing.assert_array_equal(ours, theirs[name], err_msg=name)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 2**32 - 1), st.booleans())
def test_every_layer_does_what_it_does_within_one_step(
    graph: Graph, seed: int, spikes: bool
) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(graph.node("input").values["shape"])
    values = (rng.random((STEPS, *shape)) < 0.5).astype(float)
    if not spikes:
        values = rng.integers(-16, 24, (STEPS, *shape)) / 16
    model = imported(graph, inputs="spikes" if spikes else "values")
    compare(graph, values, model)


def test_engines_agree_on_a_graph_with_everything() -> None:
    """Convolution, pooling, loops, skips, delays, leaks and a threshold below zero."""
    b = Builder((2, 4, 4), np.random.default_rng(5))
    add_conv(b)
    add_cell(b, "LIF")
    add_pool(b)
    add_dense(b)
    add_cell(b, "Threshold")
    add_recurrence(b)
    add_skip(b)
    add_delay(b)
    add_cell(b, "LI")
    b.add("Output", shape=b.shape())
    model = imported(b.graph())
    given_values = (np.random.default_rng(1).random((STEPS, 2, 4, 4)) < 0.5).astype(float)
    compare(b.graph(), given_values, model)
    inputs = model.inputs(given_values)
    found = neuro.verify(model.network, steps=STEPS, inputs=inputs, backends=["reference", "c"])
    assert found.identical


def test_layers_that_do_not_rest_wait_for_their_turn() -> None:
    """A leak that drives the membrane starts with the layer, not before."""
    b = Builder((1,), np.random.default_rng(0))
    one = np.ones(1)
    for leak in (2.0, 0.0):
        b.add("LIF", tau=one * 4 * DT, r=one, v_leak=one * leak, v_threshold=one, v_reset=one * 0)
    b.add("LI", tau=one * 4 * DT, r=one, v_leak=one * 0.5)
    b.add("Output", shape=[1])
    model = imported(b.graph())
    gated = [p.name for p in model.network.populations if "gated" in p.cell.name]
    assert gated == ["lif1", "li3"]
    compare(b.graph(), np.zeros((STEPS, 1)), model)
