"""Connectors: the right pairs, with the right statistics, the same on every machine."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from neuro.ir.connectivity import (
    AllToAll,
    Convolution,
    Dense,
    DistanceDependent,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
    output_shape,
)
from neuro.ir.expansion import Rows, expand, stable_argsort, transpose
from neuro.ir.expressions.parser import parse_expression


def pairs(rows: Rows) -> list[tuple[int, int]]:
    return list(zip(rows.sources().tolist(), rows.indices.tolist(), strict=True))


def test_simple_connectors() -> None:
    assert pairs(expand(AllToAll(), 2, 3, 0)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    others = expand(AllToAll(self_connections=False), 2, 3, 0)
    assert pairs(others) == [(0, 1), (0, 2), (1, 0), (1, 2)]
    assert pairs(expand(OneToOne(), 3, 3, 0)) == [(0, 0), (1, 1), (2, 2)]
    assert pairs(expand(Dense(), 1, 2, 0)) == [(0, 0), (0, 1)]
    listed = Sparse(indptr=np.array([0, 2, 2]), indices=np.array([4, 1], np.int32))
    assert pairs(expand(listed, 2, 5, 0)) == [(0, 4), (0, 1)]


@given(
    probability=st.floats(0, 1),
    n_pre=st.integers(1, 60),
    n_post=st.integers(1, 60),
    seed=st.integers(0, 2**32),
)
def test_bernoulli_rows_are_well_formed(
    probability: float, n_pre: int, n_post: int, seed: int
) -> None:
    rows = expand(FixedProbability(probability=probability), n_pre, n_post, seed)
    assert len(rows.indptr) == n_pre + 1
    found = pairs(rows)
    assert found == sorted(set(found))
    assert all(0 <= j < n_post for _, j in found)
    if probability == 1:
        assert len(found) == n_pre * n_post


@pytest.mark.parametrize("probability", [0.0005, 0.02, 0.4, 0.95])
def test_bernoulli_rows_have_the_probability_everywhere(probability: float) -> None:
    n_pre, n_post = 700, 900
    rows = expand(FixedProbability(probability=probability), n_pre, n_post, 11)
    expected, spread = n_pre * n_post * probability, (n_pre * n_post * probability) ** 0.5
    assert abs(rows.count - expected) < 5 * spread + 1
    by_column = np.bincount(rows.indices, minlength=n_post)
    halves = by_column[:450].sum(), by_column[450:].sum()
    assert abs(halves[0] - halves[1]) < 6 * spread + 2


@pytest.mark.parametrize("side", ["pre", "post"])
@pytest.mark.parametrize("self_connections", [True, False])
def test_fixed_numbers(side: Any, self_connections: bool) -> None:
    connector = FixedNumber(side=side, number=7, self_connections=self_connections, seed=3)
    rows = expand(connector, 40, 30, 0)
    found = pairs(rows)
    assert found == sorted(set(found))
    ends = [pair[1 if side == "pre" else 0] for pair in found]
    assert set(np.bincount(ends).tolist()) == {7}
    if not self_connections:
        assert all(i != j for i, j in found)


def test_fixed_numbers_choose_partners_evenly() -> None:
    rows = expand(FixedNumber(side="post", number=5), 4000, 20, 1)
    counts = np.bincount(rows.indices, minlength=20)
    assert counts.min() > 900
    assert counts.max() < 1100


def test_all_partners_are_chosen_if_there_are_no_more() -> None:
    rows = expand(FixedNumber(side="pre", number=6, self_connections=False), 7, 7, 1)
    assert rows.count == 42


def test_distance_dependent_probability() -> None:
    place = np.linspace(0, 1, 200)[:, None]
    connector = DistanceDependent(
        probability=parse_expression("0.9 if d < 0.1 else 0"),
        pre_positions=place,
        post_positions=place,
    )
    rows = expand(connector, 200, 200, 5)
    distance = np.abs(place[rows.sources(), 0] - place[rows.indices, 0])
    assert distance.max() < 0.1
    near = np.sum(np.abs(place - place.T) < 0.1)
    assert rows.count == pytest.approx(0.9 * near, rel=0.05)


def test_a_seed_of_its_own_decides() -> None:
    own = FixedProbability(probability=0.5, seed=9)
    assert pairs(expand(own, 9, 9, 1)) == pairs(expand(own, 9, 9, 2))
    shared = FixedProbability(probability=0.5)
    assert pairs(expand(shared, 9, 9, 1)) != pairs(expand(shared, 9, 9, 2))


def test_golden_connectivity() -> None:
    """The same arrays on every machine and in every version."""
    digest = hashlib.sha256()
    for connector in (
        FixedProbability(probability=0.03, seed=1),
        FixedNumber(side="pre", number=5, seed=2),
        FixedNumber(side="post", number=4, self_connections=False, seed=3),
    ):
        rows = expand(connector, 150, 170, 0)
        digest.update(rows.indptr.tobytes() + rows.indices.tobytes())
    assert digest.hexdigest()[:32] == "9948b212cc537160ce04d7d877eee99f"


@given(st.lists(st.integers(0, 200_000), max_size=300))
def test_the_radix_sort_is_a_stable_sort(keys: list[int]) -> None:
    array = np.array(keys, np.int64)
    order = stable_argsort(array, 200_001)
    np.testing.assert_array_equal(order, np.argsort(array, kind="stable"))


def test_transposing_twice_is_the_identity() -> None:
    rows = expand(FixedProbability(probability=0.3), 12, 17, 4)
    assert pairs(transpose(transpose(rows, 17), 12)) == pairs(rows)


def _convolve(connector: Convolution, kernel: np.ndarray, image: np.ndarray) -> np.ndarray:
    """By expansion: each input sends its value times the weight."""
    shape = output_shape(connector)
    n_pre, n_post = image.size, int(np.prod(shape))
    rows = expand(connector, n_pre, n_post, 0)
    assert rows.kernel_index is not None
    out = np.zeros(n_post)
    weight = kernel.reshape(-1)[rows.kernel_index]
    np.add.at(out, rows.indices, weight * image.reshape(-1)[rows.sources()])
    return out.reshape(shape)


def test_a_convolution_is_a_cross_correlation() -> None:
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(2, 9, 7)), rng.normal(size=(3, 2, 3, 2))
    connector = Convolution(
        input_shape=(2, 9, 7),
        kernel_shape=kernel.shape,
        stride=(1, 1),
        padding=(0, 0),
        dilation=(1, 1),
    )
    expected = np.array(
        [
            sum(scipy.signal.correlate2d(image[c], kernel[k, c], mode="valid") for c in range(2))
            for k in range(3)
        ]
    )
    np.testing.assert_allclose(_convolve(connector, kernel, image), expected)


def test_stride_padding_dilation_and_groups() -> None:
    rng = np.random.default_rng(1)
    image, kernel = rng.normal(size=(4, 8, 9)), rng.normal(size=(6, 2, 3, 3))
    connector = Convolution(
        input_shape=(4, 8, 9),
        kernel_shape=kernel.shape,
        stride=(2, 1),
        padding=(1, 2),
        dilation=(1, 2),
        groups=2,
    )
    found = _convolve(connector, kernel, image)
    padded = np.pad(image, ((0, 0), (1, 1), (2, 2)))
    expected = np.zeros(output_shape(connector))
    for k, y, x in np.ndindex(expected.shape):
        group = k // 3
        window = padded[2 * group : 2 * group + 2, 2 * y : 2 * y + 3, x : x + 5 : 2]
        expected[k, y, x] = np.sum(window * kernel[k])
    np.testing.assert_allclose(found, expected)


def test_one_dimensional_convolution_and_pooling() -> None:
    connector = Convolution(
        input_shape=(1, 6), kernel_shape=(1, 1, 3), stride=(1,), padding=(0,), dilation=(1,)
    )
    found = _convolve(connector, np.array([[[1.0, 2.0, 3.0]]]), np.arange(6.0)[None])
    np.testing.assert_array_equal(found, [[8, 14, 20, 26]])
    pooling = Pooling(input_shape=(2, 4, 4), window=(2, 2), stride=(2, 2), padding=(0, 0))
    rows = expand(pooling, 32, 8, 0)
    assert output_shape(pooling) == (2, 2, 2)
    assert np.bincount(rows.indices).tolist() == [4] * 8
