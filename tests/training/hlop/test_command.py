"""``neuro train hlop-pmnist``: files, killed and resumed, all methods, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import neuro
from neuro.cli.app import app
from neuro.errors import UnsupportedError
from neuro.models.spec import load_model
from neuro.training.command import train_task
from neuro.training.hlop.export import network_answers
from neuro.training.processes import Processes
from tests.training.asking import asked, assert_same_bits, progress_when_killed

FEW = {
    "tasks": 2,
    "hidden": "[30,20]",
    "first_rows": "[20,10,8]",
    "later_rows": "[6]",
    "batch": 20,
    "samples": 200,
    "test_samples": 40,
    "ewc_samples": 5,
}


def command(digits: Path, out: Path, *more: str, **changes: Any) -> list[str]:
    return asked("hlop-pmnist", {**FEW, **changes}, digits, out, *more)


def test_it_leaves_log_summary_figure_and_a_network_that_answers(
    digits: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, command(digits, tmp_path, "--json", epochs=2))
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert json.loads(result.stdout)["ACC"] == summary["ACC"]
    matrix = summary["matrix"]
    assert [len(row) for row in matrix] == [1, 2]
    assert summary["ACC"] == pytest.approx(50 * sum(matrix[1]), abs=1e-3)
    assert summary["BWT"] == pytest.approx(100 * (matrix[1][0] - matrix[0][0]), abs=1e-3)
    assert summary["rows"] == [26, 16, 14]
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["epoch", "epoch", "task"] * 2
    assert rows[-1]["accuracies"] == matrix[1]
    assert (tmp_path / "accuracies.png").stat().st_size > 5000
    assert right_on_c(digits, tmp_path) == pytest.approx(matrix[1][1], abs=0.03)


def right_on_c(digits: Path, folder: Path) -> float:
    """Accuracy of the network that was left, on the test images of the last task."""
    stream = load_model("hlop-pmnist").task({"data": str(digits), "tasks": 2}).stream
    numbers = stream.numbers(1, "test")[:40]
    images, labels = stream.batch(numbers, "test")
    network = neuro.load_network(folder / "network.h5")
    found = network_answers(network, images.numpy(), 20, backend="c").argmax(1)
    return float(np.mean(found == labels.numpy()))


def test_killed_within_a_task_and_resumed_it_ends_with_the_same_bits(
    digits: Path, tmp_path: Path
) -> None:
    whole, killed, changes = tmp_path / "whole", tmp_path / "killed", {"batch": 4}
    assert CliRunner().invoke(app, command(digits, whole, **changes)).exit_code == 0
    assert progress_when_killed(command(digits, killed, **changes), killed)["task"] < 2
    resumed = CliRunner().invoke(app, command(digits, killed, "--resume", **changes))
    assert resumed.exit_code == 0, resumed.output
    assert_same_bits(whole, killed, "layers")


def test_all_methods_in_one_command(digits: Path, tmp_path: Path) -> None:
    changes = {"method": "all", "rule": "bptt", "hidden": "[20]", "first_rows": "[20,8]"}
    changes |= {"lateral_rates": "[0.001,0.01]", "test_samples": 20, "ewc_strength": 10}
    words = command(digits, tmp_path, **changes)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    table = json.loads((tmp_path / "summary.json").read_text())["methods"]
    assert list(table) == ["ewc", "hlop", "joint", "none"]
    for method, row in table.items():
        own = json.loads((tmp_path / method / "summary.json").read_text())
        assert row["ACC"] == own["ACC"]
    assert table["joint"]["BWT"] is None
    shown = [line.split() for line in result.output.splitlines()]
    assert ["joint", f"{table['joint']['ACC']:.2f}"] in [words[:2] for words in shown]
    assert (tmp_path / "accuracies.png").stat().st_size > 5000
    assert CliRunner().invoke(app, words).exit_code == 2
    assert CliRunner().invoke(app, [*words, "--resume"]).exit_code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("method=gpm", "hlop"),
        ("rule=stdp", "bptt"),
        ("tasks=0", "Give 1 or more"),
        ("first_rows=[1,2]", "2 numbers for 3 layers"),
        ("rows=3", "first_rows"),
    ],
)
def test_what_is_wrong_is_said(digits: Path, tmp_path: Path, change: str, says: str) -> None:
    result = CliRunner().invoke(app, command(digits, tmp_path / "run", "--set", change))
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert not (tmp_path / "run").exists()


def test_missing_data_are_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, command(tmp_path / "none.npz", tmp_path / "run"))
    assert result.exit_code == 2
    assert "cannot be read" in " ".join(result.output.split())
    bare = CliRunner().invoke(app, ["train", "hlop-pmnist", "--out", str(tmp_path / "run")])
    assert bare.exit_code == 2
    assert "--data mnist.npz" in " ".join(bare.output.split())
    assert not (tmp_path / "run").exists()


def test_several_processes_are_refused(digits: Path, tmp_path: Path) -> None:
    task = load_model("hlop-pmnist").task({"data": str(digits), "tasks": 1})
    with pytest.raises(UnsupportedError, match="torchrun"):
        train_task(task, tmp_path, together=Processes(0, 2))
