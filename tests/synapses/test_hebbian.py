"""Hebbian and anti-Hebbian: the symmetric window, coincidences counted once, bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from tests.synapses.pairs import random_trains, run_pairs

DIFFERENCES = range(-30, 31)


@pytest.mark.parametrize(("rule", "sign"), [(neuro.Hebbian, 1.0), (neuro.AntiHebbian, -1.0)])
def test_isolated_pairs_give_the_symmetric_window(
    rule: type[neuro.Hebbian | neuro.AntiHebbian], sign: float
) -> None:
    pre, post = [[35] for _ in DIFFERENCES], [[35 + d] for d in DIFFERENCES]
    w = run_pairs(rule(weight=0.5, tau=12.0, eta=0.05, delay=3.0), pre, post, 80)["w"][-1]
    expected = [0.5 + sign * 0.05 * math.exp(-abs(d + 3) / 12.0) for d in DIFFERENCES]
    np.testing.assert_allclose(w, expected, rtol=1e-12)


@pytest.mark.parametrize(("rule", "sign"), [(neuro.Hebbian, 1.0), (neuro.AntiHebbian, -1.0)])
def test_trains_sum_over_all_pairs(
    rule: type[neuro.Hebbian | neuro.AntiHebbian], sign: float
) -> None:
    pre, post = random_trains(8, 60, 0.2, 3), random_trains(8, 59, 0.2, 4)
    synapse = rule(weight=0.0, tau=12.0, eta=0.05, w_min=-1e3, w_max=1e3)
    w = run_pairs(synapse, pre, post, 60)["w"][-1]
    pairs = [
        sum(math.exp(-abs(p + 1 - q) / 12.0) for p in posts for q in pres)
        for pres, posts in zip(pre, post, strict=True)
    ]
    np.testing.assert_allclose(w, sign * 0.05 * np.array(pairs), rtol=1e-11)


def test_weights_stay_within_their_bounds() -> None:
    grown = run_pairs(neuro.Hebbian(weight=0.5, eta=0.4, w_max=0.8), [[5, 6]], [[4, 5]], 10)["w"]
    shrunk = run_pairs(neuro.AntiHebbian(weight=0.5, eta=0.4, w_min=0.1), [[5, 6]], [[4, 5]], 10)
    assert grown[-1, 0] == 0.8
    assert shrunk["w"][-1, 0] == 0.1
