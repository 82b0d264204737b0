"""Connectors: compared with brute force, or with the statistics that they promise."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.stats

import neuro
from neuro.errors import ExpressionError, ParameterError, VerificationError
from tests.frontend.wiring import connect

RANDOM = [
    neuro.FixedProbabilityConnector(0.3),
    neuro.FixedNumberPreConnector(4),
    neuro.FixedNumberPostConnector(4, allow_self_connections=False),
    neuro.DistanceDependentProbabilityConnector(
        "exp(-d)", np.linspace(0, 3, 20), np.linspace(0, 2, 15)
    ),
]


def test_all_to_all_connects_every_pair() -> None:
    assert connect(neuro.AllToAllConnector(), 3, 4).pairs == list(product(range(3), range(4)))
    others = connect(neuro.AllToAllConnector(allow_self_connections=False), 3, 4)
    assert others.pairs == [(i, j) for i, j in product(range(3), range(4)) if i != j]


def test_one_to_one_connects_equal_indices() -> None:
    assert connect(neuro.OneToOneConnector(), 5, 5).pairs == [(i, i) for i in range(5)]


def test_a_list_gives_pairs_weights_and_delays_in_any_order() -> None:
    table = [(2, 0, 0.5, 3.0), (0, 1, -1.5, 1.0), (2, 0, 0.25, 2.0), (0, 0, 4.0, 7.0)]
    found = connect(neuro.FromListConnector(table), 3, 2)
    assert found.pairs == [(0, 1), (0, 0), (2, 0), (2, 0)]
    assert found.weight.tolist() == [-1.5, 4.0, 0.5, 0.25]
    assert found.delay.tolist() == [1, 7, 3, 2]


def test_arrays_of_the_synapse_are_in_the_order_of_the_list() -> None:
    pairs = [(1, 0), (0, 1), (1, 1)]
    found = connect(neuro.FromListConnector(pairs), 2, 2, weight=[10, 20, 30], delay=[1, 2, 3])
    by_pair = dict(zip(found.pairs, zip(found.weight, found.delay, strict=True), strict=True))
    assert by_pair == {(1, 0): (10, 1), (0, 1): (20, 2), (1, 1): (30, 3)}


def test_an_empty_list_connects_nothing() -> None:
    assert connect(neuro.FromListConnector([]), 3, 2).pairs == []


@pytest.mark.parametrize("p", [0.02, 0.3, 0.9])
def test_fixed_probability_has_binomial_counts_and_even_columns(p: float) -> None:
    found = connect(neuro.FixedProbabilityConnector(p), 300, 200)
    assert len(set(found.pairs)) == len(found.pairs)
    total = scipy.stats.binomtest(len(found.pairs), 300 * 200, p)
    assert total.pvalue > 1e-4
    columns = np.bincount(found.target, minlength=200)
    assert scipy.stats.chisquare(columns).pvalue > 1e-4


def test_probabilities_of_zero_and_one_are_exact() -> None:
    assert connect(neuro.FixedProbabilityConnector(0), 30, 20).pairs == []
    assert len(connect(neuro.FixedProbabilityConnector(1), 30, 20).pairs) == 600


def test_fixed_probability_can_leave_out_self_connections() -> None:
    both = connect(neuro.FixedProbabilityConnector(0.8, seed=7), 40, 40).pairs
    others = connect(neuro.FixedProbabilityConnector(0.8, False, seed=7), 40, 40).pairs
    assert others == [(i, j) for i, j in both if i != j]


@pytest.mark.parametrize("self_connections", [True, False])
def test_fixed_numbers_of_partners(self_connections: bool) -> None:
    for connector, side in (
        (neuro.FixedNumberPreConnector(5, self_connections), 1),
        (neuro.FixedNumberPostConnector(5, self_connections), 0),
    ):
        pairs = np.array(connect(connector, 12, 12).pairs)
        assert np.bincount(pairs[:, side], minlength=12).tolist() == [5] * 12
        assert len(np.unique(pairs, axis=0)) == 60
        assert self_connections or (pairs[:, 0] != pairs[:, 1]).all()


def test_partners_of_a_fixed_number_are_chosen_evenly() -> None:
    found = connect(neuro.FixedNumberPostConnector(3), 5000, 10)
    assert scipy.stats.chisquare(np.bincount(found.target)).pvalue > 1e-4
    triples = np.sort(found.target.reshape(-1, 3), axis=1) @ [100, 10, 1]
    assert scipy.stats.chisquare(np.unique(triples, return_counts=True)[1]).pvalue > 1e-4
    assert len(np.unique(triples)) == 120


def test_distance_dependent_probability_follows_the_expression() -> None:
    rng = np.random.default_rng(0)
    pre, post = rng.random((300, 2)), rng.random((250, 2))
    connector = neuro.DistanceDependentProbabilityConnector("0.8 * exp(-d / 0.3)", pre, post)
    found = connect(connector, 300, 250, weight=1.0).matrix(300, 250)
    distance = np.linalg.norm(pre[:, None] - post[None], axis=2)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.4)):
        ring = (distance >= low) & (distance < high)
        expected = (0.8 * np.exp(-distance[ring] / 0.3)).sum()
        assert found[ring].sum() == pytest.approx(expected, abs=5 * expected**0.5)


def test_positions_on_a_line_and_of_one_population() -> None:
    connector = neuro.DistanceDependentProbabilityConnector(
        "1 if d < 1.5 else 0", np.arange(4), allow_self_connections=False
    )
    pairs = connect(connector, 4, 4).pairs
    assert pairs == [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]


def test_a_dense_connector_is_its_matrix() -> None:
    matrix = np.arange(12.0).reshape(3, 4) - 5
    found = connect(neuro.DenseConnector(), 3, 4, weight=matrix)
    np.testing.assert_array_equal(found.matrix(3, 4), matrix)


def test_a_convolution_is_scipys_correlation() -> None:
    rng = np.random.default_rng(1)
    image, kernel = rng.normal(size=(2, 6, 5)), rng.normal(size=(3, 2, 3, 3))
    connector = neuro.ConvolutionConnector((2, 6, 5), kernel.shape, padding=1)
    found = connect(connector, 60, 90, weight=kernel)
    expected = [
        sum(scipy.signal.correlate2d(image[c], kernel[k, c], mode="same") for c in range(2))
        for k in range(3)
    ]
    result = image.reshape(-1) @ found.matrix(60, 90)
    np.testing.assert_allclose(result.reshape(3, 6, 5), expected)


def test_a_drawn_kernel_is_shared_like_a_given_one() -> None:
    connector = neuro.ConvolutionConnector((1, 9), (1, 1, 3))
    found = connect(connector, 9, 7, weight=neuro.Uniform(0.5, 1.5))
    assert len(np.unique(found.weight)) == 3
    matrix = found.matrix(9, 7)
    for shift in range(1, 7):
        np.testing.assert_array_equal(matrix[shift : shift + 3, shift], matrix[:3, 0])


def test_pooling_averages_windows() -> None:
    image = np.arange(32.0).reshape(2, 4, 4)
    found = connect(neuro.PoolingConnector((2, 4, 4), 2), 32, 8, weight=0.25)
    result = (image.reshape(-1) @ found.matrix(32, 8)).reshape(2, 2, 2)
    np.testing.assert_allclose(result, image.reshape(2, 2, 2, 2, 2).mean(axis=(2, 4)))


def test_pooling_with_stride_and_drawn_weights() -> None:
    connector = neuro.PoolingConnector((1, 5), 3, stride=1)
    found = connect(connector, 5, 3, weight=neuro.Uniform(1, 2))
    assert found.pairs == [(i, j) for i in range(5) for j in range(3) if j <= i < j + 3]
    assert len(np.unique(found.weight)) == 9


@pytest.mark.parametrize("connector", RANDOM, ids=lambda connector: type(connector).__name__)
def test_the_same_seed_gives_the_same_arrays(connector: Any) -> None:
    weight, delay = neuro.Normal(1.0, 0.1), neuro.Uniform(1.0, 9.0)

    def once(seed: int) -> bytes:
        found = connect(connector, 20, 15, seed=seed, weight=weight, delay=delay)
        arrays = (found.source, found.target, found.weight, found.delay)
        return b"".join(array.tobytes() for array in arrays)

    assert once(3) == once(3)
    assert once(3) != once(4)


@pytest.mark.parametrize("connector", RANDOM, ids=lambda connector: type(connector).__name__)
def test_a_seed_of_its_own_outranks_the_networks(connector: Any) -> None:
    own = replace(connector, seed=5)
    assert connect(own, 20, 15, seed=3).pairs == connect(own, 20, 15, seed=4).pairs
    assert connect(own, 20, 15).pairs != connect(replace(own, seed=6), 20, 15).pairs


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: neuro.FromListConnector([(0, 9)]), ParameterError, "cells 0 to 2"),
        (lambda: neuro.FromListConnector([(-1, 0)]), ParameterError, "presynaptic cell -1"),
        (lambda: neuro.FromListConnector([(0, 2**32)]), ParameterError, "postsynaptic"),
        (lambda: neuro.FromListConnector([(0.5, 0)]), ParameterError, "0.5, which is not a whole"),
        (lambda: neuro.FromListConnector([(np.nan, 0)]), ParameterError, "not a whole"),
        (lambda: neuro.FromListConnector([(0, 0), (1, 1, 2)]), ParameterError, "all of one kind"),
        (lambda: neuro.FromListConnector([0, 1]), ParameterError, "Give rows"),
        (lambda: neuro.FixedNumberPreConnector(2.5), ParameterError, "whole number"),  # type: ignore[arg-type]
        (lambda: neuro.FixedNumberPreConnector(4), VerificationError, "4 partners are wanted"),
        (lambda: neuro.FixedProbabilityConnector(1.2), VerificationError, "Use 0 to 1"),
        (lambda: neuro.FixedProbabilityConnector(float("nan")), VerificationError, "Use 0 to 1"),
        (
            lambda: neuro.DistanceDependentProbabilityConnector("exp(", np.zeros(3)),
            ExpressionError,
            "^",
        ),
        (
            lambda: neuro.DistanceDependentProbabilityConnector("r", np.zeros(3)),
            VerificationError,
            "Only the distance 'd'",
        ),
        (
            lambda: neuro.ConvolutionConnector((1, 3), (2, 1, 1), groups=3),
            VerificationError,
            "multiple of groups",
        ),
        (
            lambda: neuro.ConvolutionConnector((1, 3), (1, 1, 1), dilation=0),
            VerificationError,
            "Use 1 or more",
        ),
        (lambda: neuro.PoolingConnector((1, 3), 0, stride=1), VerificationError, "Use 1 or more"),
    ],
)
def test_connectors_refuse_what_they_cannot_do(make: Any, error: type, words: str) -> None:
    with pytest.raises(error) as caught:
        connect(make(), 3, 3)
    assert words in str(caught.value)
