"""Pair STDP: windows of isolated pairs, the rule for ties, pairing, dependence, bounds, gate."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from tests.synapses.pairs import random_trains, run_pairs

STEPS = 80
ENGINES = ["reference", "c", "numba"]
DIFFERENCES = range(-30, 31)


def window(difference: int) -> float:
    """Change of the weight for post minus pre, as seen at the synapse."""
    if difference > 0:
        return 0.02 * math.exp(-difference / 17.0)
    return -0.03 * math.exp(difference / 34.0)


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize(
    ("delay", "fraction", "axonal"), [(1.0, 1.0, 0), (5.0, 1.0, 0), (6.0, 0.5, 3), (4.0, 0.0, 3)]
)
def test_isolated_pairs_give_the_window_of_the_formula(
    delay: float, fraction: float, axonal: int, backend: str
) -> None:
    synapse = neuro.PairSTDP(
        weight=0.5,
        delay=delay,
        dendritic_delay_fraction=fraction,
        tau_plus=17.0,
        tau_minus=34.0,
        A_plus=0.02,
        A_minus=0.03,
    )
    dendritic = int(delay) - axonal
    pre = [[35] for _ in DIFFERENCES]
    post = [[35 + d] for d in DIFFERENCES]
    w = run_pairs(synapse, pre, post, STEPS, backend=backend)["w"][-1]
    seen = [d + dendritic - axonal for d in DIFFERENCES]
    np.testing.assert_allclose(w, [0.5 + window(d) for d in seen], rtol=1e-12)


@pytest.mark.parametrize("backend", ENGINES)
def test_with_dendritic_delay_one_a_post_spike_one_step_before_the_pre_spike_depresses_fully(
    backend: str,
) -> None:
    synapse = neuro.PairSTDP(weight=0.5, A_plus=0.02, A_minus=0.03, tau_plus=10.0, tau_minus=10.0)
    pre, post = [[20], [20], [20]], [[19], [20], [18]]
    w = run_pairs(synapse, pre, post, 40, backend=backend)["w"]
    depressed, potentiated, later = w[-1] - 0.5
    assert depressed == pytest.approx(-0.03, rel=1e-12)
    assert potentiated == pytest.approx(0.02 * math.exp(-1 / 10.0), rel=1e-12)
    assert later == pytest.approx(-0.03 * math.exp(-1 / 10.0), rel=1e-12)
    assert (w[19] == 0.5).all()
    assert w[20, 0] != 0.5, "depressed in the step of the pre spike"
    assert w[20, 1] == 0.5, "the post spike is still on its way"
    assert w[21, 1] != 0.5


def weight_by_hand(pre: list[int], post: list[int], pairing: str, dependence: str) -> float:
    """The rule pair by pair, without traces; dendritic delay 2."""
    w, w_min, w_max = 0.5, 0.1, 0.8
    seen_post = [step + 2 for step in post]
    for now in range(STEPS):
        if now in seen_post:
            earlier = [s for s in pre if s < now]
            chosen = earlier[-1:] if pairing == "nearest" else earlier
            pull = 0.03 * (1.0 if dependence == "additive" else w_max - w)
            w = min(w_max, w + pull * sum(math.exp((s - now) / 15.0) for s in chosen))
        if now in pre:
            earlier = [s for s in seen_post if s <= now]
            chosen = earlier[-1:] if pairing == "nearest" else earlier
            pull = 0.04 * (1.0 if dependence == "additive" else w - w_min)
            w = max(w_min, w - pull * sum(math.exp((s - now) / 11.0) for s in chosen))
    return w


@pytest.mark.parametrize("pairing", ["all_to_all", "nearest"])
@pytest.mark.parametrize("dependence", ["additive", "multiplicative"])
def test_trains_of_spikes_follow_the_rule_written_without_traces(
    pairing: Literal["all_to_all", "nearest"], dependence: Literal["additive", "multiplicative"]
) -> None:
    synapse = neuro.PairSTDP(
        pairing=pairing,
        dependence=dependence,
        weight=0.5,
        delay=2.0,
        tau_plus=15.0,
        tau_minus=11.0,
        A_plus=0.03,
        A_minus=0.04,
        w_min=0.1,
        w_max=0.8,
    )
    pre, post = random_trains(12, STEPS, 0.15, 1), random_trains(12, STEPS - 2, 0.15, 2)
    found = run_pairs(synapse, pre, post, STEPS)["w"][-1]
    pairs = zip(pre, post, strict=True)
    expected = [weight_by_hand(a, b, pairing, dependence) for a, b in pairs]
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    assert len(set(expected)) > 6


def test_pairings_and_dependences_are_four_different_rules() -> None:
    pre, post = [[1, 4, 9, 20]], [[5, 6, 12, 24]]
    results = {
        run_pairs(
            neuro.PairSTDP(pairing=pairing, dependence=dependence, weight=0.3), pre, post, 40
        )["w"][-1, 0]
        for pairing in ("all_to_all", "nearest")
        for dependence in ("additive", "multiplicative")
    }
    assert len(results) == 4


def test_weights_are_clipped_after_every_single_update() -> None:
    synapse = neuro.PairSTDP(
        weight=0.5, A_plus=1.0, A_minus=0.3, tau_plus=10.0, tau_minus=10.0, w_min=0.2, w_max=0.9
    )
    w = run_pairs(synapse, [[5, 8], [9, 10, 11]], [[6], [8]], 20)["w"]
    assert w[7, 0] == 0.9, "up to the bound"
    assert w[8, 0] == pytest.approx(0.9 - 0.3 * math.exp(-0.1), rel=1e-12)
    assert w[9, 1] == pytest.approx(0.5 - 0.3, rel=1e-12)
    assert w[-1, 1] == 0.2, "down to the bound"


def test_a_gate_of_zero_freezes_weights_and_traces_go_on() -> None:
    synapse = neuro.PairSTDP(gated=True, weight=0.5, A_plus=0.1, A_minus=0.1, tau_plus=10.0)
    gate = neuro.StepCurrentSource([0.0, 12.0, 30.0], [0.0, 1.0, 0.5])
    w = run_pairs(synapse, [[5, 29]], [[7, 14, 33]], 40, factors={"gate": gate})["w"][:, 0]
    assert (w[:15] == 0.5).all(), "the pair (5, 7) is seen while the gate is shut"
    assert w[15] == pytest.approx(0.5 + 0.1 * math.exp(-10 / 10.0), rel=1e-12)
    depressed = w[15] - 0.1 * (math.exp(-(29 - 15) / 20.0) + math.exp(-(29 - 8) / 20.0))
    assert w[29] == pytest.approx(depressed, rel=1e-12)
    raised = 0.05 * (math.exp(-(34 - 29) / 10.0) + math.exp(-(34 - 5) / 10.0))
    assert w[34] == pytest.approx(w[29] + raised, rel=1e-12)


def test_the_event_carries_the_weight_after_the_pre_update() -> None:
    synapse = neuro.PairSTDP(weight=0.5, A_minus=0.2)
    found = run_pairs(synapse, [[10]], [[9]], 15)
    assert found["v"][11, 0] == pytest.approx(0.3, rel=1e-12)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ParameterError, match="nearest"):
        neuro.PairSTDP(pairing="nearst")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="additive"):
        neuro.PairSTDP(dependence="aditive")  # type: ignore[arg-type]
