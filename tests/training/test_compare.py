"""Trainings side by side: each is done once, goes on where it was stopped, and is summed up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from neuro.errors import TrainingError
from neuro.models.astro_recall_training import Trials, training
from neuro.training.compare import NOTED, mean_and_spread, run_once
from neuro.training.task import Task


def task() -> Task:
    """Two epochs of two batches."""
    made = training({"unit": "lif"}, {"epochs": 2, "batches": 2, "batch": 4, "seed": 0})
    few = Trials(count=8, delays=(2,))
    return replace(made, train=few, validation=few)


def test_a_finished_training_is_noted_and_not_done_again(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = tmp_path / "lif-0"
    found = run_once(
        folder, task, lambda made, trained: {"epochs": len(trained.history)}, say=lines.append
    )
    assert found["epochs"] == len(lines) == 2
    assert found["unit"] == "lif"
    assert found["seconds"] > 0
    assert lines[0].startswith("lif-0: epoch   1  loss")
    assert json.loads((folder / NOTED).read_text()) == found

    def never() -> Task:
        raise AssertionError

    assert run_once(folder, never, lambda made, trained: {}) == found


def test_one_that_was_stopped_goes_on(tmp_path: Path) -> None:
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(TrainingError, match=r"was interrupted\. The same command goes on"):
        run_once(tmp_path, task, lambda made, trained: {}, say=stop)
    lines: list[str] = []
    run_once(tmp_path, task, lambda made, trained: {}, say=lines.append)
    assert len(lines) == 1


def test_mean_and_spread() -> None:
    assert mean_and_spread([1.0, 3.0], 1) == "2.0 ± 1.4"
    assert mean_and_spread([97.25], 1) == "97.2 ± 0.0"
