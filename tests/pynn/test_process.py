"""Simulators run in processes of their own: nothing leaks, and failures end in a sentence."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import neuro
from neuro.backends.pynn import mechanisms
from neuro.backends.pynn.backend import has_mpi
from neuro.backends.pynn.process import private_folder, run_script
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import MOCK, NEST, SPINNAKER, Simulator
from neuro.errors import CompilerError, DeviceError, ParameterError, UnsupportedError

with_nest = pytest.mark.skipif(bool(missing(NEST)), reason=missing(NEST))
with_mock = pytest.mark.skipif(bool(missing(MOCK)), reason=missing(MOCK))
with_spinnaker = pytest.mark.skipif(bool(missing(SPINNAKER)), reason=missing(SPINNAKER))


def network(dt: float = 1.0, cell: neuro.Cell | None = None) -> neuro.Network:
    net = neuro.NetworkBuilder(dt=dt, format=neuro.FLOAT64)
    source = net.population(3, neuro.SpikeSourceArray(), label="source")
    delta = neuro.IF_curr_delta(tau_refrac=1.0)
    cells = net.population(3, cell or delta, label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=20.0))
    return net.build()


INPUTS = {"source": ([0, 3, 3], [0, 1, 2])}


@pytest.fixture
def empty_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """A home and a working folder, which stay empty."""
    places = [tmp_path / "home", tmp_path / "here"]
    for place in places:
        place.mkdir()
    monkeypatch.setenv("HOME", str(places[0]))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(places[1])
    yield places
    assert [list(place.iterdir()) for place in places] == [[], []]


def script(folder: Path, text: str) -> Path:
    path = folder / "script.py"
    path.write_text(text)
    return path


def test_a_script_that_hangs_is_stopped_with_its_children() -> None:
    text = (
        "import subprocess, sys, time; print('begun', flush=True)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "time.sleep(60)"
    )
    start = time.monotonic()
    with private_folder() as folder, pytest.raises(DeviceError) as caught:
        run_script(script(folder, text), [], folder, where="it", timeout=1.0)
    assert time.monotonic() - start < 20
    assert "did not end within 1 s" in str(caught.value)
    assert "begun" in str(caught.value)


def test_a_script_that_fails_shows_its_last_lines() -> None:
    with private_folder() as folder, pytest.raises(DeviceError, match="ValueError: no good") as e:
        run_script(
            script(folder, "raise ValueError('no good')"), [], folder, where="it", timeout=60
        )
    assert e.value.where == "it"


def test_a_script_that_is_killed() -> None:
    text = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with private_folder() as folder, pytest.raises(DeviceError, match="exit code -9"):
        run_script(script(folder, text), [], folder, where="it", timeout=60)


def test_it_has_a_home_of_its_own(empty_places: list[Path]) -> None:
    text = "from pathlib import Path; (Path.home() / 'x').touch(); Path('y').touch(); print('ok')"
    with private_folder() as folder:
        assert run_script(script(folder, text), [], folder, where="it", timeout=60) == "ok\n"
        assert (folder / "home" / "x").exists()
        assert (folder / "y").exists()
    assert not folder.exists()


@with_nest
def test_nest_leaves_nothing_behind(empty_places: list[Path]) -> None:
    found = neuro.simulate(network(), 8, inputs=INPUTS, backend="pynn:nest", progress=None)
    assert found.spikes["cells"].step.tolist() == [1, 4, 4]
    assert found.provenance.engine["simulator"] == "NEST"


@with_spinnaker
def test_spinnaker_leaves_nothing_behind_and_invents_no_spikes(empty_places: list[Path]) -> None:
    wired = network(cell=neuro.IF_curr_exp(scheme="spinnaker"))
    found = neuro.simulate(
        wired,
        8,
        inputs=INPUTS,
        backend="spinnaker",
        options={"board": "spinn3"},
        progress=None,
    )
    assert found.provenance.device == "mapping only"
    assert found.spikes == {}
    assert found.provenance.engine["cores"] == "2"
    with pytest.raises(ParameterError, match="runs nothing"):
        neuro.verify(wired, steps=5, backends=["reference", "spinnaker"], progress=None)


@with_nest
def test_two_backends_after_one_another_and_at_once() -> None:
    """Another step and another network in between change nothing."""
    with (
        neuro.Session(network(), backend="pynn:nest") as one,
        neuro.Session(network(dt=0.5), backend="pynn:nest") as two,
    ):
        spikes = [s.run(6, inputs=INPUTS).spikes["cells"].step.tolist() for s in (one, two, one)]
    assert spikes == [[1, 4, 4], [1, 4, 4], [7, 10, 10]]


@with_mock
def test_the_mock_builds_and_records_nothing() -> None:
    found = neuro.simulate(
        network(cell=neuro.IF_curr_exp()), 8, inputs=INPUTS, backend="pynn:mock", progress=None
    )
    assert found.spikes == {}
    assert found.provenance.device == "mapping only"


@with_nest
def test_more_processes_need_mpi() -> None:
    findings = neuro.check(network(), "pynn:nest", options={"processes": 4})
    found = [f for f in findings if f.rule == "mpi"]
    if has_mpi():
        assert not found
        return
    assert "built without MPI" in found[0].what
    assert "conda" in found[0].hint
    with pytest.raises(UnsupportedError, match="MPI"):
        neuro.simulate(network(), 5, backend="pynn:nest", options={"processes": 4})


@with_nest
def test_what_a_simulator_does_not_give_out() -> None:
    with neuro.Session(network(), backend="pynn:nest") as session:
        session.run(3, inputs=INPUTS)
        assert session.read("source_to_cells").tolist() == pytest.approx([0.02] * 3)
        for attempt in (session.snapshot, lambda: session.read("cells", "v")):
            with pytest.raises(UnsupportedError, match="through PyNN"):
                attempt()


@with_nest
def test_streamed_runs_are_refused(tmp_path: Path) -> None:
    from neuro.simulation.run import simulate_to_file

    with pytest.raises(ParameterError, match="cannot be stopped and resumed"):
        simulate_to_file(tmp_path / "r.h5", network(), 5, backend="pynn:nest", progress=None)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from neuro.backends.pynn.backend import NestBackend

    lacking: Simulator = replace(NEST, packages={"no_such_module": "no-such==1.0"})
    monkeypatch.setattr(NestBackend, "simulator", lacking)
    backend = NestBackend()
    finding = backend.check(network(), NestBackend.Options())[0]
    assert (finding.severity, finding.rule) == ("error", "unavailable")
    assert "pip install 'no-such==1.0'" in finding.hint
    assert "no_such_module" in backend.unavailable()


def test_mechanisms_are_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a compiler that only leaves a mark."""
    if missing(MOCK):
        pytest.skip(missing(MOCK))
    monkeypatch.setenv("NEURO_CACHE_DIR", str(tmp_path / "cache ü"))
    monkeypatch.setattr(mechanisms.importlib.metadata, "version", lambda name: "1.0")
    program = tmp_path / "nrnivmodl"
    program.write_text("#!/bin/sh\necho run >> compiled.txt\n")
    program.chmod(0o755)
    monkeypatch.setattr(mechanisms.shutil, "which", lambda name, path=None: str(program))
    place = mechanisms.compiled_pynn()
    assert mechanisms.compiled_pynn() == place
    assert (place / "pyNN" / "neuron" / "nmodl" / "compiled.txt").read_text() == "run\n"
    assert caplog.text.count("compiling NEURON's mechanisms") == 1
    program.write_text("#!/bin/sh\necho no compiler; exit 1\n")
    monkeypatch.setattr(mechanisms.importlib.metadata, "version", lambda name: "2.0")
    with pytest.raises(CompilerError, match="no compiler"):
        mechanisms.compiled_pynn()
    assert len(list((tmp_path / "cache ü").iterdir())) == 1
    assert os.environ["NEURO_CACHE_DIR"].endswith("ü")
