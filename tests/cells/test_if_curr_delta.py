"""IF_curr_delta: exact whatever the step, jumps at arrival, deaf while refractory."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from tests.cells.single import run_cell, steps_to_threshold


@pytest.mark.parametrize("dt", [0.1, 1.0, 5.0])
def test_the_membrane_is_the_exact_solution_for_every_step(dt: float) -> None:
    cell = neuro.IF_curr_delta(tau_m=12.0, cm=0.8, i_offset=0.3, v_thresh=1e3)
    events = {"excitatory": [(1, 3.0), (4, 2.0)], "inhibitory": [(2, 1.5)]}
    found = run_cell(cell, 40, dt=dt, arrivals=events)["v"]
    end = (np.arange(40) + 1) * dt
    exact = -65.0 + 0.3 / 0.8 * 12.0 * (1 - np.exp(-end / 12.0))
    for step, jump in [(1, 3.0), (4, 2.0), (2, -1.5)]:
        after = end - (step + 1) * dt
        exact += np.where(after > -dt / 2, jump * np.exp(-after / 12.0), 0.0)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("tau_refrac", [0.0, 4.0])
def test_a_constant_current_gives_the_spike_times_of_the_formula(tau_refrac: float) -> None:
    cell = neuro.IF_curr_delta(i_offset=0.9, tau_refrac=tau_refrac, v_reset=-68.0)
    spikes = run_cell(cell, 400, dt=0.5)["spikes"]
    first = steps_to_threshold(20.0, -65.0, -47.0, -50.0, 0.5)
    period = steps_to_threshold(20.0, -68.0, -47.0, -50.0, 0.5) + round(tau_refrac / 0.5)
    assert len(spikes) > 3
    assert spikes.tolist() == (first - 1 + period * np.arange(len(spikes))).tolist()


def test_what_arrives_while_refractory_is_lost() -> None:
    cell = neuro.IF_curr_delta(tau_refrac=2.0)
    events = {"excitatory": [(1, 16.0), (2, 16.0), (3, 16.0), (4, 1.0)]}
    found = run_cell(cell, 6, arrivals=events)
    assert found["spikes"].tolist() == [1]
    assert found["v"][:4].tolist() == [-65.0] * 4
    assert found["v"][4] == pytest.approx(-64.0, abs=1e-12)
