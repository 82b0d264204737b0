"""Recordings answer the questions that one asks of them."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import UnknownNameError
from neuro.recording.data import Recording, SpikeData
from tests.recording.samples import sample


def test_spikes_can_be_asked_for_by_step_and_by_cell() -> None:
    spikes = sample().spikes["A"]
    assert len(spikes) == 3
    assert spikes.at(3) == {0, 2}
    assert spikes.at(4) == set()
    assert spikes.counts().tolist() == [1, 1, 1]
    assert sample().spikes["silent"].counts().tolist() == [0, 0]


def test_times_are_in_milliseconds() -> None:
    spikes = SpikeData(np.array([0, 3]), np.array([0, 0]), 1)
    assert spikes.times(0.0005).tolist() == [0.0, 1.5]


def test_rates_are_means_over_cells_and_time() -> None:
    recording = sample(steps=50)
    assert recording.duration == pytest.approx(50.0)
    assert recording.rate("A") == pytest.approx(3 / 3 / 0.05)
    assert recording.rate("silent") == 0.0
    assert Recording({"A": SpikeData(np.empty(0, int), np.empty(0, int), 2)}).rate("A") == 0.0


def test_traces_come_in_their_unit() -> None:
    trace = sample().trace_data("A", "v")
    np.testing.assert_allclose(trace.in_unit()[0], [-65.0, -60.0], rtol=1e-6)
    assert sample().trace_data("A", "g").in_unit()[0, 0] == pytest.approx(-0.065)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda r: r.spike_data("silnt"), "no recorded source 'silnt'. Did you mean 'silent'"),
        (lambda r: r.rate("B"), "no recorded source 'B'"),
        (lambda r: r.trace_data("Z", "v"), "no recorded target 'Z'. Known: A"),
        (lambda r: r.trace_data("A", "u"), "A: there is no recorded variable 'u'. Known: g, v"),
    ],
)
def test_what_was_not_recorded_is_named(ask: object, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        ask(sample())  # type: ignore[operator]


def test_the_public_class_loads_what_it_saves(tmp_path: object) -> None:
    path = sample().save(f"{tmp_path}/deep/er/recording.h5")
    assert neuro.Recording.load(str(path)).steps == 50
