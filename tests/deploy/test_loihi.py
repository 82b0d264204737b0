"""An exported Lava script runs without neuro and gives the spikes that neuro computed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import neuro
from neuro.backends.lava.environment import Environment
from neuro.deploy.loihi import export_lava
from neuro.errors import ParameterError, StorageError, UnsupportedError
from neuro.models import CA3Memory
from tests.backends.lava import lava, random_network

__all__ = ["lava"]


def run(environment: Environment, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script in an empty place, with nothing of ours on its path."""
    return subprocess.run(
        [str(environment.python), str(folder / "run.py")],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_the_script_gives_our_spikes_and_notices_others(lava: Environment, tmp_path: Path) -> None:
    network, inputs = random_network(11, sparse=True)
    out = tmp_path / "ein Ordner für Lava"
    export_lava(network, out, steps=60, inputs=inputs)
    done = run(lava, out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in 60 steps, 0 not as expected" in done.stdout
    with (out / "spikes.csv").open() as file:
        rows = [(int(r["step"]), r["population"], int(r["index"])) for r in csv.DictReader(file)]
    recording = neuro.simulate(network, 60, inputs=inputs, backend="c")
    ours = {
        (int(step), name, int(index))
        for name in ("first", "second", "alone")
        for step, index in zip(
            recording.spikes[name].step, recording.spikes[name].index, strict=True
        )
    }
    assert set(rows) == ours
    with np.load(out / "network.npz") as file_:
        arrays = dict(file_)
    arrays["expected/first"] = ~arrays["expected/first"]
    np.savez(out / "network.npz", **arrays)  # type: ignore[arg-type]
    done = run(lava, out)
    assert done.returncode == 1
    assert "1200 not as expected" in done.stdout


def test_the_folder_holds_what_is_needed_and_says_what_it_is(tmp_path: Path) -> None:
    network, inputs = random_network(12, sparse=False)
    out = tmp_path / "out"
    written = export_lava(network, out, steps=5, inputs=inputs)
    assert all(path.is_file() for path in written)
    names = {path.name for path in out.iterdir()}
    assert names == {
        *("README.md", "lava.txt", "lava_compat.py", "network.npz", "network.txt"),
        *("neuro-export.json", "requirements.txt", "run.py"),
    }
    script = (out / "run.py").read_text()
    assert "import neuro" not in script
    assert "from neuro" not in script
    assert len(script.splitlines()) < 220
    compile(script, "run.py", "exec")
    facts = json.loads((out / "neuro-export.json").read_text())
    assert facts["network_hash"] == network.content_hash
    assert neuro.load_network(out / "network.txt") == network
    with pytest.raises(StorageError, match="is not empty: it holds an earlier export"):
        export_lava(network, out, steps=5, inputs=inputs)
    before = (out / "network.npz").read_bytes()
    (out / "run.py").write_text("mine")
    export_lava(network, out, steps=5, inputs=inputs, force=True)
    assert (out / "run.py.before").read_text() == "mine"
    assert (out / "network.npz").read_bytes() == before


def test_what_lava_cannot_run_is_not_written(tmp_path: Path) -> None:
    memory = CA3Memory(cues=2, content=2)
    with pytest.raises(UnsupportedError, match="neuro quantise MODEL --to loihi"):
        export_lava(memory.network, tmp_path / "out", steps=5)
    network, _ = random_network(13, sparse=True)
    with pytest.raises(ParameterError, match="steps: is 0"):
        export_lava(network, tmp_path / "out", steps=0)
    assert not (tmp_path / "out").exists()
