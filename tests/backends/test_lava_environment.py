"""Lava's environment is whole or not there, whatever happens while it is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import neuro
from neuro.backends.lava import LavaBackend, environment
from neuro.backends.lava.environment import (
    MARKER,
    environment_folder,
    find_environment,
    make_environment,
    require_environment,
)
from neuro.cli.app import app
from neuro.errors import ParameterError, StorageError, UnavailableError
from tests.backends.lava import random_network
from tests.cli.conftest import words


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEURO_CACHE_DIR", str(tmp_path / "Ein Ordner für alles"))


def pretend(monkeypatch: pytest.MonkeyPatch, failing: str = "") -> list[str]:
    """Make environments without a package index; a step of the purpose `failing` is interrupted."""
    done: list[str] = []

    def call(command: list[str], purpose: str) -> str:
        done.append(purpose)
        if purpose == failing:
            raise KeyboardInterrupt
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
        return json.dumps({"python": "3.11.0", "lava-nc": "0.10.0", "numpy": "1.26.4"})

    monkeypatch.setattr(environment, "_call", call)
    monkeypatch.setattr(environment, "_choose_python", lambda given: (sys.executable, "3.11"))
    return done


STAGES = ("make the environment", "install what Lava needs", "install Lava", "import Lava")


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_call_leaves_nothing_that_looks_finished(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    pretend(monkeypatch, failing=stage)
    with pytest.raises(KeyboardInterrupt):
        make_environment()
    assert find_environment() is None
    assert list(environment_folder().parent.iterdir()) == []


def test_it_is_made_once_and_anew_if_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    done, said = pretend(monkeypatch), []
    made = make_environment(report=said.append)
    assert made == find_environment() == require_environment()
    assert done == list(STAGES)
    assert [line.split()[0] for line in said] == ["making", "installing", "installing"]
    make_environment()
    assert done == list(STAGES)
    make_environment(force=True)
    assert done == 2 * list(STAGES)


def test_leftovers_of_killed_calls_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    place = environment_folder()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    old = place.with_name(f".{place.name}.{ended.pid}.partial")
    other = place.with_name(f".{place.name}.{os.getppid()}.partial")
    for folder in (old, other):
        folder.mkdir(parents=True)
    pretend(monkeypatch)
    make_environment()
    assert not old.exists()
    assert other.exists()  # its process is still at work


def test_an_environment_without_its_marker_or_python_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch)
    made = make_environment()
    marker = made.folder / MARKER
    text = marker.read_text()
    marker.write_text(text[:5])
    assert find_environment() is None
    marker.write_text(text)
    made.python.unlink()
    assert find_environment() is None


def test_a_missing_environment_is_a_finding_with_the_command() -> None:
    network = random_network(1, sparse=True)[0]
    (finding,) = neuro.check(network, "lava")
    assert (finding.rule, finding.hint) == ("unavailable", "Run: neuro env loihi")
    assert LavaBackend().unavailable() == "needs its own environment: neuro env loihi"
    with pytest.raises(UnavailableError, match="Run: neuro env loihi"):
        neuro.simulate(network, 5, backend="lava")


def test_pythons_that_do_not_suit_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="is no Python that starts"):
        make_environment(python=str(tmp_path / "nothing"))
    monkeypatch.setattr(environment, "_version", lambda python: "3.14")
    with pytest.raises(ParameterError, match=r"is Python 3\.14\. Lava 0\.10 runs on"):
        make_environment(python="python3")
    with pytest.raises(UnavailableError, match=r"no Python 3\.10, 3\.11, 3\.12 was found"):
        make_environment()


def test_what_pip_says_last_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_PIP", ("-m", "no_such_module_here"))
    with pytest.raises(UnavailableError, match=r"could not install what Lava needs: .*no_such_mod"):
        make_environment(python=sys.executable)
    assert find_environment() is None


def test_a_cache_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEURO_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="could not be written"):
        make_environment()


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_the_command_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    result = call("env", "loihi")
    assert result.exit_code == 0
    assert "is ready: python 3.11.0, lava-nc 0.10.0, numpy 1.26.4" in words(result.stdout)
    found = json.loads(call("env", "loihi", "--json").stdout)
    assert found["folder"] == str(environment_folder())
    wrong = call("env", "loihy")
    assert wrong.exit_code == 2
    assert "Did you mean 'loihi'?" in words(wrong.stderr)
