"""NIR on every backend: the one-neuron experiment, the files of the data folder, and files of our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import neuro
from neuro.backends.registry import backend_names
from neuro.cli.app import app
from neuro.testing.one_neuron import DT, EXPECTED, INPUT, lif_graph, run, stimulus
from tests.formats.nir.graphs import Builder, add_cell, add_conv, add_dense, add_recurrence
from tests.formats.nir.test_files import FILES, load
from tests.formats.nir.test_files import stimulus as random_stimulus
from tests.formats.nir.test_page import part
from tests.formats.nir.wild import tree_of, write

REFUSED = {
    "lava": {"lava-cell", "number-format"},
    "spinnaker": {"cell", "tick"},
    "pynn:spinnaker": {"cell", "tick"},
    "pynn:nest": {"cell"},
    "pynn:neuron": {"cell"},
    "pynn:brian2": {"cell"},
    "pynn:mock": {"cell"},
}
"""Backends that have no such cell, and the rules that say so before anything runs."""

needs_unicorn = pytest.mark.skipif(
    find_spec("unicorn") is None, reason="needs unicorn: pip install 'neuro-spiking[mcu]'"
)


@pytest.mark.parametrize("backend", [name for name in backend_names() if name != "example"])
def test_the_one_neuron_on_every_backend(backend: str) -> None:
    """Its spikes, or the rules that refuse it; and the page says the same."""
    found = run(backend)
    if found.rules == ("unavailable",):
        pytest.skip(f"{backend} is not installed")
    if backend in REFUSED:
        assert set(found.rules) == REFUSED[backend]
    else:
        assert found.spikes == EXPECTED
    assert found.row in part("backends").splitlines()


def test_the_page_has_a_row_for_every_backend() -> None:
    rows = part("backends").splitlines()[2:]
    ours = set(backend_names()) - {"example"}
    assert {row.split("`")[1] for row in rows} == ours


def test_the_file_of_norse_is_the_graph_from_code(shared: Path) -> None:
    """So what holds for one on every backend holds for the other."""
    file = neuro.from_nir(shared / "nir" / "lif_norse.nir", profile="norse", dt=DT, name="x")
    assert file.network == neuro.from_nir(lif_graph(), profile="norse", dt=DT, name="x").network
    given = np.loadtxt(shared / "nir" / "lif_norse.csv", delimiter=",")[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(given), INPUT)


def accepted(network: Any, backends: list[str], **options: Any) -> list[str]:
    """Those that run `network`; what is refused says why."""
    taken = []
    for name in backends:
        given = options.get(name, {})
        errors = [f for f in neuro.check(network, name, options=given) if f.severity == "error"]
        assert all(finding.rule and len(finding.what) > 10 for finding in errors)
        taken += [] if errors else [name]
    return taken


@pytest.mark.parametrize("name", FILES)
def test_files_of_other_programs_run_alike_everywhere(shared: Path, name: str) -> None:
    model = load(shared, name)
    steps = 3 if name == "cnn_sinabs" else 20
    backends = accepted(model.network, ["c", "numba", "brian2", "cortex-m"])
    assert {"c", "numba"} <= set(backends)
    assert "cortex-m" in backends or find_spec("unicorn") is None  # an stm32f405, emulated
    found = neuro.verify(
        model.network,
        steps=steps,
        inputs=model.inputs(random_stimulus(model, steps)),
        backends=["reference", *backends],
    )
    assert found.identical, found


@needs_unicorn
@pytest.mark.parametrize("name", FILES)
def test_files_of_other_programs_go_onto_a_board_or_are_refused(
    shared: Path, tmp_path: Path, name: str
) -> None:
    """As a person would do it; the CNN is too large for the smallest board, with the numbers said."""
    given = FILES[name]
    path, dt = shared / "nir" / f"{name}.nir", given.get("dt")
    common = ["--profile", given["profile"], *(["--dt", str(dt)] if dt else [])]
    board = ("--target", "cortex-m", "--board", "microbit")
    checked = call("check", path, *common, *board, "--json")
    out = tmp_path / "firmware"
    made = call("export", path, *common, *board, "--out", out, "--steps", "5", "--json")
    assert made.exit_code == checked.exit_code
    if name == "cnn_sinabs":
        assert made.exit_code == 1
        assert "bytes of" in made.output
        assert not out.exists()
    else:
        assert made.exit_code == 0, made.output
        assert json.loads(made.stdout)["costs"] is not None
        assert list(out.glob("**/*.c"))


def call(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# Without the data folder ------------------------------------------------------------------------


def recurrent() -> Any:
    b = Builder((4,), np.random.default_rng(2))
    add_dense(b)
    add_cell(b, "LIF")
    add_recurrence(b)
    add_dense(b)
    add_cell(b, "IF")
    b.add("Output", shape=b.shape())
    return b.graph()


def convolutional() -> Any:
    b = Builder((2, 5, 5), np.random.default_rng(4))
    add_conv(b)
    add_cell(b, "LIF")
    add_dense(b)
    add_cell(b, "LIF")
    b.add("Output", shape=b.shape())
    return b.graph()


@needs_unicorn
@pytest.mark.parametrize("build", [recurrent, convolutional])
def test_files_of_our_own_run_alike_everywhere(tmp_path: Path, build: Callable[[], Any]) -> None:
    """Written with h5py, read, run on all engines and in the emulator of a Cortex-M4F."""
    path = write(tmp_path / "net.nir", tree_of(build()))
    model = neuro.from_nir(path, profile="norse", dt=2.0**-10)
    values = (np.random.default_rng(0).random((15, *model.shape("input"))) < 0.5).astype(float)
    found = neuro.verify(
        model.network,
        steps=15,
        inputs=model.inputs(values),
        backends=["reference", *accepted(model.network, ["c", "numba", "brian2", "cortex-m"])],
    )
    assert found.identical, found
    assert "cortex-m" in accepted(model.network, ["cortex-m"])


def test_the_neuron_as_a_person_would_check_and_run_it(tmp_path: Path) -> None:
    path = write(tmp_path / "lif.nir", tree_of(lif_graph()))
    np.savetxt(tmp_path / "in.csv", stimulus(), fmt="%d")
    norse = ("--profile", "norse", "--dt", "1e-4")
    checked = call("check", path, *norse, "--target", "cortex-m", "--board", "stm32f405", "--json")
    assert checked.exit_code == 0
    memory = json.loads(checked.stdout)["memory"]
    assert memory["ram"] < memory["ram_size"]
    refused = call("check", path, *norse, "--target", "lava", "--json")
    assert refused.exit_code == 1
    rules = {finding["rule"] for finding in json.loads(refused.stdout)["findings"]}
    assert REFUSED["lava"] <= rules
    out = tmp_path / "out"
    done = call("run", path, *norse, "--input", tmp_path / "in.csv", "--backend", "c", "--out", out)
    assert done.exit_code == 0, done.output
    model = neuro.from_nir(path, profile="norse", dt=1e-4)
    recording = model.align(neuro.Recording.load(out / "recording.h5"))
    assert tuple(recording.spikes[model.outputs["output"]].step) == EXPECTED


def test_a_file_too_large_for_a_board_is_refused_with_its_size(tmp_path: Path) -> None:
    b = Builder((400,), np.random.default_rng(0))
    b.add("Linear", weight=b.dyadic(900, 400))
    add_cell(b, "LIF")
    b.add("Output", shape=b.shape())
    path = write(tmp_path / "wide.nir", tree_of(b.graph()))
    norse, board = ("--profile", "norse", "--dt", "1e-3"), ("--board", "stm32f405")
    checked = call("check", path, *norse, "--target", "cortex-m", *board, "--json")
    assert checked.exit_code == 1
    errors = [f["what"] for f in json.loads(checked.stdout)["findings"] if f["severity"] == "error"]
    assert any("bytes of flash" in what and "stm32f405 has 1,048,576" in what for what in errors)
    exported = call("export", path, *norse, *board, "--out", tmp_path / "firmware")
    assert exported.exit_code == 1
    assert not (tmp_path / "firmware").exists()
