"""``neuro run``: tables, files, options, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import neuro
from neuro.simulation import progress
from tests.cli.conftest import words

Call = Callable[..., Result]

OUTPUTS = ["network.txt", "raster.png", "recording.h5"]


def spikes(folder: Path) -> list[list[int]]:
    """Steps and cells of what the run in `folder` recorded."""
    data = neuro.Recording.load(folder / "recording.h5").spikes["cells"]
    return [data.step.tolist(), data.index.tolist()]


def names(folder: Path) -> list[str]:
    """What lies in `folder`."""
    return sorted(path.name for path in folder.iterdir())


def test_the_demo_prints_its_table_and_writes_three_files(call: Call, tmp_path: Path) -> None:
    result = call("run", "ca3-memory")
    assert result.exit_code == 0
    assert "9 of 9 operations right" in words(result.stdout)
    assert all(f"wrote out/{name}" in result.stdout for name in OUTPUTS)
    assert names(tmp_path / "out") == OUTPUTS


def test_json_holds_report_provenance_steps_and_files(call: Call) -> None:
    result = call("run", "ca3-memory", "-p", "functional", "-b", "reference", "--json")
    found = json.loads(result.stdout)
    assert set(found) == {"report", "provenance", "steps", "files"}
    assert set(found["report"]) == {"title", "columns", "rows", "passed", "notes"}
    assert found["report"]["passed"] is True
    assert found["steps"] == 90
    assert found["provenance"]["backend"] == "reference"
    assert found["files"] == ["out/recording.h5", "out/raster.png", "out/network.txt"]


@pytest.mark.parametrize("how", ["folder", "file"])
def test_a_model_of_ones_own_is_run_by_path(call: Call, own_model: Path, how: str) -> None:
    path = own_model if how == "folder" else own_model / "model.toml"
    found = json.loads(call("run", path, "--json").stdout)
    assert (found["report"]["title"], found["steps"]) == ("Own", 50)


def test_a_network_file_runs_like_the_model_it_came_from(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    call("run", own_model, "--seed", 5, "--out", "a")
    call("run", tmp_path / "a" / "network.txt", "--seed", 5, "--steps", 50, "--out", "b")
    assert spikes(tmp_path / "a") == spikes(tmp_path / "b")
    assert spikes(tmp_path / "a")[0]


def test_protocol_steps_and_parameters_change_the_run(call: Call, own_model: Path) -> None:
    def run(*options: str) -> tuple[int, int]:
        found = json.loads(call("run", own_model, "--json", *options).stdout)
        return found["steps"], int(found["report"]["rows"][0][1])

    steps, count = run()
    assert steps == 50
    assert count > 0
    assert run("--protocol", "long")[0] == 400
    assert run("--steps", "7")[0] == 7
    assert run("--set", "rate=0.0") == (50, 0)


def test_the_seed_decides_the_noise_on_every_backend(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    for folder, backend, seed in (("a", "c", 1), ("b", "reference", 1), ("c", "numba", 2)):
        options = ("--backend", backend, "--seed", seed, "--out", folder)
        assert call("run", own_model, *options).exit_code == 0
        provenance = neuro.Recording.load(tmp_path / folder / "recording.h5").provenance
        assert (provenance.backend, provenance.seed) == (backend, seed)
    assert spikes(tmp_path / "a") == spikes(tmp_path / "b")
    assert spikes(tmp_path / "a") != spikes(tmp_path / "c")


def test_a_wrong_answer_is_1(call: Call, own_model: Path, tmp_path: Path) -> None:
    result = call("run", own_model, "--set", "right=false")
    assert result.exit_code == 1
    assert names(tmp_path / "out") == OUTPUTS


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["ca3-memroy"], "there is no model 'ca3-memroy'. Did you mean 'ca3-memory'? Or give a path."),
        (["ca3-memory", "-b", "refrence"], "Did you mean 'reference'?"),
        (["ca3-memory", "-b", "c", "--option", "thread=2"], "Did you mean 'threads'?"),
        (["ca3-memory", "-p", "dmo"], "Did you mean 'demo'?"),
        (["ca3-memory", "--set", "cues=0"], "cues: is 0."),
        (["ca3-memory", "--steps", "-1"], "steps: is -1."),
        (["ca3-memory", "--seed", "-1"], "seed: is -1."),
        (["missing.txt", "--steps", "5"], "missing.txt"),
        (["missing.txt"], "Give --steps."),
        (["missing.h5", "--steps", "5", "--set", "a=1"], "no protocols or parameters"),
    ],
)  # fmt: skip
def test_wrong_use_is_2_and_writes_nothing(
    call: Call, tmp_path: Path, arguments: list[str], text: str
) -> None:
    result = call("run", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert text in words(result.stderr)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("builder", "text"),
    [
        ("def build(", "build.py: cannot be imported: SyntaxError: '(' was never closed"),
        (
            "def build(parameters, settings):\n    return 1 / 0",
            "the builder failed: build.py, line 2: ZeroDivisionError: division by zero.",
        ),
        ("def make(): pass", "there is no 'build'"),
    ],
)
def test_a_broken_model_of_ones_own_names_file_and_line(
    call: Call, own_model: Path, builder: str, text: str
) -> None:
    (own_model / "build.py").write_text(builder)
    result = call("run", own_model)
    assert result.exit_code == 2
    assert text in words(result.stderr)


@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_a_place_that_cannot_be_written_is_2(
    call: Call, tmp_path: Path, stream: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    result = call("run", "ca3-memory", "--backend", "reference", "--out", "file/x", *stream)
    assert result.exit_code == 2
    assert "file/x/recording.h5: could not be written: Not a directory." in words(result.stderr)


@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_every_file_is_written_beside_its_place_and_renamed(
    call: Call, own_model: Path, monkeypatch: pytest.MonkeyPatch, stream: tuple[str, ...]
) -> None:
    renamed: dict[str, str] = {}
    replace = Path.replace

    def watch(self: Path, target: Path) -> Path:
        assert self.parent == target.parent
        renamed[target.name] = self.name
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    assert call("run", own_model, *stream).exit_code == 0
    assert set(OUTPUTS) <= set(renamed)
    assert all(before not in OUTPUTS for before in renamed.values())


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / "network.txt").mkdir(parents=True)
    result = call("run", own_model)
    assert result.exit_code == 2
    assert "out/network.txt: could not be written: Is a directory." in words(result.stderr)
    assert names(tmp_path / "out") == OUTPUTS


def test_progress_is_silent_where_there_is_no_terminal(
    call: Call, own_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    assert call("run", own_model, "--backend", "reference", "--steps", 300).stderr == ""


def test_state_samples_are_saved_too(call: Call, own_model: Path, tmp_path: Path) -> None:
    call("run", own_model, "--backend", "reference")
    trace = neuro.Recording.load(tmp_path / "out" / "recording.h5").trace_data("cells", "v")
    assert trace.values.shape == (50, 20)
    assert np.ptp(trace.values) > 0


def test_metrics_have_neurobench_s_names(call: Call, own_model: Path) -> None:
    result = call("run", own_model, "--metrics", "--backend", "reference", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["metrics"]
    # The first step counts all 20 membranes, and none changes more than once in each of 49 more.
    assert 20 <= found["MembraneUpdates"] <= 20 * 50
    assert found["ConnectionSparsity"] == 0
    assert 0 < found["ActivationSparsity"] < 1
    assert found["SynapticOperations"]["Dense"] == 20 * 50
    assert 0 < found["SynapticOperations"]["Effective_ACs"] < 20 * 50
    shown = call("run", own_model, "--metrics", "--backend", "reference")
    assert "SynapticOperations Effective_ACs" in words(shown.stdout)


def test_metrics_of_a_streamed_run_are_refused(call: Call, own_model: Path) -> None:
    result = call("run", own_model, "--metrics", "--stream")
    assert result.exit_code == 2
    assert "needs the recording in memory" in words(result.stderr)
