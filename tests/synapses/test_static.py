"""Static synapses and what all synapses share: weights, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnknownNameError
from tests.synapses.pairs import run_pairs


@pytest.mark.parametrize("delay", [1.0, 4.0])
def test_each_spike_adds_the_weight_after_the_delay(delay: float) -> None:
    found = run_pairs(neuro.StaticSynapse(weight=0.25, delay=delay), [[2, 3, 9]], [[]], 16)
    assert np.flatnonzero(found["v"]).tolist() == [step + int(delay) for step in (2, 3, 9)]
    assert set(found["v"][:, 0]) == {0.0, 0.25}
    assert (found["w"] == 0.25).all()


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="tau_plus"):
        neuro.PairSTDP(tau_pluss=3.0)
    with pytest.raises(UnknownNameError):
        neuro.StaticSynapse(tau=3.0)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_dendritic_fraction_outside_zero_to_one_is_refused(fraction: float) -> None:
    with pytest.raises(ParameterError, match="0 to 1"):
        neuro.StaticSynapse(dendritic_delay_fraction=fraction)
