"""The check before a run says everything at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import neuro
from neuro.errors import UnknownNameError, UnsupportedError
from tests.simulation.runs import plastic_network


@pytest.mark.parametrize("target", ["auto", "reference", "c", "numba"])
def test_a_network_that_runs_has_nothing_to_say(target: str) -> None:
    assert neuro.check(plastic_network(), target) == []


def test_broken_rules_come_first_and_all_at_once() -> None:
    network = replace(plastic_network(), dt=-1.0, seed=-5)
    assert {finding.rule for finding in neuro.check(network, "c")} >= {"bad-dt", "bad-seed"}


def test_a_format_that_does_not_run_is_found_and_refused() -> None:
    network = replace(plastic_network(), format=neuro.fixed_point(16, 15))
    finding = next(f for f in neuro.check(network, "numba") if f.severity == "error")
    assert finding.rule == "number-format"
    assert finding.hint == "Use float32 or float64."
    with pytest.raises(UnsupportedError, match="fixed point does not run on 'numba'"):
        neuro.simulate(network, 1, backend="numba")
    for target in ("reference", "c"):
        assert neuro.check(network, target) == []


def test_a_missing_compiler_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = neuro.check(plastic_network(), "c")[0]
    assert (finding.severity, finding.rule) == ("error", "no-compiler")
    assert "$CC is 'no-such-compiler', which is not on the path" in finding.what
    assert "backend='numba'" in finding.hint


def test_a_missing_engine_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    finding = neuro.check(plastic_network(), "auto")[0]
    assert (finding.severity, finding.rule) == ("error", "unavailable")
    assert "pip install" in finding.hint


def test_unknown_targets_and_options_are_named() -> None:
    with pytest.raises(UnknownNameError, match="no backend 'nest'"):
        neuro.check(plastic_network(), "nest")
    with pytest.raises(UnknownNameError, match="no option 'speed'"):
        neuro.check(plastic_network(), "c", options={"speed": 11})
