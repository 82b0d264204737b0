"""IF_cond_exp: the order in which its schemes converge, stability, and the refractory period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from tests.cells.single import (
    Vector,
    linear_solution,
    observed_orders,
    ode_solution,
    run_cell,
    steps_to_threshold,
)

DTS = [0.5, 0.25, 0.125, 0.0625]
JUMPS = {1.0: [0, 0.08, 0], 3.0: [0, 0, 0.12], 5.0: [0, 0.05, 0]}
END = 12.0


def slope(_: float, x: Vector) -> Sequence[float]:
    v, excitatory, inhibitory = x
    current = excitatory * (0.0 - v) + inhibitory * (-70.0 - v) + 0.4
    return [(-65.0 - v) / 15.0 + current / 0.7, -excitatory / 5.0, -inhibitory / 3.0]


def cell(scheme: str) -> neuro.IF_cond_exp:
    return neuro.IF_cond_exp(
        scheme=scheme,  # type: ignore[arg-type]
        tau_m=15.0,
        cm=0.7,
        tau_syn_I=3.0,
        i_offset=0.4,
        v_thresh=1e3,
    )


@pytest.mark.parametrize(("scheme", "order"), [("exponential", 2.0), ("euler", 1.0)])
def test_the_scheme_converges_to_the_equations_with_its_order(scheme: str, order: float) -> None:
    exact = ode_solution(slope, [-65.0, 0.0, 0.0], JUMPS, END)

    def error(dt: float) -> float:
        events = {
            "excitatory": [(round(1 / dt), 0.08), (round(5 / dt), 0.05)],
            "inhibitory": [(round(3 / dt), 0.12)],
        }
        found = run_cell(cell(scheme), round(END / dt), dt=dt, arrivals=events)
        for column, name in [(1, "g_exc"), (2, "g_inh")]:
            assert found[name][-1] == pytest.approx(exact[column], rel=1e-10)
        return float(abs(found["v"][-1] - exact[0]))

    np.testing.assert_allclose(observed_orders(error, DTS), order, atol=0.15)
    assert error(DTS[-1]) < (1e-3 if order == 2.0 else 0.2)


def test_without_conductances_the_default_scheme_is_exact() -> None:
    found = run_cell(neuro.IF_cond_exp(i_offset=0.3, v_thresh=1e3), 20, dt=5.0)["v"]
    exact = linear_solution([[-1 / 20.0]], [-65.0 / 20.0 + 0.3], [-65.0], {}, 5.0, 20)
    np.testing.assert_allclose(found, exact[:, 0], rtol=0, atol=1e-12)


def test_the_default_scheme_stays_within_reversal_potentials_for_any_conductance() -> None:
    events = {"excitatory": [(1, 1e4)], "inhibitory": [(3, 1e6)]}
    found = run_cell(neuro.IF_cond_exp(v_thresh=1e3), 30, dt=1.0, arrivals=events)["v"]
    assert (found > -70.0 - 1e-9).all()
    assert (found < 1e-9).all()


@pytest.mark.parametrize("tau_refrac", [0.0, 3.0])
def test_a_constant_current_gives_the_spike_times_of_the_formula(tau_refrac: float) -> None:
    spikes = run_cell(neuro.IF_cond_exp(i_offset=0.9, tau_refrac=tau_refrac), 400, dt=0.5)["spikes"]
    rise = steps_to_threshold(20.0, -65.0, -47.0, -50.0, 0.5)
    period = rise + round(tau_refrac / 0.5)
    assert len(spikes) > 3
    assert spikes.tolist() == (rise - 1 + period * np.arange(len(spikes))).tolist()


@pytest.mark.parametrize("scheme", ["exponential", "euler"])
def test_the_potential_is_held_and_conductances_go_on_while_refractory(scheme: str) -> None:
    kept = neuro.IF_cond_exp(scheme=scheme, tau_refrac=3.0, v_reset=-68.0)  # type: ignore[arg-type]
    found = run_cell(kept, 6, arrivals={"excitatory": [(1, 0.6), (3, 0.1)]})
    assert found["spikes"][0] == 1
    assert found["v"][1:5].tolist() == [-68.0] * 4
    assert found["v"][5] > -68.0 or 5 in found["spikes"]
    conductance = 0.6 * np.exp(-np.arange(1, 6) / 5.0)
    conductance[2:] += 0.1 * np.exp(-np.arange(1, 4) / 5.0)
    np.testing.assert_allclose(found["g_exc"][1:], conductance, rtol=1e-12)


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use 'exponential' or 'euler'"):
        neuro.IF_cond_exp(scheme="exact")  # type: ignore[arg-type]
