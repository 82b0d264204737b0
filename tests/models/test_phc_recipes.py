"""Recipes of PHC networks: they learn, go on where they were, and what they leave runs on an engine."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neuro
from neuro.errors import ParameterError
from neuro.models import PHCSSM
from neuro.models.digits import SIDE, load_images, typed_digit
from neuro.models.phc.module import PHCModule
from neuro.models.phc.table import TABLE, run_table
from neuro.models.phcssm_smnist import PHCDigits
from neuro.models.spec import load_model
from neuro.training.command import train_task
from neuro.training.files import LOG
from neuro.training.loop import CHECKPOINT, Trainer
from tests.training.digits import write_digits
from tests.training.series import write_set

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "mnist.npz"
needs_data = pytest.mark.skipif(not DATA.is_file(), reason="mnist.npz is not beside the project")
needs_aeon = pytest.mark.skipif(find_spec("aeon") is None, reason="aeon is not installed")
SMALL = {"pixels": 28, "sizes": [12, 12], "delays": [1, 2], "epochs": 2, "batch": 20}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits") / "mnist.npz", train=200, test=30)


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waves")
    write_set(folder, "Waves")
    return folder


def task(digits: Path, **changes: Any) -> Any:
    return load_model("phcssm-smnist").task({"data": str(digits), **SMALL, **changes})


def test_waves_are_learnt(waves: Path, tmp_path: Path) -> None:
    changes = {"data": str(waves), "set": "Waves", "sizes": [12], "epochs": 30}
    made = load_model("phcssm-uea").task(changes)
    summary = train_task(made, tmp_path, threads=1)
    assert summary["test_accuracy"] >= 0.9
    assert summary["mismatch"]["1"] > 0
    assert summary["parameters"] == made.module.count()
    network = neuro.load_network(tmp_path / "network.h5")
    sample, right = made.test.values.numpy(), made.test.labels.numpy()
    found = []
    for signal in sample:
        shown = np.pad(signal.astype(np.float64), ((0, 3), (0, 0)))
        run = neuro.simulate(network, len(shown), inputs={"signal": shown}, backend="c")
        found.append(int(run.trace_data("Readout", "total").values[-1].argmax()))
    assert (np.array(found) == right).mean() == summary["test_accuracy"]


@pytest.mark.parametrize(
    "changes",
    [{"stp": [0.5, 20, 5], "sweeps": 3}, {"stdp": "reward", "dale": False}, {"reset": False}],
)
def test_every_prior_trains(digits: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    made = task(digits, **changes, epochs=1)
    before = {name: p.detach().clone() for name, p in made.module.named_parameters()}
    summary = train_task(made, tmp_path, threads=1)
    moved = {name for name, p in made.module.named_parameters() if not torch.equal(p, before[name])}
    assert moved == set(before)
    assert np.isfinite(json.loads((tmp_path / LOG).read_text().splitlines()[0])["loss"])
    assert 0 <= summary["test_accuracy"] <= 1


def test_resumed_it_ends_with_the_same_weights(digits: Path, tmp_path: Path) -> None:
    whole = task(digits, stdp="reward")
    train_task(whole, tmp_path / "whole", threads=1)
    (tmp_path / "parts").mkdir()

    def stop(progress: Any, batches: int) -> None:
        if (progress.epoch, progress.batch) == (1, 3):
            raise KeyboardInterrupt

    first = Trainer(task(digits, stdp="reward"), tmp_path / "parts", report=stop)
    assert first.run().interrupted
    assert (tmp_path / "parts" / CHECKPOINT).exists()
    second = task(digits, stdp="reward")
    train_task(second, tmp_path / "parts", resume=True, threads=1)
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, second.module.state_dict()[name]), name


def test_a_table_is_not_done_twice(digits: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    common = {"data": str(digits), **SMALL, "epochs": 1}
    variants = {"as it is": {}, "no delays": {"delays": [1]}}
    for _ in range(2):
        run_table("phcssm-smnist", variants, tmp_path, common=common, seeds=(0, 1), say=rows.append)
    assert rows[:2] == rows[2:]
    assert json.loads((tmp_path / TABLE).read_text()) == rows[:2]
    assert [row["variant"] for row in rows[:2]] == ["as it is", "no delays"]
    assert all(len(row["accuracy"]) == 2 for row in rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": ""}, "no data is given"),
        ({"pixels": 5}, "784 is no multiple"),
        ({"sizes": "many"}, "sizes"),
        ({"stdp": "some"}, "none, plain, reward"),
        ({"stp": [0.5]}, "U, tau_rec, tau_fac"),
    ],
)
def test_wrong_settings_are_named(digits: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        task(digits, **changes)


# What ships ------------------------------------------------------------------------------------


def test_the_shipped_digits_network_is_small() -> None:
    network = PHCDigits().network
    cells = sum(p.size for p in network.populations if p.name.startswith("Region"))
    assert cells == 60
    assert 1312 <= PHCModule((60,), 1, 10).count() <= 4891


def test_it_reads_most_digits_set_in_type() -> None:
    found = PHCDigits().classify([typed_digit(digit) for digit in range(10)])
    assert (found == np.arange(10)).sum() >= 4


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"has shape \(28, 27\)"):
        PHCDigits().inputs(np.zeros((SIDE, 27)))


@needs_data
def test_accuracy_on_test_images() -> None:
    images, labels = load_images(DATA)
    found = PHCDigits().classify(images[:300])
    assert (found == labels[:300]).mean() > 0.85


@needs_aeon
@pytest.mark.parametrize("sample", [0, 12, 39])
def test_the_shipped_movements_network_is_right(sample: int) -> None:
    made = load_model("phcssm-uea").experiment(None, {"sample": sample})
    recording = neuro.simulate(made.network, made.steps, inputs=made.inputs)
    assert made.report(recording).passed


def test_the_public_name() -> None:
    assert PHCSSM(PHCModule((5, 4), 2, 3).weights()).neurons == 9
