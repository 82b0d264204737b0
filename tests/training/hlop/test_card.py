"""What the model card says is what the recorded runs came to."""

from __future__ import annotations

import json

import pytest

from neuro.resources import folder
from neuro.training.hlop.results import scores

PLACE = folder("models") / "hlop-pmnist"
MINUS = "\N{MINUS SIGN}"
METHODS = ["none", "ewc", "hlop", "joint"]


@pytest.mark.parametrize("method", METHODS)
def test_scores_of_the_recorded_runs_are_in_the_card(method: str) -> None:
    recorded = json.loads((PLACE / "results.json").read_text())["methods"][method]
    found = scores(recorded["matrix"])
    assert found == {"ACC": recorded["ACC"], "BWT": recorded["BWT"]}
    transfer = "" if found["BWT"] is None else f"{found['BWT']:.2f}".replace("-", MINUS)
    row = f"| {found['ACC']:.2f} | {transfer} |"
    assert row in (PLACE / "README.md").read_text(encoding="utf-8")


def test_the_recorded_runs_are_whole() -> None:
    recorded = json.loads((PLACE / "results.json").read_text())
    assert (recorded["tasks"], recorded["samples"]) == (10, 60_000)
    assert sorted(recorded["methods"]) == sorted(METHODS)
    rows = {name: len(own["matrix"]) for name, own in recorded["methods"].items()}
    assert rows == {"none": 10, "ewc": 10, "hlop": 10, "joint": 1}
    assert all(own["seconds"] < 3600 for own in recorded["methods"].values())
    assert (PLACE / "accuracies.png").stat().st_size > 10_000
