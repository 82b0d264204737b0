"""Another package's backend is found where it is installed, and can run our conformance suite."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neuro.testing.plugin import parse_unsupported
from tests.conftest import ROOT

EXAMPLE = ROOT / "tests" / "example_backend"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(tmp_path: Path) -> Run:
    """Run Python where the example package is installed."""
    site = tmp_path / "site packages é"
    shutil.copytree(EXAMPLE / "example_backend", site / "example_backend")
    info = site / "example_backend-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-backend\nVersion: 1.0\n")
    shutil.copy(EXAMPLE / "entry_points.txt", info)
    path = os.pathsep.join([str(site), str(ROOT)])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def suite(python: Run, tmp_path: Path, *arguments: str, unsupported: str = "") -> str:
    """What pytest says of the suite on the example."""
    ini = f"[pytest]\nneuro_backend = example\nneuro_networks = 4\nneuro_unsupported = {unsupported}\n"
    (tmp_path / "pytest.ini").write_text(ini)
    done = python(
        *("-m", "pytest", "-p", "neuro.testing.plugin", "-p", "no:cacheprovider"),
        *("-p", "no:nengo"),  # its plugin does not load in pytest 9
        *("--pyargs", "neuro.testing.test_conformance", "-q", "-rsxXf", *arguments),
    )
    return done.stdout + done.stderr


def test_it_is_listed_checked_and_run(python: Run, tmp_path: Path) -> None:
    done = python("-m", "neuro", "targets", "--json")
    names = [backend["name"] for backend in json.loads(done.stdout)["backends"]]
    assert "example" in names
    done = python("-m", "neuro", "check", "ca3-memory", "--target", "example")
    assert done.returncode == 0, done.stderr
    done = python(
        *("-m", "neuro", "run", "ca3-memory", "--backend", "example", "--refractory", "keep"),
        *("--steps", "20", "--out", str(tmp_path / "out"), "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenance"]["backend"] == "example"


def test_the_suite_tells_what_differs_and_what_is_refused(python: Run, tmp_path: Path) -> None:
    said = suite(python, tmp_path, "-k", "PHC or LIF-value or IF_curr_delta or network or map")
    assert "SKIPPED" in said
    assert "refused: graded" in said
    assert "FAILED" in said
    assert "test_conforms[cell/IF_curr_delta/float32]" in said
    assert "test_conforms[cell/PHC/float32]" not in said


def test_what_is_listed_as_unsupported_may_fail(python: Run, tmp_path: Path) -> None:
    said = suite(
        python,
        tmp_path,
        *("-k", "IF_curr_delta or (PHC and not adaptive)"),
        unsupported="cell/IF_curr_delta/*: no refractory periods",
    )
    assert "2 passed" in said
    assert "2 xfailed" in said
    assert "no refractory periods" in said


def test_what_is_listed_but_works_is_a_failure(python: Run, tmp_path: Path) -> None:
    said = suite(
        python,
        tmp_path,
        *("-k", "PHC and not adaptive"),
        unsupported="cell/PHC/float32: it was broken once",
    )
    assert "[XPASS(strict)] it was broken once" in said
    assert "1 failed" in said
    assert "1 passed" in said


def test_options_go_to_the_backend(python: Run, tmp_path: Path) -> None:
    said = suite(python, tmp_path, "-k", "IF_curr_delta", "--neuro-option", "refractory=keep")
    assert "2 passed" in said
    said = suite(python, tmp_path, "-k", "IF_curr_delta", "--neuro-option", "refractory=kep")
    assert "Give 'keep' or 'forget'." in said


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("cell/LIF value/*", "is not 'PATTERN: reason'"),
        ("cell/LIF value/*:", "is not 'PATTERN: reason'"),
        ("cell/nothing: why", "fits no case"),
    ],
)
def test_a_line_that_says_nothing_is_an_error(line: str, text: str) -> None:
    with pytest.raises(pytest.UsageError, match=text):
        parse_unsupported([line], ["cell/LIF value/float32"])
