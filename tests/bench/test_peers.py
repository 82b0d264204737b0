"""Simulators in processes of their own: what is missing, what fails, and one real run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuro import resources
from neuro.backends.c import CBackend
from neuro.bench import peers


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of ``benchmarks``."""
    place = tmp_path / "checkout" / "benchmarks"
    place.mkdir(parents=True)
    monkeypatch.setattr(peers, "folder", lambda name: place)
    monkeypatch.delenv("NEURO_LIMIT", raising=False)
    return place


@pytest.fixture(scope="module")
def workloads() -> ModuleType:
    """``benchmarks/workloads.py``."""
    path = resources.folder("benchmarks") / "workloads.py"
    spec = importlib.util.spec_from_file_location("workloads", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["workloads"] = module
    spec.loader.exec_module(module)
    return module


def test_every_workload_has_simulators_and_they_have_scripts(workloads: Any) -> None:
    described = [work.name for work in (*workloads.WORKLOADS, *workloads.MEMORIES)]
    assert described == list(peers.WORKLOADS)
    for workload, simulators in peers.WORKLOADS.items():
        for simulator in simulators:
            command = peers._command(simulator, workload, 1, 1, quick=False)
            assert Path(command[1]).is_file()


def test_small_forms_keep_the_number_of_inputs_a_cell(workloads: Any) -> None:
    for work in workloads.WORKLOADS:
        small = workloads.workload(work.name, quick=True)
        assert small.steps < work.steps
        assert small.cells * small.probability == pytest.approx(work.cells * work.probability)
    assert workloads.memory("ca3-256x512", quick=True).operations == workloads.QUICK_OPERATIONS


@pytest.mark.parametrize(
    ("simulator", "extra"), [("brian2", "peers"), ("nest", "peers"), ("numba", "numba")]
)
def test_what_is_not_installed_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, simulator: str, extra: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert peers.missing(simulator) == f"not installed: pip install 'neuro-spiking[{extra}]'"


def test_without_a_compiler_our_engine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CBackend, "unavailable", lambda self: "no C compiler was found")
    assert peers.missing("neuro") == "no C compiler was found"
    assert peers.missing("reference") == ""


def test_the_c_programs_are_found_beside_the_checkout_or_where_one_says(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "give their folder with --limit or NEURO_LIMIT" in peers.missing("limit")
    beside = tmp_path / "shared" / "trials" / "limit"
    elsewhere = tmp_path / "programs"
    for place in (beside, elsewhere):
        place.mkdir(parents=True)
        (place / "cuba.c").write_text("")
    assert peers.limit_folder() == beside
    monkeypatch.setenv("NEURO_LIMIT", str(elsewhere))
    assert peers.limit_folder() == elsewhere
    assert peers.missing("limit") == ""


def test_the_last_line_is_the_measurement(scripts: Path) -> None:
    (scripts / "run_nest.py").write_text(
        """
import json, os, sys
print("a banner")
assert not os.listdir(os.environ["NEURO_CACHE_DIR"])
given = {"build": 1, "run": 2, "rate": 3, "memory": 4, "own_memory": 5}
print(json.dumps({**given, "version": " ".join(sys.argv[1:])}))
"""
    )
    found = peers.measure("nest", "cuba-4k", seed=7, threads=2, quick=True)
    assert (found.build, found.run, found.operations) == (1, 2, 0)
    assert found.version == "cuba-4k --seed 7 --threads 2 --quick"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise ValueError('too small')", "failed: ValueError: too small"),
        ("", "failed: no output"),
    ],
)
def test_a_script_that_fails_is_named_with_its_last_words(
    scripts: Path, script: str, words: str
) -> None:
    (scripts / "run_nest.py").write_text(script)
    with pytest.raises(peers.PeerFailed) as caught:
        peers.measure("nest", "cuba-4k")
    assert caught.value.where == "NEST on cuba-4k"
    assert caught.value.what == words


def test_a_script_that_hangs_is_given_up(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "TIMEOUT", 0.2)
    (scripts / "run_nest.py").write_text("import time; time.sleep(60)")
    with pytest.raises(peers.PeerFailed, match=r"took longer than 0\.2 s"):
        peers.measure("nest", "cuba-4k")


def test_c_and_interpreter_fire_alike_on_a_real_memory() -> None:
    found = {
        name: peers.measure(name, "ca3-256x512", quick=True) for name in ("neuro", "reference")
    }
    assert found["neuro"].rate == found["reference"].rate > 0
    for measurement in found.values():
        assert measurement.operations == 20
        assert measurement.run > 0
        assert 0 < measurement.own_memory < measurement.memory < 1000
