"""Taking turns, leaving out what is missing, and going on when one fails."""

from __future__ import annotations

import json

import pytest

from neuro.bench import suite
from neuro.bench.peers import Measurement, PeerFailed
from neuro.bench.suite import run_suite

Calls = list[tuple[str, str, int]]

RATES = {"limit": 10.0, "neuro": 10.0, "numba": 10.0, "reference": 10.0, "brian2": 10.0}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What was run, on simulators that answer at once; NEST is missing, and Brian2 fails on COBA."""
    made: Calls = []

    def measure(
        simulator: str, workload: str, *, seed: int, threads: int, quick: bool
    ) -> Measurement:
        made.append((workload, simulator, seed))
        if (simulator, workload) == ("brian2", "coba-4k"):
            raise PeerFailed("failed: out of luck")
        return Measurement(0.5, float(seed), RATES[simulator], 100.0 * threads, 50.0, str(quick))

    monkeypatch.setattr(suite, "measure", measure)
    monkeypatch.setattr(suite, "missing", lambda name: "not installed" if name == "nest" else "")
    return made


def test_simulators_take_turns_and_seeds_count_up(calls: Calls) -> None:
    outcome = run_suite(["cuba-4k"], ["limit", "neuro", "nest"], times=2, seed=5)
    assert calls == [
        ("cuba-4k", "limit", 5),
        ("cuba-4k", "neuro", 5),
        ("cuba-4k", "limit", 6),
        ("cuba-4k", "neuro", 6),
    ]
    assert outcome.missing == {"nest": "not installed"}
    assert [row.run for row in outcome.table("cuba-4k")] == [5.5, 5.5]
    assert outcome.passed


def test_a_workload_is_run_only_by_those_that_can(calls: Calls) -> None:
    run_suite(["cuba-4k", "ca3-256x512"], list(RATES), times=1)
    assert [simulator for workload, simulator, _ in calls if workload == "cuba-4k"] == [
        "limit",
        "neuro",
        "brian2",
    ]
    assert [simulator for workload, simulator, _ in calls if workload == "ca3-256x512"] == [
        "neuro",
        "numba",
        "reference",
    ]


def test_one_that_fails_is_noted_and_not_tried_again(calls: Calls) -> None:
    outcome = run_suite(["coba-4k"], ["brian2", "neuro"], times=3)
    assert [simulator for _, simulator, _ in calls] == ["brian2", "neuro", "neuro", "neuro"]
    assert outcome.failed == {"coba-4k": {"brian2": "failed: out of luck"}}
    assert outcome.passed


def test_an_engine_of_ours_that_fails_is_no_pass(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Measurement:
        raise PeerFailed("failed")

    monkeypatch.setattr(suite, "measure", fail)
    outcome = run_suite(["cuba-4k"], ["neuro"], times=1)
    assert outcome.agree
    assert not outcome.passed


@pytest.mark.usefixtures("calls")
def test_rates_that_differ_are_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, "brian2", 20.0)
    outcome = run_suite(["cuba-4k"], ["limit", "neuro", "brian2"], times=1)
    assert not outcome.agree
    assert not outcome.passed


def test_progress_ends_at_the_total(calls: Calls) -> None:
    seen: list[tuple[int, int]] = []
    run_suite(["cuba-4k"], ["limit", "neuro"], times=2, progress=lambda *at: seen.append(at))
    assert len(calls) == 4
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.usefixtures("calls")
def test_the_data_is_json_with_tables_and_measurements() -> None:
    outcome = run_suite(["cuba-4k", "coba-4k"], ["neuro", "brian2", "nest"], times=2, threads=3)
    data = json.loads(json.dumps(outcome.data(), allow_nan=False))
    assert set(data) == {"agree", "missing", "failed", "workloads"}
    assert list(data["workloads"]) == ["cuba-4k", "coba-4k"]
    found = data["workloads"]["cuba-4k"]
    assert set(found) == {"table", "measurements"}
    assert len(found["measurements"]["brian2"]) == 2
    assert found["table"][0]["memory"] == 300
