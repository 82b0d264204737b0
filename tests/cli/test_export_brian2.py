"""A network exported as a Brian2 script gives the same spikes, run by someone without neuro."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import neuro
from neuro.deploy.brian2_project import export_brian2
from neuro.errors import StorageError, UnsupportedError
from neuro.testing.conformance import Result as Spikes
from neuro.testing.conformance import fixed_case, memory_case, reference
from neuro.testing.library import cell_case
from tests.conftest import needs_brian2

WITHOUT_NEURO = """
import runpy, sys
sys.modules["neuro"] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def run(folder: Path) -> dict[str, np.ndarray]:
    """Run the script in a process in which neuro cannot be imported; its spikes."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_NEURO, str(folder / "run.py")],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with np.load(folder / "spikes.npz") as file:
        found = dict(file)
    for name in {key.partition("/")[0] for key in found}:
        assert f"{name}: {len(found[f'{name}/step'])} spikes" in done.stdout
    return found


def assert_same(expected: Spikes, found: dict[str, np.ndarray]) -> None:
    assert sum(map(len, expected.spikes.values())) > 20
    for name, data in expected.spikes.items():
        np.testing.assert_array_equal(found[f"{name}/step"], data.step)
        np.testing.assert_array_equal(found[f"{name}/index"], data.index)


@needs_brian2
def test_a_random_network_with_everything(tmp_path: Path) -> None:
    case, folder = fixed_case(3), tmp_path / "random network é"
    export_brian2(case.network, folder, steps=case.steps, inputs=case.inputs, seed=case.seed)
    assert_same(reference(case), run(folder))


@needs_brian2
def test_the_memory_from_the_command_line(call: Callable[..., Result], tmp_path: Path) -> None:
    arguments = ("--protocol", "map", "--target", "brian2", "--out", "exported", "--json")
    result = call("export", "ca3-memory", *arguments)
    assert result.exit_code == 0, result.output
    files = {Path(name).name for name in json.loads(result.stdout)["files"]}
    assert files == {"run.py", "arrays.npz", "network.txt", "README.md"}
    assert {p.name for p in tmp_path.iterdir()} == {"exported"}
    assert_same(reference(memory_case("map")), run(tmp_path / "exported"))


def test_it_is_written_where_brian2_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brian2", None)
    files = export_brian2(cell_case("AdEx").network, tmp_path / "out", steps=3)
    text = files[0].read_text()
    compile(text, "run.py", "exec")
    assert "def nr_exp(x)" in text


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    network = cell_case("LIF value").network
    with pytest.raises(StorageError, match="not empty"):
        export_brian2(network, tmp_path, steps=3)
    export_brian2(network, tmp_path, steps=3, force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_fixed_point_is_refused(call: Callable[..., Result], tmp_path: Path) -> None:
    network = cell_case("LIF value", neuro.fixed_point(7, 24)).network
    with pytest.raises(UnsupportedError, match="fixed point"):
        export_brian2(network, tmp_path / "out", steps=3)
    assert not (tmp_path / "out").exists()


def test_an_unknown_target_offers_the_nearest(call: Callable[..., Result]) -> None:
    result = call("export", "ca3-memory", "--target", "brain2", "--out", "out")
    assert result.exit_code == 2
    assert "Did you mean 'brian2'?" in " ".join(result.output.split())


def test_a_board_is_needed_for_c_only(call: Callable[..., Result]) -> None:
    result = call("export", "ca3-memory", "--out", "out")
    assert result.exit_code == 2
    assert "--board" in result.output
