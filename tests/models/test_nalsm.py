"""NALSM against a loop over its equations, and what its astrocyte does."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.models.nalsm import NALSM

INPUTS, EXC, INH, STEPS = 8, 12, 4, 120
CELLS = EXC + INH


def trains(rate: float) -> np.ndarray:
    return np.random.default_rng(5).random((STEPS, INPUTS)) < rate


def weights() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    among = rng.uniform(0.05, 0.3, (CELLS, CELLS)) * (rng.random((CELLS, CELLS)) < 0.3)
    np.fill_diagonal(among, 0.0)
    among[EXC:] *= -1
    return among, rng.uniform(0, 0.6, (INPUTS, CELLS))


def run(rate: float, backend: str = "c", **given: float) -> neuro.Recording:
    among, drive = weights()
    model = NALSM(
        INPUTS,
        EXC,
        INH,
        weight=among,
        drive=drive,
        format=neuro.FLOAT64,
        **given,  # type: ignore[arg-type]
    )
    events = np.nonzero(trains(rate))
    return neuro.simulate(model.network, STEPS, inputs={"Input": events}, backend=backend)


def by_hand(rate: float, w_a: float) -> tuple[list[tuple[int, int]], np.ndarray, np.ndarray]:
    """Spikes, the astrocyte after each step, and weights after the last."""
    w, drive = weights()
    is_there, s_in = w != 0, trains(rate)
    low = np.where(np.arange(CELLS) < EXC, 0.0, -3.0)[:, None]
    sign = np.where(np.arange(CELLS) < EXC, 1.0, -1.0)[:, None]
    v, left, a, x = np.zeros(CELLS), np.zeros(CELLS, int), 0.15, np.zeros(CELLS)
    x_post, before, sent = np.zeros(CELLS), np.zeros(CELLS, bool), np.zeros(CELLS)
    keep, decay, spikes, trail = math.exp(-1 / 20.0), math.exp(-1 / 10.0), [], []
    for t in range(STEPS):
        arrived = s_in[t - 1] if t else np.zeros(INPUTS, bool)
        depression = a if t else 0.0
        a = a + (w_a * (before.sum() - float(arrived.sum())) + 0.15 - a) / 100.0
        moved = keep * v + arrived @ drive + sent
        free = left == 0
        v = np.where(free, moved, v)
        fired = free & (v >= 1)
        v = np.where(fired, 0.0, v)
        left = np.where(fired, 2, np.maximum(left - 1, 0))
        w = np.where(before[None] & is_there, w + sign * 0.15 * x[:, None], w)
        w = np.clip(w, low, low + 3.0)
        x_post = x_post + 0.1 * before
        w = np.where(fired[:, None] & is_there, w - sign * depression * x_post[None], w)
        w = np.clip(w, low, low + 3.0)
        sent = (w * fired[:, None]).sum(0)
        x = (x + 0.1 * fired) * decay
        x_post = x_post * decay
        before = fired
        spikes += [(t, int(k)) for k in np.flatnonzero(fired)]
        trail.append(a)
    return spikes, np.array(trail), w[is_there]


def found_spikes(recording: neuro.Recording) -> list[tuple[int, int]]:
    every = [
        (int(step), int(index) + offset)
        for name, offset in (("Exc", 0), ("Inh", EXC))
        for step, index in zip(
            recording.spikes[name].step, recording.spikes[name].index, strict=True
        )
    ]
    return sorted(every)


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_it_computes_its_equations(backend: str) -> None:
    recording = run(0.3, backend, w_a=0.02)
    spikes, trail, among = by_hand(0.3, 0.02)
    assert len(spikes) > 100
    assert found_spikes(recording) == spikes
    np.testing.assert_allclose(recording.traces["Astrocyte"]["a"].values[:, 0], trail, rtol=1e-10)
    w, is_there = weights()[0], weights()[0] != 0
    last = np.zeros_like(w)
    places = {"Exc": slice(0, EXC), "Inh": slice(EXC, CELLS)}
    for pre, rows in places.items():
        for post, columns in places.items():
            block = last[rows, columns]
            values = recording.traces[pre + post]["w"].values[-1]
            block[is_there[rows, columns]] = values
    np.testing.assert_allclose(last[is_there], among, rtol=1e-9, atol=1e-12)
    assert np.abs(among - w[is_there]).max() > 0.01
    assert (last[:EXC] >= 0).all()
    assert (last[EXC:] <= 0).all()


def test_the_astrocyte_rises_when_the_liquid_outdoes_its_input_and_falls_when_not() -> None:
    _, lively, _ = by_hand(0.3, 0.02)
    rate = trains(0.3).sum() / STEPS
    found = run(0.3, w_a=0.02).traces["Astrocyte"]["a"].values[:, 0]
    spikes = len(found_spikes(run(0.3, w_a=0.02))) / STEPS
    assert (found[-1] > 0.15) == (spikes > rate)
    assert found[-1] == pytest.approx(lively[-1])
    still = run(0.3, w_a=0.0).traces["Astrocyte"]["a"].values
    np.testing.assert_allclose(still, 0.15, rtol=1e-12)


def test_mistakes_are_named() -> None:
    with pytest.raises(ParameterError, match=r"weight: has shape \(2, 2\)"):
        NALSM(2, 3, 1, weight=np.zeros((2, 2)))
