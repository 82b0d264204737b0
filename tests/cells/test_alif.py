"""ALIF: both conventions against a recurrence written out by hand, and against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from tests.cells.single import run_cell

ARRIVALS = [(step, 0.25 + 0.2 * (step % 3)) for step in range(1, 60)]


def by_hand(
    *, jump: float, beta: float, refractory: int, steps: int
) -> tuple[list[float], list[float], list[int]]:
    alpha, rho, inputs = math.exp(-1.0 / 20.0), math.exp(-1.0 / 50.0), dict(ARRIVALS)
    v, a, left = 0.0, 0.0, 0
    potential, adaptation, spikes = [], [], []
    for step in range(steps):
        a = rho * a
        threshold = 0.8 + beta * a
        if left:
            left -= 1
        else:
            v = alpha * v + inputs.get(step, 0.0) + 0.02
            if v >= threshold:
                spikes.append(step)
                v, a, left = v - threshold, a + jump, refractory
        potential.append(v)
        adaptation.append(a)
    return potential, adaptation, spikes


@pytest.mark.parametrize("refractory", [0, 2])
@pytest.mark.parametrize(
    ("convention", "jump", "beta"), [("lsnn", 1 - math.exp(-1.0 / 50.0), 8.0), ("eprop", 1.0, 0.15)]
)
def test_potential_adaptation_and_spikes_follow_the_recurrence(
    convention: str, jump: float, beta: float, refractory: int
) -> None:
    cell = neuro.ALIF(
        convention=convention,  # type: ignore[arg-type]
        tau_adapt=50.0,
        v_thresh=0.8,
        beta=beta,
        tau_refrac=float(refractory),
        bias=0.02,
    )
    found = run_cell(cell, 60, arrivals={"input": ARRIVALS})
    potential, adaptation, spikes = by_hand(jump=jump, beta=beta, refractory=refractory, steps=60)
    assert len(spikes) > 5
    assert found["spikes"].tolist() == spikes
    np.testing.assert_allclose(found["v"], potential, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["a"], adaptation, rtol=1e-12, atol=1e-14)


def test_the_conventions_are_one_model_with_beta_scaled_by_one_minus_rho() -> None:
    beta, rho = 6.0, math.exp(-1.0 / 200.0)
    lsnn = run_cell(neuro.ALIF(beta=beta), 60, arrivals={"input": ARRIVALS})
    eprop = run_cell(
        neuro.ALIF(convention="eprop", beta=beta * (1 - rho)), 60, arrivals={"input": ARRIVALS}
    )
    plain = run_cell(neuro.ALIF(beta=0.0), 60, arrivals={"input": ARRIVALS})
    assert lsnn["spikes"].tolist() == eprop["spikes"].tolist()
    np.testing.assert_allclose(lsnn["v"], eprop["v"], rtol=1e-10, atol=1e-12)
    assert len(plain["spikes"]) > len(lsnn["spikes"])


def test_an_unknown_convention_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use 'lsnn' or 'eprop'"):
        neuro.ALIF(convention="norse")  # type: ignore[arg-type]
