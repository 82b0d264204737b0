"""Shapes and counts of connectivity, and arrays that do not fit them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuro
from neuro.errors import ParameterError
from neuro.ir.connectivity import (
    AllToAll,
    Convolution,
    Dense,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
    output_shape,
    synapse_count,
)
from neuro.ir.expansion import expand
from neuro.ir.network import GradedProjection, Network, Population, Projection
from neuro.ir.resolve import synapses
from neuro.ir.values import Draw
from neuro.ir.verify import verify

COUNTED = [
    AllToAll(),
    AllToAll(self_connections=False),
    Dense(),
    FixedNumber(side="pre", number=3),
    FixedNumber(side="post", number=2, self_connections=False),
    Sparse(indptr=np.array([0, 2, 2, 3, 3]), indices=np.array([0, 1, 2])),
]
CHANCE = FixedProbability(probability=0.5, seed=1)
LIF = neuro.LIF().cell_type
WIDE = Draw(distribution="normal", a=1.0, b=4.0, seed=2)


@pytest.mark.parametrize("connectivity", COUNTED, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("n_post", [3, 4, 6])
def test_counts_are_those_of_the_expansion(connectivity: Any, n_post: int) -> None:
    assert synapse_count(connectivity, 4, n_post) == expand(connectivity, 4, n_post, 0).count


def test_one_to_one_has_a_synapse_a_cell() -> None:
    assert synapse_count(OneToOne(), 4, 4) == 4


def test_chance_and_geometry_are_not_counted_beforehand() -> None:
    pooling = Pooling(input_shape=(1, 4), window=(2,), stride=(2,), padding=(0,))
    assert synapse_count(CHANCE, 4, 4) is None
    assert synapse_count(pooling, 4, 2) is None


@given(
    size=st.integers(1, 12),
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
)
def test_output_shapes_count_the_places_of_the_window(
    size: int, window: int, stride: int, padding: int, dilation: int
) -> None:
    convolution = Convolution(
        input_shape=(1, size),
        kernel_shape=(2, 1, window),
        stride=(stride,),
        padding=(padding,),
        dilation=(dilation,),
    )
    last = size + padding - dilation * (window - 1) - 1
    places = len(range(-padding, last + 1, stride))
    channels, found = output_shape(convolution)
    assert channels == 2
    assert max(found, 0) == places


def network(**parts: Any) -> Network:
    projection = Projection(
        name="p", pre="a", post="b", port="input", connectivity=CHANCE, weight=1.0
    )
    populations = tuple(Population(name=name, size=6, cell=LIF) for name in "ab")
    return Network(
        name="n", dt=1e-3, populations=populations, projections=(replace(projection, **parts),)
    )


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"weight": np.ones(3)}, "weight"),
        ({"delay": np.array([1, 2])}, "delay"),
        ({"delay": 3, "axonal": np.array([1, 2])}, "axonal delay"),
    ],
)
def test_arrays_that_do_not_fit_a_random_connector_are_refused(
    parts: dict[str, Any], field: str
) -> None:
    case = network(**parts)
    assert verify(case) == []
    count = expand(CHANCE, 6, 6, 0).count
    with pytest.raises(ParameterError) as caught:
        synapses(case, case.projections[0], 0)
    assert caught.value.where == f"projection 'p', {field}"
    assert f"where {count} are needed" in caught.value.what
    assert "a distribution" in caught.value.hint


def test_parameters_that_do_not_fit_a_random_connector_are_refused() -> None:
    stdp = neuro.PairSTDP().synapse_type
    case = network(synapse=stdp, parameters={"A_plus": np.ones(3)})
    with pytest.raises(ParameterError, match=r"A_plus: holds 3 numbers where \d+ are needed"):
        neuro.simulate(case, 2, backend="reference")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"delay": np.array([1, 2])}, "delay: has shape (2,). One number per synapse is (36,)."),
        ({"delay": 2, "axonal": np.array([1])}, "axonal delay: has shape (1,)."),
        ({"weight": np.ones(35)}, "weight: has shape (35,)."),
        (
            {"synapse": neuro.PairSTDP().synapse_type, "parameters": {"A_plus": np.ones(3)}},
            "parameter 'A_plus': has shape (3,).",
        ),
        (
            {"delay": Draw(distribution="uniform", a=0.0, b=4.0)},
            "delay: is drawn from 0 steps upwards. It must be at least 1 step.",
        ),
        (
            {"connectivity": Sparse(indptr=np.zeros(7), indices=np.zeros(0))},
            "indptr is float64, indices float64. Both are arrays of whole numbers.",
        ),
        ({"connectivity": FixedProbability(probability=0.5, seed=1.5)}, "seed is 1.5."),  # type: ignore[arg-type]
    ],
)
def test_arrays_that_do_not_fit_are_found_before_a_run(parts: dict[str, Any], words: str) -> None:
    found = [str(finding) for finding in verify(network(**{"connectivity": AllToAll(), **parts}))]
    assert any(words in text for text in found), found


def test_drawn_magnitudes_are_not_negative() -> None:
    cell = neuro.IF_curr_exp().cell_type
    populations = tuple(Population(name=name, size=6, cell=cell) for name in "ab")
    draw = Draw(distribution="uniform", a=-1e-9, b=1e-9)
    case = replace(network(port="inhibitory", weight=draw), populations=populations)
    assert any("whose weights are magnitudes" in str(finding) for finding in verify(case))
    clipped = replace(network(port="inhibitory", weight=replace(draw, low=0.0)))
    assert verify(replace(clipped, populations=populations)) == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"delay": WIDE}, "delay: 7 of 16 drawn are under one step"),
        ({"delay": replace(WIDE, low=1.0), "axonal": WIDE}, "axonal delay: 6 of 16 drawn are neg"),
        (
            {"delay": 3, "axonal": replace(WIDE, low=0.0)},
            "dendritic delay: 6 of 16 drawn are under",
        ),
        ({"weight": WIDE, "port": "inhibitory"}, "weight: 7 of 16 drawn are negative"),
    ],
)
def test_what_is_drawn_beyond_a_bound_is_refused(parts: dict[str, Any], words: str) -> None:
    cell = neuro.IF_curr_exp().cell_type
    populations = tuple(Population(name=name, size=6, cell=cell) for name in "ab")
    case = replace(network(**{"port": "excitatory", **parts}), populations=populations)
    with pytest.raises(ParameterError, match=words):
        neuro.simulate(case, 2, backend="reference")


def test_a_bound_makes_a_draw_fit() -> None:
    delay = replace(WIDE, low=1.0)
    assert neuro.simulate(network(delay=delay), 2, backend="reference").steps == 2


def test_a_graded_projection_is_checked_likewise() -> None:
    graded = GradedProjection(
        name="g",
        pre="a",
        variable="v",
        post="b",
        port="input",
        connectivity=OneToOne(),
        weight=1.0,
        delay=np.array([1, 2]),
    )
    case = replace(network(), graded=(graded,))
    assert any("delay: has shape (2,)" in str(finding) for finding in verify(case))
