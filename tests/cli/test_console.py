"""Errors as one readable paragraph, each with its exit code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer

from neuro.cli import console
from neuro.errors import ExpressionError, Finding, NeuroError
from tests.cli.conftest import words


def failing(error: BaseException) -> None:
    """Run a command that raises `error`."""

    @console.readable_errors
    def command() -> None:
        raise error

    command()


@pytest.fixture
def _debugging() -> Iterator[None]:
    console.set_debug(True)
    yield
    console.set_debug(False)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            NeuroError("is 3.", where="x", hint="Use 2."),
            console.WRONG_USE,
            "error: x: is 3. Use 2.",
        ),
        (
            NeuroError("list[int] is no [type]."),
            console.WRONG_USE,
            "error: list[int] is no [type].",
        ),
        (KeyboardInterrupt(), console.INTERRUPTED, "interrupted"),
        (
            ZeroDivisionError(0),
            console.BROKEN,
            "unexpected error: ZeroDivisionError: 0. This is a bug; 'neuro --debug' shows where.",
        ),
    ],
)
def test_errors_are_a_paragraph_and_an_exit_code(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        failing(error)
    printed = capsys.readouterr()
    assert (caught.value.exit_code, printed.out) == (code, "")
    assert words(printed.err) == text


@pytest.mark.usefixtures("_debugging")
@pytest.mark.parametrize("error", [NeuroError("no."), KeyboardInterrupt(), ZeroDivisionError()])
def test_debugging_lets_errors_through(error: BaseException) -> None:
    with pytest.raises(type(error)):
        failing(error)


def test_an_exit_code_passes() -> None:
    with pytest.raises(typer.Exit) as caught:
        failing(typer.Exit(1))
    assert caught.value.exit_code == 1


def test_long_messages_are_wrapped_but_source_lines_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = "v = v + " + " + ".join(f"input{k}" for k in range(20))
    with pytest.raises(typer.Exit):
        failing(ExpressionError("bad name; " * 20, source=source, column=4))
    error = capsys.readouterr().err
    assert f"\n    {source}\n        ^" in error
    assert all(len(line) <= 100 for line in error.splitlines() if line.startswith("bad name"))
    assert error.count("\n") > 4


def test_findings_carry_severity_place_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_findings(
        [Finding(severity="warning", where="E[0]", what="is slow.", hint="Use c.")]
    )
    assert capsys.readouterr().out == "warning E[0]: is slow. Use c.\n"
