"""Tsodyks-Markram: amplitudes in all notations, which are one model, and which are not."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from tests.synapses.pairs import random_trains, run_pairs

FACILITATING = {"U": 0.2, "tau_fac": 600.0, "tau_rec": 200.0}
DEPRESSING = {"U": 0.5, "tau_fac": 20.0, "tau_rec": 800.0}
SAME = {
    "facilitating": [0.2000, 0.2931, 0.2963, 0.2660, 0.2382],
    "depressing": [0.5000, 0.2760, 0.1561, 0.1018, 0.0774],
}
GOLDEN = {
    "A": SAME,
    "B": SAME,
    "C0": SAME,
    "C": {
        "facilitating": [0.3600, 0.3438, 0.2901, 0.2485, 0.2267],
        "depressing": [0.7500, 0.2246, 0.0967, 0.0678, 0.0613],
    },
    "B2": {
        "facilitating": [0.2000, 0.2499, 0.2341, 0.2117, 0.1994],
        "depressing": [0.5000, 0.1538, 0.0663, 0.0465, 0.0420],
    },
}
"""Amplitudes of five spikes at 20 Hz, weight 1, to four digits."""

Notation = Literal["A", "B", "C0", "C", "B2"]


def amplitudes(
    train: list[int], *, weight: float = 1.0, backend: str = "reference", **given: Any
) -> np.ndarray:
    """What arrives for each spike of `train`."""
    synapse = neuro.TsodyksMarkram(weight=weight, **given)
    v = run_pairs(synapse, [train], [[]], train[-1] + 3, backend=backend)["v"][:, 0]
    assert np.flatnonzero(v).tolist() == [step + 1 for step in train]
    return np.asarray(v[np.array(train) + 1])


@pytest.mark.parametrize("backend", ["reference", "c", "numba"])
@pytest.mark.parametrize("notation", list(GOLDEN))
def test_five_spikes_at_20_hz_have_the_amplitudes_of_the_table(
    notation: Notation, backend: str
) -> None:
    train = [1, 51, 101, 151, 201]
    for kind, given in [("facilitating", FACILITATING), ("depressing", DEPRESSING)]:
        found = amplitudes(train, notation=notation, backend=backend, **given)
        np.testing.assert_allclose(found, GOLDEN[notation][kind], rtol=0, atol=5e-5)


@pytest.mark.parametrize("given", [FACILITATING, DEPRESSING])
def test_three_notations_are_one_model_on_any_train(given: dict[str, float]) -> None:
    for train in random_trains(2, 200, 0.1, 7):
        b = amplitudes(train, notation="B", **given)
        np.testing.assert_allclose(amplitudes(train, notation="A", **given), b, rtol=1e-12)
        np.testing.assert_allclose(amplitudes(train, notation="C0", **given), b, rtol=1e-12)
        assert not np.allclose(amplitudes(train, notation="C", **given), b, rtol=0.05)
        assert not np.allclose(amplitudes(train, notation="B2", **given), b, rtol=0.05)


@pytest.mark.parametrize("notation", ["A", "B", "C0"])
def test_without_facilitation_the_utilisation_stays(notation: Notation) -> None:
    train = [1, 11, 40]
    found = amplitudes(train, notation=notation, U=0.4, tau_rec=100.0, tau_fac=0.0)
    x, expected, last = 1.0, [], train[0]
    for step in train:
        x = 1 + (x - 1) * np.exp(-(step - last) / 100.0)
        expected.append(0.4 * x)
        x, last = x * 0.6, step
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_weight_scales_what_arrives_and_stays_itself() -> None:
    synapse = neuro.TsodyksMarkram(weight=3.0, **FACILITATING)
    found = run_pairs(synapse, [[1, 51]], [[]], 60)
    np.testing.assert_allclose(found["v"][[2, 52], 0], [0.6, 3 * 0.2931], atol=2e-4)
    assert (found["w"] == 3.0).all()


def test_an_unknown_notation_is_refused() -> None:
    with pytest.raises(ParameterError, match="notation 'D'"):
        neuro.TsodyksMarkram(notation="D")  # type: ignore[arg-type]
