"""AdEx: it converges to its equations with order one, and resets as it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import neuro
from tests.cells.single import Vector, observed_orders, ode_solution, run_cell

CM, TAU_M = 0.281, 9.3667
JUMPS = {1.0: [0, 0, 0.02, 0], 3.0: [0, 0, 0, 0.01]}
END = 10.0


def slope(_: float, x: Vector) -> Sequence[float]:
    v, w, excitatory, inhibitory = x
    leak = CM / TAU_M
    current = leak * (-70.6 - v) + leak * 2.0 * np.exp((v + 50.4) / 2.0) - w + 0.55
    current += excitatory * (0.0 - v) + inhibitory * (-80.0 - v)
    adaptation = (4e-3 * (v + 70.6) - w) / 144.0
    return [current / CM, adaptation, -excitatory / 5.0, -inhibitory / 5.0]


def test_it_converges_to_the_equations_with_order_one() -> None:
    exact = ode_solution(slope, [-70.6, 0.0, 0.0, 0.0], JUMPS, END)
    assert -52.0 < exact[0] < -45.0, "the exponential current must matter"

    def error(dt: float, variable: str = "v", column: int = 0) -> float:
        events = {"excitatory": [(round(1 / dt), 0.02)], "inhibitory": [(round(3 / dt), 0.01)]}
        found = run_cell(neuro.AdEx(i_offset=0.55), round(END / dt), dt=dt, arrivals=events)
        assert not len(found["spikes"])
        return float(abs(found[variable][-1] - exact[column]))

    dts = [0.1, 0.05, 0.025, 0.0125]
    np.testing.assert_allclose(observed_orders(error, dts), 1.0, atol=0.1)
    np.testing.assert_allclose(observed_orders(lambda dt: error(dt, "w", 1), dts), 1.0, atol=0.1)


def test_a_spike_sets_v_lets_w_jump_and_holds_v_alone() -> None:
    cell = neuro.AdEx(i_offset=1.0, tau_refrac=2.0, v_reset=-60.0)
    found = run_cell(cell, 60, dt=1.0)
    first = found["spikes"][0]
    assert found["v"][first : first + 3].tolist() == [-60.0] * 3
    assert found["v"][first + 3] != -60.0
    decay = np.exp(-1.0 / 144.0)
    grown = decay * found["w"][first - 1] + (1 - decay) * 4e-3 * (found["v"][first - 1] + 70.6)
    assert found["w"][first] == pytest.approx(grown + 0.0805, rel=1e-10)
    held = decay * found["w"][first] + (1 - decay) * 4e-3 * (-60.0 + 70.6)
    assert found["w"][first + 1] == pytest.approx(held, rel=1e-10)


def test_spikes_come_more_slowly_as_adaptation_builds_up() -> None:
    spikes = run_cell(neuro.AdEx(i_offset=1.0), 3000, dt=0.1)["spikes"]
    intervals = np.diff(spikes)
    assert len(intervals) > 4
    assert intervals[-1] > 1.5 * intervals[0]


def test_the_exponential_is_cut_at_v_spike_so_that_nothing_overflows() -> None:
    found = run_cell(neuro.AdEx(v_spike=-30.0), 8, arrivals={"excitatory": [(1, 1e3)]})
    assert np.isfinite(found["v"]).all()
    assert len(found["spikes"])


def test_pynns_name_is_the_same_cell() -> None:
    assert neuro.EIF_cond_exp_isfa_ista is neuro.AdEx
