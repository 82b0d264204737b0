"""Poisson counts have the distribution, for small and large means."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from neuro.ir.philox import words
from neuro.ir.poisson import MAX_MEAN, counts, thresholds


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.1, 2.0, 40.0, MAX_MEAN])
def test_thresholds_are_the_distribution(mean: float) -> None:
    table = thresholds(mean).astype(np.float64) / 2**32
    expected = scipy.stats.poisson.cdf(np.arange(len(table)), mean)
    np.testing.assert_allclose(table, expected, atol=2**-31)
    assert len(table) < 12 + mean + 10 * mean**0.5


@pytest.mark.parametrize("mean", [0.1, 2.0, 40.0])
def test_counts_have_mean_and_variance(mean: float) -> None:
    found = counts(words(1, 2, 0, 0, 200_000), thresholds(mean))
    assert found.mean() == pytest.approx(mean, rel=0.03)
    assert found.var() == pytest.approx(mean, rel=0.03)


def test_a_count_is_the_number_of_thresholds_not_above_the_word() -> None:
    table = np.array([10, 20, 20, 30], np.uint32)
    word = np.array([0, 9, 10, 19, 20, 29, 30, 2**32 - 1], np.uint32)
    assert counts(word, table).tolist() == [0, 0, 1, 1, 3, 3, 4, 4]
