"""Delayed recall: fair sizes, trials, training, the networks that ship, and the recorded table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

import neuro
from neuro.errors import ParameterError
from neuro.models.astro_recall import (
    BITS,
    CELLS,
    CUE,
    DELAYS,
    GO,
    INPUTS,
    RECALL,
    Unit,
    chances,
    fair_size,
    trained_values,
    untrained,
)
from neuro.models.astro_recall_training import Trials, answers, training
from neuro.models.spec import load_model
from neuro.resources import folder
from neuro.training.loop import Trainer
from neuro.training.task import Task

UNITS = get_args(Unit)
FEW = {"epochs": 2, "batches": 6, "batch": 8, "learning_rate": 0.01, "clip": 1.0, "seed": 0}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Such small products are slower on many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("unit", UNITS)
def test_every_network_has_as_many_trained_values_as_that_with_astrocytes(unit: Unit) -> None:
    task = training({"unit": unit}, dict(FEW))
    count = sum(value.numel() for value in task.module.parameters())
    assert count == task.facts["trained_values"] == trained_values(unit, fair_size(unit))
    assert 0 <= count - trained_values("astro", CELLS) < 110


def test_trials_show_the_bits_and_then_only_distractors() -> None:
    bits = np.array([[True, False] * (BITS // 2)])
    chance = chances(bits, 50)[:, 0]
    assert chance.shape == (CUE + 50 + RECALL, INPUTS)
    shown = chance[:CUE, : 4 * BITS].reshape(CUE, BITS, 4)
    assert ((shown > 0.1) == bits[0][:, None]).all()
    assert np.unique(chance[CUE:-RECALL, : 4 * BITS]).tolist() == [0.01]
    assert not chance[-RECALL:, : 4 * BITS].any()
    assert not chance[:-RECALL, -GO:].any()
    assert chance[-RECALL:, -GO:].all()


def test_validation_takes_delays_in_turn_and_training_draws_them() -> None:
    fixed, drawn = Trials(count=10, turn=2), Trials(count=10)
    generator = torch.Generator().manual_seed(0)
    steps = [
        len(fixed.batch(torch.tensor([k, k + 1]), generator)[0]["Source"]) for k in (0, 2, 4, 6, 8)
    ]
    assert steps == [CUE + delay + RECALL for delay in DELAYS]
    lengths = {len(drawn.batch(torch.tensor([0]), generator)[0]["Source"]) for _ in range(40)}
    assert lengths == set(steps)


def test_training_brings_the_loss_down(tmp_path: Path) -> None:
    task = training({"unit": "astro"}, {**FEW, "epochs": 4, "batch": 32})
    short = Trials(count=480, delays=(5,))
    trained = Trainer(task_with(task, short), tmp_path).run()
    losses = [row["loss"] for row in trained.history]
    assert losses[-1] < 0.95 * losses[0]


def task_with(task: Task, data: Trials) -> Task:
    return replace(task, train=data, validation=Trials(count=32, delays=(5,)))


@pytest.mark.parametrize("unit", ["astro", "alif", "lif"])
def test_the_networks_that_ship_answer_as_in_torch(unit: str) -> None:
    experiment = load_model("astro-recall").experiment(changes={"unit": unit, "delay": 60})
    run = neuro.simulate(
        experiment.network, experiment.steps, inputs=experiment.inputs, backend="c"
    )
    report = experiment.report(run)
    source = torch.zeros(experiment.steps, 1, INPUTS)
    source[experiment.inputs["Source"][0], 0, experiment.inputs["Source"][1]] = 1.0
    output = neuro.to_torch(experiment.network)({"Source": source})
    values = [f"{value:.2f}" for value in answers(output)[0].tolist()]
    assert [row[3] for row in report.rows] == values
    assert int(output.spikes["Hidden"].sum()) == len(run.spikes["Hidden"])
    if unit == "astro":
        assert report.passed


def test_the_recorded_runs_are_what_the_card_says() -> None:
    home = folder("models") / "astro-recall"
    rows = json.loads((home / "results.json").read_text(encoding="utf-8"))
    card = (home / "README.md").read_text(encoding="utf-8")
    means = {}
    for unit in UNITS:
        found = np.array(
            [[r["accuracy"][str(d)] for d in DELAYS] for r in rows if r["unit"] == unit]
        )
        assert len(found) == 5
        means[unit] = found.mean(0)
        for mean, spread in zip(100 * found.mean(0), 100 * found.std(0, ddof=1), strict=True):
            assert f"{mean:.1f} ± {spread:.1f}" in card
    assert (means["astro"] > means["lif"] + 0.1).all()
    for other in ("alif", "alif-200"):
        assert (means["astro"] > means[other] + 0.05).all()
    assert means["astro-linear"][-1] < means["alif"][-1] < means["astro"][-1]


def test_mistakes_are_named() -> None:
    with pytest.raises(ParameterError, match="there is no unit 'glia'"):
        untrained("glia", 0)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="delay: is 0"):
        load_model("astro-recall").experiment(changes={"delay": 0})
