"""IF_curr_alpha: exact whatever the step and the time constants, and its current has its peak."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from tests.cells.single import linear_solution, run_cell, steps_to_threshold

EVENTS = {"excitatory": [(1, 3.0), (4, 2.0)], "inhibitory": [(2, 1.5)]}
JUMPS = {1: [0, 3.0, 0, 0, 0], 4: [0, 2.0, 0, 0, 0], 2: [0, 0, 0, 1.5, 0]}
NAMES = ["v", "x_exc", "i_exc", "x_inh", "i_inh"]


def system(tau_m: float, tau_e: float, tau_i: float, cm: float) -> list[list[float]]:
    """The matrix of the equations for (v, x_exc, i_exc, x_inh, i_inh)."""
    return [
        [-1 / tau_m, 0, 1 / cm, 0, -1 / cm],
        [0, -1 / tau_e, 0, 0, 0],
        [0, np.e / tau_e, -1 / tau_e, 0, 0],
        [0, 0, 0, -1 / tau_i, 0],
        [0, 0, 0, np.e / tau_i, -1 / tau_i],
    ]


@pytest.mark.parametrize("dt", [0.1, 1.0, 5.0])
@pytest.mark.parametrize(
    ("tau_m", "tau_e", "tau_i"),
    [
        (20.0, 0.5, 7.0),
        (10.0, 10.0, 10.0),
        (10.0, 10.0 * (1 + 1e-7), 10.0 * (1 - 1e-10)),
        (10.0, 10.0 / 1.06, 10.0 / 1.04),
    ],
)
def test_the_membrane_is_the_exact_solution_for_every_step(
    dt: float, tau_m: float, tau_e: float, tau_i: float
) -> None:
    cell = neuro.IF_curr_alpha(
        tau_m=tau_m, tau_syn_E=tau_e, tau_syn_I=tau_i, cm=0.8, i_offset=0.3, v_thresh=1e3
    )
    found = run_cell(cell, 40, dt=dt, arrivals=EVENTS)
    drive = [-65.0 / tau_m + 0.3 / 0.8, 0, 0, 0, 0]
    start = [-65.0, 0, 0, 0, 0]
    exact = linear_solution(system(tau_m, tau_e, tau_i, 0.8), drive, start, JUMPS, dt, 40)
    for column, name in enumerate(NAMES):
        np.testing.assert_allclose(found[name], exact[:, column], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "z", [1e-9, 1e-3, 0.005, 0.02, 0.099, 0.101, 0.5, 3.0, -0.02, -0.099, -0.101]
)
def test_the_propagator_is_accurate_wherever_the_time_constants_lie(z: float) -> None:
    tau = 1 / (1 / 10.0 - z)
    cell = neuro.IF_curr_alpha(tau_m=10.0, tau_syn_E=tau, v_thresh=1e6)
    found = run_cell(cell, 6, arrivals={"excitatory": [(1, 1000.0)]})["v"] + 65.0
    start, jumps = [0.0] * 5, {1: [0, 1000.0, 0, 0, 0]}
    exact = linear_solution(system(10.0, tau, 0.5, 1.0), [0.0] * 5, start, jumps, 1.0, 6)
    np.testing.assert_allclose(found[1:], exact[1:, 0], rtol=1e-13)


def test_the_current_of_a_spike_peaks_at_its_weight_one_time_constant_after_arrival() -> None:
    cell = neuro.IF_curr_alpha(tau_syn_E=4.0, v_thresh=1e3)
    current = run_cell(cell, 200, dt=0.1, arrivals={"excitatory": [(10, 2.5)]})["i_exc"]
    assert np.argmax(current) == 10 - 1 + 40
    assert current.max() == pytest.approx(2.5, rel=1e-12)


def test_a_constant_current_gives_the_spike_times_of_the_formula() -> None:
    cell = neuro.IF_curr_alpha(i_offset=0.9, tau_refrac=2.0)
    spikes = run_cell(cell, 400, dt=0.5)["spikes"]
    rise = steps_to_threshold(20.0, -65.0, -65.0 + 18.0, -50.0, 0.5)
    assert len(spikes) > 2
    assert spikes.tolist() == (rise - 1 + (rise + 4) * np.arange(len(spikes))).tolist()
