"""Rules shared by backends."""

from __future__ import annotations

from dataclasses import replace

import pytest

import neuro
from neuro.backends.rules import only_float, refuse
from neuro.errors import Finding, UnsupportedError

NETWORK = neuro.Network(name="net", dt=1e-3)


def test_floats_are_fine() -> None:
    assert only_float(NETWORK, "c") == []
    assert only_float(replace(NETWORK, format=neuro.FLOAT64), "c") == []


def test_fixed_point_is_a_finding() -> None:
    (finding,) = only_float(replace(NETWORK, format=neuro.fixed_point(16, 15)), "c")
    assert str(finding) == (
        "error: network 'net', format: fixed point does not run on 'c'. Use float32 or float64."
    )


def test_errors_refuse_all_at_once_and_warnings_do_not() -> None:
    warning = Finding(severity="warning", where="here", what="is odd.")
    first = Finding(severity="error", where="there", what="is wrong.")
    second = Finding(severity="error", where="everywhere", what="is wrong too.")
    refuse("c", [warning])
    with pytest.raises(UnsupportedError, match="cannot run on 'c'") as caught:
        refuse("c", [first, warning, second])
    assert caught.value.findings == (first, second)
    assert "there: is wrong." in str(caught.value)
    assert "everywhere: is wrong too." in str(caught.value)
