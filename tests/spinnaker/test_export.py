"""The exported folder runs without neuro; machines that do not answer are told of soon."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.deploy.spinnaker import engine
from neuro.deploy.spinnaker.boards import load_spinnaker_board
from neuro.deploy.spinnaker.export import SpinnakerExport, export_spinnaker
from neuro.deploy.spinnaker.report import read_reports
from neuro.errors import DeviceError, StorageError, UnsupportedError
from tests.spinnaker.test_mapping import stdp_network

installed = pytest.mark.skipif(bool(missing(SPINNAKER)), reason=missing(SPINNAKER))

MACHINE = """
name = "lab"
summary = "a board that is not there"
target = "spinnaker"
version = 5
machine_name = "192.0.2.1"
"""
"""An address that is kept free for examples (RFC 5737)."""


def exported(out: Path, board: str = "spinn5", **given: Any) -> SpinnakerExport:
    return export_spinnaker(stdp_network(64), load_spinnaker_board(board), out, steps=20, **given)


def run_alone(folder: Path, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script where neuro cannot be imported, with a home and a working folder that are empty."""
    home, elsewhere, blocked = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "blocked"
    for place in (home, elsewhere, blocked / "neuro"):
        place.mkdir(parents=True)
    (blocked / "neuro" / "__init__.py").write_text("raise ImportError('neuro is not here')")
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(blocked)}
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(folder / "run.py"), *options],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_folder_is_complete(tmp_path: Path) -> None:
    made = exported(tmp_path / "a b ü")
    names = {str(p.relative_to(made.folder)) for p in made.folder.rglob("*") if p.is_file()}
    assert names == {
        "README.md",
        "network.json",
        "network.npz",
        "neuro-export.json",
        "pynn_network.py",
        "run.py",
        "spynnaker.cfg",
        "virtual/spynnaker.cfg",
    }
    assert "Name your machine" in (made.folder / "spynnaker.cfg").read_text()
    assert "--calibrate" in (made.folder / "README.md").read_text()
    assert made.prediction.cores == 3
    assert {f.rule for f in made.findings} >= {"noise", "number-format"}


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="not empty"):
        exported(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    exported(tmp_path, force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(20_000, neuro.IF_curr_exp(), label="many")
    with pytest.raises(UnsupportedError, match="79 cores"):
        export_spinnaker(net.build(), load_spinnaker_board("spinn3"), tmp_path / "out", steps=10)
    assert not (tmp_path / "out").exists()


@installed
def test_it_maps_without_neuro(tmp_path: Path) -> None:
    made = exported(tmp_path / "a b ü")
    done = run_alone(made.folder, tmp_path, "--virtual")
    assert done.returncode == 0, done.stderr
    assert "placed and routed; nothing ran" in done.stdout
    assert not list((tmp_path / "home").iterdir())
    assert not list((tmp_path / "elsewhere").iterdir())
    with np.load(made.folder / "results.npz") as found:
        assert set(found) == {"weights/plastic", "weights/near", "weights/far"}
        np.testing.assert_array_equal(found["weights/far"], 0.5)
    compare_with_files(made.folder / "virtual")


def compare_with_files(folder: Path) -> None:
    """The totals of the report are those that sPyNNaker sums up itself, in other files and lines."""
    report = read_reports(folder, board="spinn5", steps=20, versions={})
    run = next((folder / "reports").glob("*/run_1"))
    summary = (run / "routing_summary.rpt").read_text()
    assert f"Total entries {report.entries}, " in summary
    planned = (run / "chip_sdram_usage_by_core.rpt").read_text().split("Planned by partitioner")[1]
    totals = re.findall(
        r"Chip: \((\d+), (\d+)\) has total memory usage .*? \((\d+) bytes\)", planned
    )
    assert len(totals) >= 48
    for x, y, used in totals[:48]:
        mine = [core.sdram for core in report.cores if (core.x, core.y) == (int(x), int(y))]
        assert sum(mine) == int(used)
    placed = (run / "placement_by_core_using_graph.rpt").read_text()
    assert len(re.findall(r"^  Processor \d+: Vertex:", placed, re.MULTILINE)) == len(report.placed)
    assert all(core.population in placed for core in report.placed)


@installed
def test_the_calibration_maps(tmp_path: Path) -> None:
    made = exported(tmp_path / "out")
    done = run_alone(made.folder, tmp_path, "--virtual", "--calibrate")
    assert done.returncode == 0, done.stderr
    assert "weight 0.5000 after the pairing" in done.stdout
    assert "0.6575 if amplitudes are absolute" in done.stdout
    assert "nothing ran" in done.stdout


def test_a_folder_without_a_machine_says_so(tmp_path: Path) -> None:
    done = run_alone(exported(tmp_path / "out").folder, tmp_path)
    assert done.returncode == 1
    assert "set machine_name or spalloc_server, or use --virtual" in done.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("machine_name = no-such-machine.invalid", "There is no machine called"),
        ("spalloc_server = 127.0.0.1\nspalloc_user = me", "does not answer"),
    ],
)
def test_a_machine_that_is_not_there(tmp_path: Path, setting: str, words: str) -> None:
    folder = exported(tmp_path / "out").folder
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    config = f"[Machine]\nversion = 5\n{setting}\n"
    (folder / "spynnaker.cfg").write_text(config)
    start = time.monotonic()
    done = run_alone(folder, tmp_path)
    assert time.monotonic() - start < 30
    assert done.returncode == 1
    assert words in done.stderr
    after = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    assert after == {**before, "spynnaker.cfg": config.encode()}


@installed
def test_a_run_on_a_machine_that_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(MACHINE)
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r"192\.0\.2\.1"):
        neuro.simulate(stdp_network(64), 20, backend="spinnaker", options={"board": str(path)})
    assert time.monotonic() - start < 30


@installed
def test_a_recording_from_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a machine that is a stand-in for the exported script: spikes, samples and weights."""
    network = stdp_network(64)
    path = tmp_path / "lab.toml"
    path.write_text(MACHINE)

    def answer(script: Path, arguments: list[str], folder: Path, **more: Any) -> str:
        assert script.read_text() == (folder / "run.py").read_text()
        assert arguments == []
        assert "machine_name = 192.0.2.1" in (folder / "spynnaker.cfg").read_text()
        found: dict[str, Any] = {"weights/plastic": np.full(52, 0.25)}
        for name in ("noise", "E", "I"):
            found[f"spikes/{name}/step"] = np.array([2, 12])
            found[f"spikes/{name}/index"] = np.array([0, 1])
        np.savez(folder / "results.npz", **found)
        return ""

    monkeypatch.setattr(engine, "run_script", answer)
    with neuro.Session(network, backend="spinnaker", options={"board": str(path)}) as session:
        first, second = session.run(10), session.run(10)
        assert session.read("plastic") == pytest.approx(np.full(52, 0.25e-9))
    assert first.provenance.device == "device"
    assert first.provenance.engine["board"] == "lab"
    assert first.spikes["E"].step.tolist() == [2]
    assert second.spikes["noise"].step.tolist() == [12]
