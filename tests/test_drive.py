"""What comes from outside is sorted, checked, and looked up by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.drive import drive_of
from neuro.errors import NeuroError, ParameterError, UnknownNameError, VerificationError


def network() -> neuro.Network:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(3, neuro.SpikeSourceArray([[1.0], [], [1.0, 4.0]]), label="source")
    cells = net.population(2, neuro.IF_curr_exp(), label="cells")
    net.inject(neuro.StepCurrentSource([2.0, 5.0], [0.5, 0.0]), cells, label="current")
    return net.build()


def test_the_declared_drive_is_used_where_nothing_else_is_given() -> None:
    drive = drive_of(network())
    assert drive.spikes["source"].at(1).tolist() == [0, 2]
    assert drive.spikes["source"].at(2).tolist() == []
    current = [np.ravel(drive.signals["current"].at(t))[0] for t in (0, 1, 2, 4, 5, 99)]
    assert current == pytest.approx([0, 0, 0.5e-9, 0.5e-9, 0, 0])


def test_spikes_may_come_in_any_order() -> None:
    spikes = drive_of(network(), {"source": ([7, 3, 3], [0, 2, 1])}).spikes["source"]
    assert spikes.step.tolist() == [3, 3, 7]
    assert spikes.index.tolist() == [1, 2, 0]


def test_no_spikes_are_fine() -> None:
    assert len(drive_of(network(), {"source": ([], [])}).spikes["source"].step) == 0


def test_a_current_is_a_value_per_step_rows_of_values_or_changes() -> None:
    def at(given: Any, step: int) -> list[float]:
        return np.ravel(
            drive_of(network(), {"current": given}).signals["current"].at(step)
        ).tolist()

    assert at([1.0, 2.0], 1) == [2.0]
    assert at([1.0, 2.0], 9) == [2.0]
    assert at([[1.0, 2.0], [3.0, 4.0]], 1) == [3.0, 4.0]
    assert at(([3, 6], [1.0, 2.0]), 5) == [1.0]
    assert at(([3, 6], [1.0, 2.0]), 2) == [0.0]
    assert at([], 2) == [0.0]


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        ({"sources": ([], [])}, UnknownNameError, "Did you mean 'source'"),
        ({"source": 3}, ParameterError, r"inputs\['source'\]: is not a pair of arrays"),
        ({"source": ([1, 2], [0])}, VerificationError, "source"),
        ({"source": ([1], [3])}, VerificationError, "3"),
        ({"source": ([-1], [0])}, VerificationError, "-1"),
        ({"source": ([1, 1], [0, 0])}, VerificationError, "source"),
        ({"source": ([0.5], [0])}, VerificationError, "source"),
        ({"current": [[1.0, 2.0, 3.0]]}, ParameterError, r"rows of 2"),
        ({"current": 1.0}, ParameterError, "one number per step"),
        ({"current": ([0, 1], [1.0])}, ParameterError, "for 2 steps"),
        ({"current": ([2, 1], [1.0, 1.0])}, ParameterError, "steps must ascend"),
        ({"current": ([-1], [1.0])}, ParameterError, "steps must ascend"),
        ({"current": ([0.5], [1.0])}, ParameterError, "whole"),
        ({"current": [1.0, np.nan]}, ParameterError, "not finite"),
        ({"current": ["much"]}, ParameterError, "numbers"),
        ({"current": None}, ParameterError, "one number per step"),
    ],
)
def test_what_does_not_fit_is_explained(
    inputs: dict[str, Any], error: type[NeuroError], words: str
) -> None:
    with pytest.raises(error, match=words):
        drive_of(network(), inputs)
