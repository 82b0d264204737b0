"""Izhikevich: the paper's program step by step, and convergence to the equations."""

from __future__ import annotations

import numpy as np

import neuro
from tests.cells.single import observed_orders, ode_solution, run_cell


def papers_program(
    drive: list[float], a: float, b: float, c: float, d: float
) -> tuple[list[float], list[float], list[int]]:
    """Izhikevich (2003), with the reset in the step of the spike instead of before the next one."""
    v, u = -70.0, -14.0
    potential, recovery, spikes = [], [], []
    for step, i in enumerate(drive):
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + i)
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + i)
        u = u + a * (b * v - u)
        if v >= 30:
            spikes.append(step)
            v, u = c, u + d
        potential.append(v)
        recovery.append(u)
    return potential, recovery, spikes


def test_it_does_what_the_papers_program_does() -> None:
    for a, b, c, d in [(0.02, 0.2, -65.0, 8.0), (0.1, 0.2, -65.0, 2.0), (0.02, 0.2, -50.0, 2.0)]:
        cell = neuro.Izhikevich(a=a, b=b, c=c, d=d, i_offset=10.0, cm=1.0)
        found = run_cell(cell, 80)
        potential, recovery, spikes = papers_program([10.0] * 80, a, b, c, d)
        assert len(spikes) > 1
        assert found["spikes"].tolist() == spikes
        np.testing.assert_allclose(found["v"], potential, rtol=1e-9)
        np.testing.assert_allclose(found["u"], recovery, rtol=1e-9)


def test_it_converges_to_the_equations_with_order_one() -> None:
    def slope(_: float, x: np.ndarray) -> list[float]:
        v, u = x
        return [0.04 * v**2 + 5 * v + 140 - u + 3.0, 0.02 * (0.2 * v - u)]

    exact = ode_solution(slope, [-70.0, -14.0], {2.0: [4.0, 0.0]}, 8.0)

    def error(dt: float) -> float:
        events = {"excitatory": [(round(2 / dt), 4.0)]}
        found = run_cell(neuro.Izhikevich(i_offset=3.0), round(8 / dt), dt=dt, arrivals=events)
        assert not len(found["spikes"])
        return float(abs(found["v"][-1] - exact[0]))

    np.testing.assert_allclose(observed_orders(error, [0.1, 0.05, 0.025, 0.0125]), 1.0, atol=0.1)


def test_what_arrives_moves_v_before_the_half_steps() -> None:
    found = run_cell(
        neuro.Izhikevich(),
        2,
        arrivals={"excitatory": [(1, 5.0)], "inhibitory": [(1, 2.0)]},
        initial={"v": -65.0, "u": -13.0},
    )
    v, u = found["v"][0] + 3.0, found["u"][0]
    for _ in range(2):
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u)
    np.testing.assert_allclose(found["v"][1], v, rtol=1e-12)


def test_current_is_divided_by_the_capacitance() -> None:
    whole = run_cell(neuro.Izhikevich(), 40, current=neuro.DCSource(8.0))
    half = run_cell(neuro.Izhikevich(cm=0.5), 40, current=neuro.DCSource(4.0))
    assert len(whole["spikes"])
    np.testing.assert_allclose(whole["v"], half["v"], rtol=1e-9)
