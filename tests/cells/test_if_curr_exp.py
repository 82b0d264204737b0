"""IF_curr_exp: exact whatever the step, spike times of a constant current, refractory period."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from tests.cells.single import (
    linear_solution,
    observed_orders,
    ode_solution,
    run_cell,
    steps_to_threshold,
)

EVENTS = {"excitatory": [(1, 3.0), (4, 2.0)], "inhibitory": [(2, 1.5)]}
JUMPS = {1: [0, 3.0, 0], 4: [0, 2.0, 0], 2: [0, 0, 1.5]}
START = [-65.0, 0.0, 0.0]


def system(tau_m: float, tau_e: float, tau_i: float, cm: float) -> list[list[float]]:
    """The matrix of the equations for (v, i_exc, i_inh)."""
    return [[-1 / tau_m, 1 / cm, -1 / cm], [0, -1 / tau_e, 0], [0, 0, -1 / tau_i]]


@pytest.mark.parametrize("dt", [0.1, 1.0, 5.0])
@pytest.mark.parametrize(
    ("tau_m", "tau_e", "tau_i"),
    [(20.0, 5.0, 7.0), (10.0, 10.0, 10.0), (10.0, 10.0 * (1 + 1e-7), 10.0 * (1 - 1e-10))],
)
def test_the_membrane_is_the_exact_solution_for_every_step(
    dt: float, tau_m: float, tau_e: float, tau_i: float
) -> None:
    cell = neuro.IF_curr_exp(
        tau_m=tau_m, tau_syn_E=tau_e, tau_syn_I=tau_i, cm=0.8, i_offset=0.3, v_thresh=1e3
    )
    found = run_cell(cell, 40, dt=dt, arrivals=EVENTS)
    drive = [-65.0 / tau_m + 0.3 / 0.8, 0, 0]
    exact = linear_solution(system(tau_m, tau_e, tau_i, 0.8), drive, START, JUMPS, dt, 40)
    for column, name in enumerate(["v", "i_exc", "i_inh"]):
        np.testing.assert_allclose(found[name], exact[:, column], rtol=0, atol=1e-12)


def test_an_injected_current_is_exact_where_it_is_constant_over_steps() -> None:
    cell = neuro.IF_curr_exp(v_thresh=1e3)
    current = neuro.StepCurrentSource([2.0, 6.0], [1.2, -0.4])
    found = run_cell(cell, 10, dt=2.0, current=current)["v"]
    v, exact = -65.0, []
    for step in range(10):
        amplitude = 0.0 if step < 1 else (1.2 if step < 3 else -0.4)
        target = -65.0 + amplitude * 20.0
        v = target + (v - target) * np.exp(-2.0 / 20.0)
        exact.append(v)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("tau_refrac", [0.0, 3.0])
def test_a_constant_current_gives_the_spike_times_of_the_formula(
    dt: float, tau_refrac: float
) -> None:
    cell = neuro.IF_curr_exp(i_offset=1.1, tau_refrac=tau_refrac, v_reset=-60.0)
    spikes = run_cell(cell, int(150 / dt), dt=dt)["spikes"]
    first = steps_to_threshold(20.0, -65.0, -65.0 + 22.0, -50.0, dt)
    period = steps_to_threshold(20.0, -60.0, -65.0 + 22.0, -50.0, dt) + round(tau_refrac / dt)
    assert len(spikes) > 3
    assert spikes.tolist() == (first - 1 + period * np.arange(len(spikes))).tolist()


def test_the_potential_is_held_and_currents_go_on_while_refractory() -> None:
    cell = neuro.IF_curr_exp(tau_refrac=3.0, v_reset=-70.0)
    found = run_cell(cell, 7, arrivals={"excitatory": [(1, 20.0), (3, 1.0)]})
    assert found["spikes"].tolist() == [1]
    assert found["v"][1:5].tolist() == [-70.0] * 4
    current = 20.0 * np.exp(-np.arange(1, 7) / 5.0)
    current[2:] += 1.0 * np.exp(-np.arange(1, 5) / 5.0)
    np.testing.assert_allclose(found["i_exc"][1:], current, rtol=1e-13)
    assert found["v"][5] > -70.0


def test_the_spinnaker_scheme_converges_with_order_two_and_uses_the_mean_current() -> None:
    def error(dt: float) -> float:
        cell = neuro.IF_curr_exp(scheme="spinnaker", v_thresh=1e3)
        events = {"excitatory": [(round(2 / dt), 3.0)]}
        v = run_cell(cell, round(20 / dt), dt=dt, arrivals=events)["v"][-1]
        return float(abs(v - exact[0]))

    matrix = np.array(system(20.0, 5.0, 5.0, 1.0))
    drive = np.array([-65.0 / 20.0, 0, 0])
    exact = ode_solution(lambda _, x: matrix @ x + drive, START, {2.0: [0, 3.0, 0]}, 20.0)
    np.testing.assert_allclose(observed_orders(error, [1.0, 0.5, 0.25]), 2.0, atol=0.05)

    cell = neuro.IF_curr_exp(scheme="spinnaker", v_thresh=1e3)
    v = run_cell(cell, 2, arrivals={"excitatory": [(1, 3.0)]})["v"][1]
    mean = 3.0 * 5.0 * (1 - np.exp(-1 / 5.0))
    assert v == pytest.approx(-65.0 + 20.0 * mean * (1 - np.exp(-1 / 20.0)), abs=1e-12)


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use 'exact' or 'spinnaker'"):
        neuro.IF_curr_exp(scheme="euler")  # type: ignore[arg-type]
