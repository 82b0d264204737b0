"""The bench of training steps: what it runs, and what it says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from neuro.bench.training import OURS, TARGETS, Workload, bench_training
from neuro.cli.app import app
from neuro.errors import UnavailableError

pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[2]


def times(train: float) -> dict[str, Any]:
    return {"forward": [train / 2, train], "train": [train, 2 * train], "memory": 100.0}


def workload(name: str = "scan", **peers: float) -> Workload:
    listed = {OURS: times(1.0)} | {peer: times(value) for peer, value in peers.items()}
    return Workload(name, "cpu", listed, ("spikingjelly",), 1e-7)


def test_the_fastest_peer_counts() -> None:
    found = workload(slow=30.0, fast=12.0)
    assert found.ratio("slow", "train") == 30
    assert found.gain == 12
    assert workload().gain is None


def test_the_script_times_and_compares_gradients() -> None:
    command = [sys.executable, "benchmarks/training.py", "--json", "--repeat", "1"]
    done = subprocess.run(
        [*command, "--only", "scan"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (line,) = map(json.loads, done.stdout.splitlines())
    assert set(line["times"]) == {OURS, "torch odd-even", "torch loop"}
    assert all(min(own["train"]) > 0 for own in line["times"].values())
    assert line["gradients_apart"] < 1e-5


def test_the_command_says_which_targets_are_met(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(**given: Any) -> Iterator[Workload]:
        assert given == {"repeat": 1, "threads": 1, "device": "cpu"}
        yield workload("feedforward", peer=1.5)
        yield workload("scan", peer=15.0)

    monkeypatch.setattr("neuro.cli.bench_training.bench_training", run)
    kept = tmp_path / "bench.json"
    said = CliRunner().invoke(app, ["bench", "training", "--quick", "--out", str(kept)])
    assert said.exit_code == 0, said.output
    assert "1.5 times as fast as the fastest; target 2: missed." in said.output
    assert "15.0 times as fast as the fastest; target 10: met." in said.output
    assert "Not installed: spikingjelly." in said.output
    assert [row["name"] for row in json.loads(kept.read_text())] == ["feedforward", "scan"]
    assert set(TARGETS) == {"feedforward", "recurrent", "scan"}


def test_a_gpu_that_is_not_there_is_said_so() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(UnavailableError, match="no GPU"):
        next(bench_training(repeat=1, threads=1, device="cuda"))
