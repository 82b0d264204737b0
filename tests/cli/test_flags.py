"""Options of backends are flags; what is missing or misspelt is said in a sentence."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from neuro.backends.options import options_of
from neuro.backends.registry import backend_names, get_backend
from neuro.errors import NeuroError
from tests.cli.conftest import words

Call = Callable[..., Result]


@pytest.mark.parametrize("arguments", [("--threads", "2"), ("--threads=2",), ("--threads", "auto")])
@pytest.mark.parametrize("first", [True, False])
def test_an_option_of_the_backend_is_a_flag(
    call: Call, own_model: Path, arguments: tuple[str, ...], first: bool
) -> None:
    rest = (own_model, "--backend", "c", "--json")
    result = call("run", *((*arguments, *rest) if first else (*rest, *arguments)))
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["provenance"]["backend"] == "c"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--backend", "c", "--threads", "many"), "--threads: is 'many'. Give a whole number or"),
        (("--backend", "c", "--threads"), "--threads: needs a value"),
        (("--backend", "numba", "--threads", "2"), "No such option"),
        (("--backend", "c", "--thread", "2"), "No such option"),
        (("--backend", "brain2"), "there is no backend 'brain2'. Did you mean 'brian2'?"),
        (("--backend", "brian2,c"), "'neuro verify MODEL --on brian2,c' compares them"),
    ],
)
def test_wrong_use_is_2(call: Call, own_model: Path, arguments: tuple[str, ...], text: str) -> None:
    result = call("run", own_model, *arguments)
    assert result.exit_code == 2
    assert text in words(result.stderr)


def test_verify_gives_each_backend_its_own_options(call: Call, own_model: Path) -> None:
    result = call("verify", own_model, "--on", "reference,c", "--threads", "2", "--steps", "5")
    assert result.exit_code == 0, result.output


def test_flags_are_taken_from_between_the_others() -> None:
    from neuro.cli import flags

    found, rest = flags._take(
        ["--on", "reference,c", "--defer", "true", "--steps", "3"], {"--on", "--steps"}
    )
    assert found == {"defer": True}
    assert rest == ["--on", "reference,c", "--steps", "3"]


@pytest.mark.parametrize("command", [("check", "--target"), ("run", "--backend")])
def test_a_missing_package_is_an_answer_with_the_command(
    call: Call, own_model: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "brian2" else find(name, *a)
    )
    result = call(command[0], own_model, command[1], "brian2")
    assert result.exit_code == 1
    assert "pip install 'neuro-spiking[brian2]'" in words(result.output + result.stderr)
    assert "Traceback" not in result.output


def test_every_option_of_every_backend_is_explained() -> None:
    for name in backend_names():
        try:
            options = options_of(get_backend(name))
        except NeuroError:
            continue
        for option in options.values():
            assert option.description, f"{name}: {option.name}"
            assert option.choices, f"{name}: {option.name}"


def test_targets_lists_the_options_of_a_backend(call: Call) -> None:
    found: dict[str, Any] = json.loads(call("targets", "c", "--json").stdout)
    assert [option["flag"] for option in found["options"]] == ["--threads", "--defer"]
    assert "--threads" in call("targets", "c").stdout
    assert "no options" in call("targets", "reference").stdout
    assert call("targets", "brain2").exit_code == 2
