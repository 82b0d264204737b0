"""Continual runs: who forgets, how scores are made, and that a run can stop anywhere and go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from neuro.errors import (
    FileFormatError,
    ParameterError,
    TrainingError,
    UnknownNameError,
    UnsupportedError,
)
from neuro.training.hlop.ewc import Springs, importance_of
from neuro.training.hlop.run import ContinualRun, Progress, untrained
from neuro.training.hlop.scores import average_accuracy, backward_transfer
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.stream import Stream
from neuro.training.loop import CHECKPOINT
from tests.training.hlop.streams import CLASSES, PIXELS, small, small_stream


def done(stream: Stream, folder: Path | None = None, **changes: Any) -> ContinualRun:
    run = ContinualRun(stream, small(**changes), folder, every=0.0 if folder else 60.0)
    assert run.run()
    return run


def values(run: ContinualRun) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in run.layers.state_dict().items()}


@pytest.fixture(scope="module")
def stream() -> Stream:
    return small_stream(samples=2000, test=100)


@pytest.fixture(scope="module")
def plain(stream: Stream) -> ContinualRun:
    """A run without protection."""
    return done(stream, method="none")


@pytest.fixture(scope="module")
def short() -> Stream:
    return small_stream(samples=160, test=50)


# Who forgets -----------------------------------------------------------------------------------


def test_without_protection_tasks_are_forgotten_and_with_hlop_they_are_not(
    stream: Stream, plain: ContinualRun
) -> None:
    protected = done(stream, method="hlop")
    forgot = backward_transfer(plain.progress.matrix)
    kept = backward_transfer(protected.progress.matrix)
    assert forgot is not None
    assert kept is not None
    assert forgot < -0.25
    assert kept > forgot / 2
    gain = average_accuracy(protected.progress.matrix) - average_accuracy(plain.progress.matrix)
    assert gain > 0.1
    assert [x.lateral.rows for x in plain.layers.projected] == [0, 0, 0]
    assert [x.lateral.rows for x in protected.layers.projected] == [23, 26, 26]


def test_springs_hold_what_mattered(stream: Stream, plain: ContinualRun) -> None:
    held = done(stream, method="ewc", ewc_strength=300.0, ewc_samples=100).progress.matrix
    a, b = backward_transfer(plain.progress.matrix), backward_transfer(held)
    assert a is not None
    assert b is not None
    assert b > a / 2


def test_all_at_once_has_one_row_and_nothing_to_forget(stream: Stream) -> None:
    matrix = done(stream, method="joint").progress.matrix
    assert [len(row) for row in matrix] == [3]
    assert backward_transfer(matrix) is None
    assert min(matrix[0]) > 0.8


def test_replay_sees_old_samples_again(stream: Stream, plain: ContinualRun) -> None:
    run = done(stream, method="none", replay=20, replay_epochs=3, replay_rate=0.1)
    assert average_accuracy(run.progress.matrix) > average_accuracy(plain.progress.matrix) + 0.05
    kinds = [row["kind"] for row in run.progress.history if row["task"] == 2]
    assert kinds == ["epoch", "replay", "replay", "replay", "task"]
    assert all(row["task"] > 0 for row in run.progress.history if row["kind"] == "replay")


def test_a_strength_is_chosen_on_held_out_samples_and_said(short: Stream) -> None:
    run = done(short, method="ewc", ewc_samples=5)
    row = run.progress.history[0]
    assert row["kind"] == "strength"
    assert row["tried"][f"{row['chosen']:g}"] == max(row["tried"].values())
    prefix = short.prefix(2, 100, 40)
    assert torch.equal(prefix.test.values, short.train.values[120:])
    assert len(prefix.train) == 100
    assert prefix.tasks == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "bptt"},
        {"rule": "ottt"},
        {"rule": "ottt", "online": True},
        {"leaky": False},
        {"feedback": "sign"},
        {"feedback": "alignment", "rule": "bptt"},
        {"lateral_steps": 40, "lateral_simulated": True},
    ],
)
def test_every_option_runs_and_is_the_same_again(short: Stream, changes: dict[str, Any]) -> None:
    first, second = done(short, **changes), done(short, **changes)
    assert first.progress.matrix == second.progress.matrix
    for name, value in values(first).items():
        assert torch.equal(value, values(second)[name]), name


# Parts ---------------------------------------------------------------------------------------


def test_scores() -> None:
    matrix = [[0.9], [0.8, 0.95], [0.7, 0.9, 1.0]]
    assert average_accuracy(matrix) == pytest.approx(2.6 / 3)
    assert backward_transfer(matrix) == pytest.approx((-0.2 - 0.05) / 2)


def test_rows_by_task_are_those_of_the_reference_code() -> None:
    settings = Settings()
    assert settings.rows(0) == [80, 200, 100]
    added = [settings.rows(task)[0] for task in range(1, 11)]
    assert added == [70, 70, 50, 50, 50, 30, 30, 30, 10, 10]
    total = [sum(settings.rows(task)[k] for task in range(10)) for k in range(3)]
    assert total == [470, 590, 490]


def test_importance_is_the_mean_of_squared_gradients(short: Stream) -> None:
    settings = small()
    layers, rule = untrained(short, settings), settings.chosen_rule()
    image = short.batch(torch.tensor([3]))[0]
    found = importance_of(layers, rule, lambda k: image, 500, torch.Generator().manual_seed(0))
    logits = rule.answer(layers, image)
    chance = torch.softmax(logits.detach(), 1)[0]
    weight = layers.projected[-1].weight
    expected = torch.zeros_like(weight)
    for label in range(CLASSES):
        loss = -torch.log_softmax(rule.answer(layers, image), 1)[0, label]
        expected += chance[label] * torch.autograd.grad(loss, weight)[0] ** 2
    name = next(n for n, p in layers.named_parameters() if p is weight)
    torch.testing.assert_close(found[name], expected, rtol=0.3, atol=1e-3)


def test_springs_end_where_the_penalty_is_least() -> None:
    layer, springs = torch.nn.Linear(2, 1, bias=False), Springs(2.0)
    for at, stiffness in ((1.0, 3.0), (4.0, 1.0)):
        layer.weight.data.fill_(at)
        springs.hold(layer, {"weight": torch.full((1, 2), stiffness)})
    for _ in range(200):
        springs.relax(layer, 0.5)
    torch.testing.assert_close(layer.weight.data, torch.full((1, 2), 7 / 4))


def test_a_stream_numbers_samples_and_permutes_pixels(short: Stream) -> None:
    images, labels = short.batch(torch.tensor([5, 165]))
    plain = (short.train.values[5].float() / 255 - short.mean) / short.spread
    for task in (0, 1):
        torch.testing.assert_close(images[task], plain[short.orders[task]])
        assert sorted(short.orders[task].tolist()) == list(range(PIXELS))
    assert labels.tolist() == [short.train.labels[5].item()] * 2


# Stop and go on ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{}, {"method": "ewc", "ewc_strength": 10.0, "ewc_samples": 5}, {"replay": 3}]
)
@pytest.mark.parametrize("after", [3, 8, 19])
def test_a_run_that_is_stopped_goes_on_with_the_same_bits(
    short: Stream, tmp_path: Path, changes: dict[str, Any], after: int
) -> None:
    whole = done(short, **changes)
    batches = 0

    def press(progress: Progress, now: int, total: int) -> None:
        nonlocal batches
        batches += 1
        if batches == after:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = ContinualRun(short, small(**changes), tmp_path, report=press)
    assert not stopped.run()
    assert not stopped.is_done
    again = ContinualRun(short, small(**changes), tmp_path, resume=True)
    assert again.progress.task == stopped.progress.task
    assert again.run()
    assert again.progress.matrix == whole.progress.matrix
    for name, value in values(whole).items():
        assert torch.equal(value, values(again)[name]), name


def test_it_goes_on_only_with_the_same_settings_and_data(short: Stream, tmp_path: Path) -> None:
    done(short, tmp_path)
    with pytest.raises(ParameterError, match="batch = 20, not 30"):
        ContinualRun(short, small(batch=30), tmp_path, resume=True)
    with pytest.raises(ParameterError, match="made with data"):
        ContinualRun(small_stream(samples=161, test=50), small(), tmp_path, resume=True)
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    with pytest.raises(FileFormatError, match="is damaged"):
        ContinualRun(short, small(), tmp_path, resume=True)
    torch.save({"format": 1}, tmp_path / CHECKPOINT)
    with pytest.raises(FileFormatError, match="has format 1"):
        ContinualRun(short, small(), tmp_path, resume=True)
    with pytest.raises(FileFormatError, match="there is no checkpoint"):
        ContinualRun(short, small(), tmp_path / "other", resume=True)


def test_a_loss_that_is_no_number_names_the_layer_and_keeps_the_checkpoint(
    short: Stream, tmp_path: Path
) -> None:
    run = ContinualRun(short, small(), tmp_path, every=0.0)

    def spoil(progress: Progress, now: int, total: int) -> None:
        if progress.task == 1 and progress.batch == 4:
            run.layers.projected[1].weight.data[0, 0] = torch.nan

    run._report = spoil
    with pytest.raises(TrainingError, match=r"task 1, epoch 0, batch 4.*weights of layer 1"):
        run.run()
    kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert kept["progress"]["task"] == 1


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"method": "hlob"}, UnknownNameError, "hlop"),
        ({"rule": "stdp"}, UnknownNameError, "rule"),
        ({"rule": "ottt", "feedback": "sign"}, UnsupportedError, "no error path"),
        ({"batch": 0}, ParameterError, "batch"),
        ({"first_rows": (1, 2)}, ParameterError, "2 numbers for 3 layers"),
        ({"learning_rate": 0.0}, ParameterError, "learning_rate"),
        ({"online": True}, ParameterError, "rule=ottt"),
        ({"lateral_steps": -1}, ParameterError, "lateral_steps"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        small(**changes)
