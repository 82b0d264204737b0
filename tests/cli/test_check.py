"""``neuro check``: 0 if it runs, 1 if not, 2 for wrong use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import neuro
from tests.cli.conftest import words

Call = Callable[..., Result]


@pytest.fixture
def fixed_point_file(tmp_path: Path) -> Path:
    """A network in fixed point, which numba does not run."""
    net = neuro.NetworkBuilder(dt=1.0, name="fixed", format=neuro.fixed_point(15, 16))
    net.population(3, neuro.LIF(), label="cells")
    return neuro.save_network(net.build(), tmp_path / "fixed.txt")


@pytest.mark.parametrize("target", ["auto", "reference", "c", "numba"])
def test_the_memory_runs_on_every_engine(call: Call, target: str) -> None:
    result = call("check", "ca3-memory", "--target", target)
    assert result.exit_code == 0
    assert f"runs on {target}." in result.stdout


def test_json_says_whether_it_runs_and_what_was_found(call: Call) -> None:
    result = call("check", "ca3-memory", "--target", "c", "--json")
    assert json.loads(result.stdout) == {"runs": True, "findings": []}


def test_what_cannot_run_is_1_and_named(call: Call, fixed_point_file: Path) -> None:
    result = call("check", fixed_point_file, "--target", "numba")
    assert result.exit_code == 1
    assert "fixed does not run on numba." in result.stdout
    found = json.loads(call("check", fixed_point_file, "--target", "numba", "--json").stdout)
    assert found["runs"] is False
    assert {"severity", "where", "what", "hint", "rule"} == set(found["findings"][0])
    assert found["findings"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["ca3-memory", "--target", "numpa"], "there is no backend 'numpa'. Did you mean 'numba'?"),
        (["ca3-memory", "-p", "strss"], "there is no protocol 'strss'. Did you mean 'stress'?"),
        (["ca3-memory", "--set", "cues"], "--set: 'cues' is not NAME=VALUE."),
        (["ca3-memory", "--set", "cue=3"], "no parameter 'cue'. Did you mean 'cues'?"),
        (["missing.txt"], "missing.txt"),
    ],
)
def test_wrong_use_is_2_and_offers_what_is_near(
    call: Call, arguments: list[str], text: str
) -> None:
    result = call("check", *arguments)
    assert result.exit_code == 2
    assert text in words(result.stderr)
