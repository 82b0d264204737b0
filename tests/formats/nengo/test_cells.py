"""Nengo's neurons without Nengo: what their equations say, computed with numpy."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import UnavailableError
from neuro.formats.nengo.build import build
from neuro.formats.nengo.parts import Filter, Neurons, Parts, Synapse, Term, Values

DT, STEPS, SIZE = 1e-3, 400, 20


def parts(kind: str, parameters: dict[str, Any]) -> Parts:
    """A constant through a filter onto neurons with random biases, which inhibit themselves a little."""
    rng = np.random.default_rng(1)
    given = parameters | {"bias": rng.uniform(0, 4, SIZE)}
    start = {"v": rng.uniform(0, 1, SIZE), "ref": np.zeros(SIZE)}
    start = start if kind == "LIF" else {"v": start["v"]}
    filtered = Synapse(delay=1, filter=Filter(((0.75,),), (0.25,), (1.0,)))
    back = Synapse(delay=1)
    return Parts(
        name="net",
        dt=DT,
        neurons={"a": Neurons("a", SIZE, kind, given, start, 1.0)},
        values={"stim": Values("stim", 1, np.ones(1))},
        terms=(
            Term("stim", "a", filtered, np.linspace(0, 8, SIZE)[:, None]),
            Term("a", "a", back, np.full((SIZE, SIZE), -1 / 16)),
        ),
    )


def lif(v: Any, ref: Any, j: Any, p: dict[str, Any]) -> Any:
    """One step: exact in the part of the step that is not refractory."""
    ref -= DT
    v += (j - v) * -np.expm1(-np.clip(DT - ref, 0, DT) / p["tau_rc"])
    np.maximum(v, p["min_voltage"], out=v)
    fired = v > 1
    late = DT + p["tau_rc"] * np.log1p(-(v[fired] - 1) / (j[fired] - 1))
    ref[fired] = p["tau_ref"] + late
    v[fired] = 0
    return fired


def relu(v: Any, ref: Any, j: Any, p: dict[str, Any]) -> Any:
    """Integrates what is positive; a spike takes 1 off."""
    v += np.maximum(j, 0) * DT
    fired = v >= 1
    v[fired] -= 1
    return fired


CASES = {
    "LIF": (lif, {"tau_rc": 0.02, "tau_ref": 0.0027, "min_voltage": -0.5}),
    "SpikingRectifiedLinear": (relu, {}),
}


@pytest.mark.parametrize("kind", CASES)
def test_spikes_are_those_of_the_equations(kind: str) -> None:
    step, parameters = CASES[kind]
    given = parts(kind, parameters)
    scale = 100.0 if kind != "LIF" else 1.0
    neurons = given.neurons["a"]
    neurons.parameters["bias"][:] *= scale  # type: ignore[index]
    v, y = neurons.initial["v"].copy(), np.zeros(SIZE)
    ref, before, expected = np.zeros(SIZE), np.zeros(SIZE), []
    for t in range(STEPS):
        y = 0.75 * y + 0.25 * (given.terms[0].matrix[:, 0] if t else 0.0)
        j = neurons.parameters["bias"] + (before @ given.terms[1].matrix.T + y)
        before = step(v, ref, j, parameters).astype(float)
        expected.append(before)
    built = build(given)
    found = neuro.simulate(built.network, STEPS, backend="reference").spikes["a"]
    ours = np.zeros((STEPS, SIZE))
    ours[found.step, found.index] = 1
    np.testing.assert_array_equal(ours, np.array(expected))
    assert ours.sum() > 100


def test_without_nengo_the_command_that_gets_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nengo", None)
    with pytest.raises(UnavailableError, match=r"pip install nengo"):
        neuro.from_nengo(object())
