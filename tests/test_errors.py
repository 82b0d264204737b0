"""Errors say what, where and what to do, and are caught as what Python programmers expect."""

from __future__ import annotations

import pickle

import pytest

from neuro import errors
from neuro.errors import (
    ExpressionError,
    Finding,
    NeuroError,
    ParameterError,
    UnsupportedError,
    VerificationError,
    suggestion,
    unknown_name,
)

WRONG = Finding(severity="error", where="projection 'p', weight", what="is nan.", hint="Mend it.")


def test_a_message_is_where_what_and_hint() -> None:
    error = ParameterError("is 3.", where="cell, 'v'", hint="Use 0 to 1.")
    assert str(error) == "cell, 'v': is 3. Use 0 to 1."
    assert (error.what, error.where, error.hint) == ("is 3.", "cell, 'v'", "Use 0 to 1.")
    assert str(ParameterError("is 3.")) == "is 3."


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ParameterError", ValueError),
        ("UnknownNameError", LookupError),
        ("UnitError", ValueError),
        ("ExpressionError", ValueError),
        ("VerificationError", ValueError),
        ("FileFormatError", ValueError),
        ("StorageError", OSError),
        ("UnavailableError", RuntimeError),
        ("CompilerError", RuntimeError),
        ("UnsupportedError", RuntimeError),
        ("SessionClosedError", RuntimeError),
    ],
)
def test_each_error_is_also_the_builtin_one(name: str, builtin: type[Exception]) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, NeuroError)
    assert issubclass(kind, builtin)


def test_an_expression_error_points_at_the_column() -> None:
    error = ExpressionError("wrong.", source="a + * b", column=4, where="spike", hint="Mend it.")
    assert str(error).splitlines() == ["spike: wrong.", "    a + * b", "        ^", "Mend it."]
    assert str(ExpressionError("wrong.", source="a")) == "wrong."


@pytest.mark.parametrize(
    "error",
    [
        ParameterError("is 3.", where="v", hint="Use 0."),
        ExpressionError("wrong.", source="a + * b", column=4, where="spike"),
        VerificationError([WRONG]),
        UnsupportedError("no.", [WRONG], hint="Use another."),
    ],
)
def test_errors_reach_other_processes_as_they_are(error: NeuroError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_an_error_can_be_given_a_place() -> None:
    error = ExpressionError("wrong.", source="a +", column=3, hint="Mend it.")
    placed = error.at("cell 'c', spike")
    assert str(placed) == f"cell 'c', spike: {error}"
    assert (placed.where, placed.source, placed.column) == ("cell 'c', spike", "a +", 3)
    assert error.where == ""


def test_a_finding_prints_on_one_line() -> None:
    assert str(WRONG) == "error: projection 'p', weight: is nan. Mend it."
    assert str(Finding(severity="note", where="x", what="y.")) == "note: x: y."


def test_a_verification_error_carries_all_findings() -> None:
    one, two = VerificationError([WRONG]), VerificationError([WRONG, WRONG])
    assert str(one) == f"1 problem in the network:\n  - {WRONG}"
    assert str(two).startswith("2 problems")
    assert two.findings == (WRONG, WRONG)


def test_an_unsupported_error_lists_why() -> None:
    error = UnsupportedError("'x' cannot run this.", [WRONG], hint="Use another.")
    assert str(error) == f"'x' cannot run this.\n  - {WRONG} Use another."


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("tau", ["tau_m", "v"], "Did you mean 'tau_m'?"),
        ("V", ["v", "w"], "Did you mean 'v'?"),
        ("TAU_M", ["tau_m"], "Did you mean 'tau_m'?"),
        ("MV", ["mV", "ms"], "Did you mean 'mV'?"),
        ("zzz", ["b", "a"], "Known: a, b."),
        ("zzz", [], "None are defined."),
    ],
)
def test_suggestions(name: str, known: list[str], sentence: str) -> None:
    assert suggestion(name, known) == sentence
    error = unknown_name(name, known, kind="thing", where="here")
    assert str(error) == f"here: there is no thing {name!r}. {sentence}"
