"""``neuro bench``; the simulators are stand-ins, see tests/bench for a real run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from neuro.bench import suite
from neuro.bench.peers import WORKLOADS, Measurement, PeerFailed
from tests.cli.conftest import words

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int, bool]]:
    """What was run; Brian2 is not installed, the C programs fail, NEST fires too much on COBA."""
    made = []

    def measure(simulator: str, workload: str, *, seed: int, threads: int, quick: bool) -> Any:
        made.append((simulator, workload, seed, quick))
        if simulator == "limit":
            raise PeerFailed("failed: no [AVX-512]")
        rate = 30.0 if (simulator, workload) == ("nest", "coba-4k") else 10.0
        operations = 20 if workload.startswith("ca3") else 0
        return Measurement(1.0, 2.0, rate, 300.0, 200.0, "1", operations)

    monkeypatch.setattr(suite, "measure", measure)
    absent = {"brian2": "not installed: pip install 'neuro-spiking[peers]'"}
    monkeypatch.setattr(suite, "missing", lambda name: absent.get(name, ""))
    return made


def test_quick_runs_every_workload_once_in_its_small_form(
    call: Call, calls: list[tuple[str, str, int, bool]]
) -> None:
    result = call("bench", "--quick", "--on", "neuro,numba,reference")
    assert result.exit_code == 0
    assert [entry[1] for entry in calls if entry[0] == "neuro"] == list(WORKLOADS)
    assert all(quick and seed == 1 for _, _, seed, quick in calls)
    assert all(f"{name} (small)" in result.stdout for name in WORKLOADS)
    assert "one run, 1 thread" in result.stdout


def test_the_table_shows_ratios_and_says_what_is_missing_or_failed(call: Call) -> None:
    result = call("bench", "cuba-4k", "--repeat", 2, "--seed", 4)
    assert result.exit_code == 0
    assert "neuro, C engine 1.00 2.00 300 10.00 1.00 1.00" in words(result.stdout)
    assert "Brian2 C++: not installed: pip install 'neuro-spiking[peers]'" in words(result.stdout)
    assert "hand-written C: failed: no [AVX-512]" in words(result.stderr)
    assert "medians of 2 runs" in result.stdout


def test_a_memory_shows_operations_per_second(call: Call) -> None:
    assert "ops / s" in words(call("bench", "ca3-256x512").stdout)
    assert "ops / s" not in words(call("bench", "cuba-4k").stdout)


def test_rates_that_differ_are_1(call: Call) -> None:
    result = call("bench", "coba-4k", "--on", "neuro,nest")
    assert result.exit_code == 1
    assert "differs" in result.stdout
    assert "firing rates differ" in result.stderr


def test_json_and_the_file_hold_the_same(call: Call, tmp_path: Path) -> None:
    result = call("bench", "cuba-4k", "--quick", "--json", "--out", "kept/bench.json")
    found = json.loads(result.stdout)
    assert set(found) == {"agree", "missing", "failed", "workloads"}
    assert found["failed"] == {"cuba-4k": {"limit": "failed: no [AVX-512]"}}
    assert json.loads((tmp_path / "kept" / "bench.json").read_text()) == found


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["cuba-4"], "there is no workload 'cuba-4'. Did you mean 'cuba-4k'?"),
        (["cuba-4k", "--on", "neuro,brian"], "there is no simulator 'brian'. Did you mean 'brian2'?"),
        (["cuba-4k", "--limit", "nowhere"], "nowhere does not hold cuba.c."),
        (["cuba-4k", "--repeat", "0"], "--repeat"),
    ],
)  # fmt: skip
def test_wrong_use_is_2_and_runs_nothing(
    call: Call, calls: list[Any], arguments: list[str], text: str
) -> None:
    result = call("bench", *arguments)
    assert (result.exit_code, calls) == (2, [])
    assert text in words(result.stderr)
