"""Three-factor STDP: eligibility and weight against a recurrence written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from tests.synapses.pairs import random_trains, run_pairs

STEPS = 70
CHANGES = {0: 0.0, 12: 1.5, 20: 0.0, 33: -1.0, 50: 2.0}


def by_hand(pre: list[int], post: list[int], dendritic: int) -> tuple[list[float], list[float]]:
    """Weight and eligibility after every step, by the equations of the docstring."""
    w, e, x_pre, x_post, reward = 0.5, 0.0, 0.0, 0.0, 0.0
    weights, eligibilities = [], []
    for now in range(STEPS):
        reward = CHANGES.get(now, reward)
        if now - dendritic in post:
            e += 0.02 * x_pre
            x_post += 1
        if now in pre:
            e -= 0.03 * x_post
            x_pre += 1
        w = min(max(w + 20.0 * 1e-3 * reward * e, 0.4998), 0.505)
        e *= math.exp(-1 / 40.0)
        x_pre *= math.exp(-1 / 15.0)
        x_post *= math.exp(-1 / 25.0)
        weights.append(w)
        eligibilities.append(e)
    return weights, eligibilities


@pytest.mark.parametrize("backend", ["reference", "c", "numba"])
def test_weight_and_eligibility_follow_the_recurrence(backend: str) -> None:
    synapse = neuro.ThreeFactorSTDP(
        weight=0.5,
        delay=2.0,
        tau_plus=15.0,
        tau_minus=25.0,
        tau_eligibility=40.0,
        A_plus=0.02,
        A_minus=0.03,
        learning_rate=20.0,
        w_min=0.4998,
        w_max=0.505,
    )
    pre, post = random_trains(10, STEPS, 0.15, 5), random_trains(10, STEPS - 2, 0.15, 6)
    reward = neuro.StepCurrentSource(list(CHANGES), list(CHANGES.values()))
    found = run_pairs(synapse, pre, post, STEPS, backend=backend, factors={"reward": reward})
    hand = [by_hand(a, b, dendritic=2) for a, b in zip(pre, post, strict=True)]
    np.testing.assert_allclose(found["w"], np.transpose([w for w, _ in hand]), rtol=1e-12)
    expected = np.transpose([e for _, e in hand])
    np.testing.assert_allclose(found["e"], expected, rtol=1e-11, atol=1e-15)
    assert found["w"].min() == 0.4998
    assert found["w"].max() == 0.505


def test_without_reward_pairs_mark_the_synapse_and_leave_its_weight() -> None:
    synapse = neuro.ThreeFactorSTDP(weight=0.5, A_plus=0.02, tau_plus=20.0, tau_eligibility=50.0)
    found = run_pairs(synapse, [[5]], [[9]], 30)
    assert (found["w"] == 0.5).all()
    mark = 0.02 * math.exp(-(10 - 5) / 20.0)
    assert found["e"][10, 0] == pytest.approx(mark * math.exp(-1 / 50.0), rel=1e-12)
    assert found["e"][20, 0] == pytest.approx(mark * math.exp(-11 / 50.0), rel=1e-12)
