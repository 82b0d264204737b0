"""``neuro verify``: identical is 0, a difference is 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from neuro.reference.engine import Interpreter
from tests.cli.conftest import words

Call = Callable[..., Result]


def test_three_engines_are_identical_on_the_memory(call: Call) -> None:
    result = call("verify", "ca3-memory", "--on", "reference,c,numba", "--steps", "40", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "identical": True,
        "steps": 40,
        "divergences": {"c": None, "numba": None},
        "distances": {},
    }


def test_the_table_names_the_yardstick(call: Call, own_model: Path) -> None:
    result = call("verify", own_model, "--on", "c, reference", "--seed", "4", "--steps", "10")
    assert result.exit_code == 0
    assert "c yardstick reference identical" in words(result.stdout)


def test_a_difference_is_1_and_named(
    call: Call, own_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = Interpreter.snapshot

    def wrong(self: Interpreter) -> dict[str, object]:
        found = exact(self)
        found["state/cells/v"] = found["state/cells/v"] + (self.step >= 7)
        return found

    monkeypatch.setattr(Interpreter, "snapshot", wrong)
    result = call("verify", own_model, "--on", "c,reference", "--steps", "12", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["identical"] is False
    assert found["divergences"]["reference"].startswith("step 6: state cells/v[0] is ")


@pytest.mark.parametrize(
    ("on", "text"),
    [
        ("c", "two different backends are needed"),
        ("c,c", "two different backends are needed"),
        ("reference,refrence", "Did you mean 'reference'?"),
    ],
)
def test_wrong_backends_are_2(call: Call, on: str, text: str) -> None:
    result = call("verify", "ca3-memory", "--on", on, "--steps", "2")
    assert result.exit_code == 2
    assert text in words(result.stderr)
