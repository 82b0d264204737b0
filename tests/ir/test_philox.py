"""Random numbers: the published test vectors, and what is promised about streams."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from neuro.ir import philox
from neuro.ir.values import Draw, draw


@pytest.mark.parametrize(
    ("word", "seed", "expected"),
    [
        (0x00000000, 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (0xFFFFFFFF, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ],
)
def test_known_answers_of_random123(word: int, seed: int, expected: tuple[int, ...]) -> None:
    counter = [np.full(1, word, np.uint64) for _ in range(4)]
    assert tuple(int(part[0]) for part in philox.philox4x32(counter, seed)) == expected


def test_a_word_depends_on_neuron_step_draw_stream_and_seed_only() -> None:
    base = philox.words(1, 2, 0, 5, 10)
    np.testing.assert_array_equal(philox.words(1, 2, 0, 5, 7), base[:7])
    for other in ((9, 2, 0, 5), (1, 9, 0, 5), (1, 2, 1, 5), (1, 2, 0, 6), (1, 2, 0, 5 + 2**32)):
        assert not np.array_equal(philox.words(*other, 10), base)


def test_streams_depend_on_the_name() -> None:
    assert philox.stream_of("E") != philox.stream_of("I")
    assert philox.stream_of("E") == 0x6615F5A9


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_numbers_are_uniform_and_inside(dtype: philox.Float) -> None:
    word = philox.words(3, 4, 0, 0, 20000)
    closed, inner = philox.half_open(word, dtype), philox.open_interval(word, dtype)
    assert closed.min() >= 0
    assert closed.max() < 1
    assert inner.min() > 0
    assert inner.max() < 1
    assert scipy.stats.kstest(closed, "uniform").pvalue > 0.01
    extremes = np.array([0, 2**32 - 1], np.uint32)
    assert philox.half_open(extremes, dtype).tolist() == [
        0.0,
        float(1 - dtype(2.0 ** (-24 if dtype is np.float32 else -32))),
    ]
    assert (philox.open_interval(extremes, dtype) > 0).all()
    assert (philox.open_interval(extremes, dtype) < 1).all()


def test_draws_have_the_distribution_asked_for() -> None:
    normal = draw(Draw(distribution="normal", a=2.0, b=0.5, seed=1), 20000, 0)
    assert scipy.stats.kstest(normal, "norm", args=(2.0, 0.5)).pvalue > 0.01
    uniform = draw(Draw(distribution="uniform", a=-1.0, b=3.0), 20000, 7)
    assert scipy.stats.kstest(uniform, "uniform", args=(-1.0, 4.0)).pvalue > 0.01
    clipped = draw(Draw(distribution="normal", a=0.0, b=1.0, low=-0.5, high=0.2), 1000, 0)
    assert clipped.min() == -0.5
    assert clipped.max() == 0.2


def test_a_draw_with_a_seed_ignores_the_networks() -> None:
    own = Draw(distribution="uniform", a=0.0, b=1.0, seed=5)
    np.testing.assert_array_equal(draw(own, 5, 1), draw(own, 5, 2))
    shared = Draw(distribution="uniform", a=0.0, b=1.0)
    assert not np.array_equal(draw(shared, 5, 1), draw(shared, 5, 2))


def test_golden_numbers() -> None:
    """Connectors and initial values are made from these; they must never change."""
    found = [number.hex() for number in philox.uniform_doubles(42, 3).tolist()]
    assert found == ["0x1.a3f102fa9ac51p-1", "0x1.839335b2e643cp-3", "0x1.bc3e09cfe109dp-1"]
    assert philox.derived_seed(1, "a/b") == 13191159952213054922
