"""Progress is told to a callable, or shown on a terminal when it takes long."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

import neuro
from neuro.errors import ParameterError
from neuro.simulation import progress
from tests.simulation.runs import plastic_network


class Terminal(io.StringIO):
    """Standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def watch(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in the place of standard error; pytest undoes this between fixtures and tests."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_a_callable_is_told_to_the_end(backend: str) -> None:
    told: list[tuple[int, int]] = []
    neuro.simulate(
        plastic_network(10), 200, backend=backend, progress=lambda *given: told.append(given)
    )
    done = [step for step, _ in told]
    assert done == sorted(set(done))
    assert told[-1] == (200, 200)
    assert {total for _, total in told} == {200}


def test_a_bar_appears_on_a_terminal_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = watch(monkeypatch)
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    with progress.progress_of("auto", "my network") as report:
        report(1, 4)
        report(4, 4)
    assert "my network" in terminal.getvalue()
    assert "100.0 %" in terminal.getvalue()


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with progress.progress_of("auto", "my network") as report:
        report(1, 4)
    assert terminal.getvalue() == ""


def test_nothing_is_shown_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    with progress.progress_of("auto", "x") as report:
        report(1, 4)
    assert capsys.readouterr().err == ""


def test_none_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    with progress.progress_of(None, "x") as report:
        report(1, 4)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("option", [None, False])
def test_none_and_false_are_silent(option: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    assert neuro.simulate(plastic_network(5), 20, progress=option).steps == 20
    assert terminal.getvalue() == ""


def test_another_option_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"progress: is 'bar'\. Use 'auto'"):
        progress.progress_of("bar", "label")  # type: ignore[arg-type]
