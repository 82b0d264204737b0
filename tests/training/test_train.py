"""``neuro train``: it learns, is killed and goes on, runs on two processes, and says what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import neuro
from neuro.cli.app import app
from neuro.errors import FileFormatError, ParameterError, TrainingError
from neuro.models.spec import load_model
from neuro.training.command import train_task
from neuro.training.loop import CHECKPOINT
from neuro.training.processes import Processes
from tests.training.asking import asked, assert_same_bits, progress_when_killed, saved

FEW = {"hidden": 24, "batch": 20, "epochs": 2}


def task_of(digits: Path, **changes: Any) -> Any:
    return load_model("mnist-lif").task({"data": str(digits), **FEW, **changes})


def command(digits: Path, out: Path, *more: str, **changes: Any) -> list[str]:
    return asked("mnist-lif", {**FEW, **changes}, digits, out, *more)


def test_it_learns_and_leaves_network_log_and_figure(digits: Path, tmp_path: Path) -> None:
    changes = {"epochs": 6, "hidden": 48, "batch": 10, "learning_rate": 0.005}
    result = CliRunner().invoke(app, command(digits, tmp_path / "run", "--json", **changes))
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["test_accuracy"] > 0.8
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000
    network = neuro.load_network(tmp_path / "run" / "network.h5")
    assert network.population("Hidden").size == 48


def test_the_trained_network_answers_on_c_as_the_module_does(digits: Path, tmp_path: Path) -> None:
    task = task_of(digits)
    train_task(task, tmp_path)
    inputs, _ = task.test.batch(torch.arange(3), torch.Generator())
    spikes = task.module(inputs).spikes["Out"]
    network = neuro.load_network(tmp_path / "network.h5")
    for sample in range(3):
        step, index = inputs["Pixels"][:, sample].nonzero(as_tuple=True)
        events = {"Pixels": (step.numpy(), index.numpy())}
        found = neuro.simulate(network, steps=len(spikes), inputs=events, backend="c")
        expected = spikes[:, sample].nonzero()
        assert found.spikes["Out"].step.tolist() == expected[:, 0].tolist()
        assert found.spikes["Out"].index.tolist() == expected[:, 1].tolist()


def test_killed_and_resumed_it_ends_with_the_same_bits(digits: Path, tmp_path: Path) -> None:
    changes = {"epochs": 3, "batch": 4}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert CliRunner().invoke(app, command(digits, whole, **changes)).exit_code == 0
    assert progress_when_killed(command(digits, killed, **changes), killed)["epoch"] < 3
    resumed = CliRunner().invoke(app, command(digits, killed, "--resume", **changes))
    assert resumed.exit_code == 0, resumed.output
    assert_same_bits(whole, killed, "values")


def test_two_processes_are_one_with_the_doubled_batch(digits: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    changes = {"learning_rate": 0.1, "optimiser": "sgd"}
    assert CliRunner().invoke(app, command(digits, one, batch=20, **changes)).exit_code == 0
    torchrun = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "neuro",
    ]
    done = subprocess.run(
        [sys.executable, *torchrun, *command(digits, two, batch=10, **changes)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name, value in saved(one, "values").items():
        assert torch.allclose(value, saved(two, "values")[name], atol=1e-6), name


def test_shares_of_a_batch_are_a_whole() -> None:
    batch = torch.arange(7)
    parts = [Processes(rank, 3).share(batch) for rank in range(3)]
    assert torch.equal(torch.cat(parts), batch)


def test_it_stops_when_the_score_does_not_rise(digits: Path, tmp_path: Path) -> None:
    task = task_of(digits, epochs=50, patience=2, learning_rate=1e-9)
    summary = train_task(task, tmp_path)
    assert summary["epochs"] == summary["best_epoch"] + 3


def test_a_loss_that_is_no_number_stops_it_and_names_the_place(
    digits: Path, tmp_path: Path
) -> None:
    task = task_of(digits)
    with torch.no_grad():
        next(iter(task.module.parameters()))[0, 0] = float("nan")
    loss = task.loss
    with pytest.raises(TrainingError, match=r"Pixels_to_Hidden\.weight holds values"):
        train_task(
            _with_loss(task, lambda output, labels: loss(output, labels) * float("nan")), tmp_path
        )


def _with_loss(task: Any, loss: Any) -> Any:
    from dataclasses import replace

    return replace(task, loss=loss)


def test_bad_data(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="--set data="):
        load_model("mnist-lif").task({})
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_model("mnist-lif").task({"data": str(tmp_path / "absent.npz")})
    broken = tmp_path / "broken.npz"
    broken.write_bytes(digits.read_bytes()[:1000])
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_model("mnist-lif").task({"data": str(broken)})
    with np.load(digits) as file:
        content = dict(file)
    content["y_train"] = content["y_train"] + 5
    np.savez(broken, **content)
    with pytest.raises(ParameterError, match="there are 10 classes"):
        load_model("mnist-lif").task({"data": str(broken)})


def test_bad_checkpoints(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="there is no checkpoint"):
        train_task(task_of(digits), tmp_path, resume=True)
    train_task(task_of(digits), tmp_path)
    with pytest.raises(ParameterError, match="holds a run already"):
        train_task(task_of(digits), tmp_path)
    with pytest.raises(ParameterError, match="another network"):
        train_task(task_of(digits, hidden=25), tmp_path, resume=True)
    with pytest.raises(ParameterError, match="learning_rate"):
        train_task(task_of(digits, learning_rate=0.5), tmp_path, resume=True)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FileFormatError, match="is damaged"):
        train_task(task_of(digits), tmp_path, resume=True)


def test_bad_requests(digits: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    no_recipe = runner.invoke(app, ["train", "ca3-memory", "--out", str(tmp_path)])
    assert no_recipe.exit_code == 1
    assert "no recipe" in no_recipe.stderr
    if not torch.cuda.is_available():
        gpu = runner.invoke(app, command(digits, tmp_path, "--device", "cuda"))
        assert gpu.exit_code == 1
        assert "no GPU" in gpu.stderr
    unknown = runner.invoke(app, command(digits, tmp_path, "--set", "epoch=3"))
    assert unknown.exit_code == 2
    assert "epochs" in unknown.stderr
