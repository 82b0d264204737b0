"""LIF: the recurrence written out by hand, both resets, refractory period."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from tests.cells.single import run_cell, steps_to_threshold

ARRIVALS = [(1, 0.4), (2, 0.9), (3, 2.3), (4, 0.2), (7, 1.1), (8, -0.6), (9, 1.7), (12, 0.3)]


def by_hand(*, subtract: bool, refractory: int, steps: int) -> tuple[list[float], list[int]]:
    beta, inputs = math.exp(-1.0 / 8.0), dict(ARRIVALS)
    v, left = 0.0, 0
    potential, spikes = [], []
    for step in range(steps):
        if left:
            left -= 1
        else:
            v = beta * v + inputs.get(step, 0.0) + 0.05
            if v >= 0.9:
                spikes.append(step)
                v = v - 0.9 if subtract else -0.2
                left = refractory
        potential.append(v)
    return potential, spikes


@pytest.mark.parametrize("reset", ["value", "subtract"])
@pytest.mark.parametrize("refractory", [0, 1, 3])
def test_potential_and_spikes_follow_the_recurrence(reset: str, refractory: int) -> None:
    cell = neuro.LIF(
        reset=reset,  # type: ignore[arg-type]
        tau_m=8.0,
        v_thresh=0.9,
        v_reset=-0.2,
        tau_refrac=float(refractory),
        bias=0.05,
    )
    found = run_cell(cell, 20, arrivals={"input": ARRIVALS})
    potential, spikes = by_hand(subtract=reset == "subtract", refractory=refractory, steps=20)
    assert len(spikes) > 1
    assert found["spikes"].tolist() == spikes
    np.testing.assert_allclose(found["v"], potential, rtol=1e-13, atol=1e-15)


def test_a_soft_reset_can_leave_the_cell_above_threshold() -> None:
    cell = neuro.LIF(reset="subtract", tau_m=1e6)
    found = run_cell(cell, 6, arrivals={"input": [(1, 3.5)]})
    assert found["spikes"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(found["v"], [0, 2.5, 1.5, 0.5, 0.5, 0.5], atol=1e-4)


def test_the_threshold_itself_is_enough() -> None:
    found = run_cell(neuro.LIF(), 3, arrivals={"input": [(1, 1.0)]})
    assert found["spikes"].tolist() == [1]


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_a_constant_bias_gives_the_spike_times_of_the_geometric_series(dt: float) -> None:
    beta = math.exp(-dt / 20.0)
    target = 1.5
    spikes = run_cell(neuro.LIF(bias=target * (1 - beta), tau_refrac=2.0), 600, dt=dt)["spikes"]
    rise = steps_to_threshold(20.0, 0.0, target, 1.0, dt)
    period = rise + round(2.0 / dt)
    assert len(spikes) > 1
    assert spikes.tolist() == (rise - 1 + period * np.arange(len(spikes))).tolist()


def test_an_unknown_reset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use 'value' or 'subtract'"):
        neuro.LIF(reset="zero")  # type: ignore[arg-type]
