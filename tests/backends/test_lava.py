"""Lava's fixed-point simulator computes what our engines compute, and may die at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.lava import LavaBackend
from neuro.backends.lava.engine import LavaEngine
from neuro.backends.lava.environment import Environment
from neuro.errors import DeviceError, ParameterError, UnsupportedError
from neuro.models import CA3Memory
from neuro.models.ca3.operations import Operation
from tests.backends.lava import lava, random_network
from tests.conftest import ROOT
from tests.networks import LIBRARY_CELLS, add_standard_projections

__all__ = ["lava"]
pytestmark = pytest.mark.usefixtures("lava")
STEPS = 110


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_u_v_and_spikes_equal_ours_in_every_step(sparse: bool) -> None:
    network, inputs = random_network(1 + sparse, sparse=sparse)
    assert neuro.check(network, "lava") == []
    result = neuro.verify(
        network, steps=STEPS, inputs=inputs, backends=["reference", "c", "lava"], progress=None
    )
    assert result.identical, result.divergences
    recording = neuro.simulate(network, STEPS, inputs=inputs, backend="c")
    counts = {name: len(spikes) for name, spikes in recording.spikes.items()}
    assert all(count > 20 for count in counts.values()), counts


def test_quantised_cells_of_the_library_run_as_ours_do() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="library", seed=3)
    noise = net.population(10, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    for name in ("IF_curr_exp spinnaker", "IF_curr_delta", "LIF value"):
        make, weight = LIBRARY_CELLS[name]
        cells = net.population(10, make(), label=name.replace(" ", "-"))
        add_standard_projections(net, noise, cells, weight)
    made = neuro.to_loihi(net.build(), steps=60, refractory="drop")
    assert neuro.check(made.network, "lava") == []
    ours, theirs = (neuro.simulate(made.network, 60, backend=b) for b in ("c", "lava"))
    for name, spikes in ours.spikes.items():
        assert len(spikes) > 10, name
        assert np.array_equal(spikes.step, theirs.spikes[name].step), name
        assert np.array_equal(spikes.index, theirs.spikes[name].index), name


def test_long_calls_float64_and_probes_give_the_same(tmp_path: Path) -> None:
    network, inputs = random_network(3, sparse=True, format=neuro.FLOAT64)
    probe = neuro.ir.network.Probe(target="first", variable="v", every=25)
    spikes = [neuro.ir.network.Probe(target=name) for name in network.sources]
    network = replace(network, probes=(probe, *spikes))
    ours, theirs = (
        neuro.simulate(network, 150, inputs=inputs, backend=b) for b in ("reference", "lava")
    )
    for name, found in ours.spikes.items():
        assert np.array_equal(found.step, theirs.spikes[name].step)
        assert np.array_equal(found.index, theirs.spikes[name].index)
    v = [r.traces["first"]["v"] for r in (ours, theirs)]
    assert v[0].step.tolist() == v[1].step.tolist() == [0, 25, 50, 75, 100, 125]
    assert np.array_equal(v[0].values, v[1].values)
    assert theirs.provenance.device == "emulated"
    assert theirs.provenance.engine["lava-nc"] == "0.10.0"


def test_a_run_goes_on_here_and_there(tmp_path: Path) -> None:
    network, inputs = random_network(4, sparse=False)
    with neuro.Session(network, backend="c") as c, neuro.Session(network, backend="lava") as lava_:
        c.run(40, inputs=inputs)
        lava_.restore(c.snapshot())
        lava_.run(40)
        c.run(40)
        assert_same(c.snapshot(), lava_.snapshot())
        c.restore(lava_.snapshot())
        lava_.write("first", "v", 64.0)
        c.write("first", "v", 64.0)
        lava_.run(10)
        c.run(10)
        assert_same(c.snapshot(), lava_.snapshot())
        name = network.projections[0].name
        off = lava_.read(name) + 0.5
        with pytest.raises(ParameterError, match="8-bit mantissas"):
            lava_.write(name, "w", off)


def assert_same(expected: dict[str, Any], found: dict[str, Any]) -> None:
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        assert np.array_equal(array, found[name]), name


def test_the_ca3_memory_recalls_what_it_was_taught_elsewhere() -> None:
    taught = {0: {0, 1, 8, 9}, 3: {1, 3, 4, 8}, 4: {1, 5, 6}}
    memory = CA3Memory(cues=5, content=10)
    with memory.open(backend="c") as session:
        for cue, content in taught.items():
            session.learn(cue, content)
        names = ("S1Cue_to_S1Cont", "S2Cont_to_S2Cue")
        learnt = {name: session.session.read(name) for name in names}
    asked = [Operation(kind="recall_cue", cue=3, step=1)]
    asked += [Operation(kind="recall_content", content=frozenset({8}), step=21)]
    inputs = memory.inputs(asked)
    frozen = neuro.freeze(memory.network, learnt)
    made = neuro.to_loihi(frozen, steps=40, inputs=inputs, refractory="drop")
    assert made.report.changed == 0
    with neuro.Session(memory.network, backend="c") as session:
        for name, weights in learnt.items():
            session.write(name, "w", weights)
        expected = session.run(40, inputs=inputs)
    found = neuro.simulate(made.network, 40, inputs=inputs, backend="lava")
    for name, spikes in expected.spikes.items():
        assert np.array_equal(spikes.step, found.spikes[name].step), name
        assert np.array_equal(spikes.index, found.spikes[name].index), name
    assert [operation.answer(found) for operation in asked] == [{1, 3, 4, 8}, {0, 3}]


def session_of(network: Any) -> tuple[neuro.Session, LavaEngine]:
    session = neuro.Session(network, backend="lava")
    engine = session.engine
    assert isinstance(engine, LavaEngine)
    return session, engine


def test_a_killed_process_is_an_error_that_says_so_and_leaves_nothing() -> None:
    network, inputs = random_network(5, sparse=False)
    session, engine = session_of(network)
    session.run(5, inputs=inputs)
    process, place = engine.process, engine.place
    os.kill(process.pid, signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r"Lava's process ended \(signal 9\)"):
        session.run(5)
    assert time.monotonic() - start < 15
    session.close()
    assert not place.exists()
    assert not members(process.pid)


def members(group: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def shared_memory() -> set[str]:
    place = Path("/dev/shm")
    return {entry.name for entry in place.iterdir()} if place.is_dir() else set()


def test_a_process_that_hangs_is_ended_after_the_timeout() -> None:
    network, _ = random_network(6, sparse=True)
    before = shared_memory()
    session, engine = session_of(network)
    session.run(1)
    process = engine.process
    process.timeout = 1.0
    os.killpg(process.pid, signal.SIGSTOP)
    with pytest.raises(DeviceError, match=r"did not do 1 step within 1 s.*option 'timeout'"):
        session.run(5)
    session.close()
    assert not members(process.pid)
    assert not shared_memory() - before


ABANDON = """
import os, neuro
from tests.backends.lava import random_network

network, inputs = random_network(8, sparse=True)
session = neuro.Session(network, backend="lava")
session.run(3, inputs=inputs)
print(session.engine.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_lava_ends_with_the_process_that_it_works_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", ABANDON], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    group, end = int(done.stdout), time.monotonic() + 30
    while (members(group) or list(tmp_path.iterdir())) and time.monotonic() < end:
        time.sleep(0.2)
    assert not members(group)
    assert not list(tmp_path.iterdir())


def test_folders_with_spaces_and_umlauts_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "mit Leerzeichen und Ümlaut"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.chdir(place)
    network, inputs = random_network(7, sparse=True)
    ours, theirs = (neuro.simulate(network, 20, inputs=inputs, backend=b) for b in ("c", "lava"))
    for name, spikes in ours.spikes.items():
        assert np.array_equal(spikes.step, theirs.spikes[name].step)
    assert list(place.iterdir()) == []


def test_what_lava_refuses_to_build_is_told(lava: Environment, tmp_path: Path) -> None:
    from neuro.backends.lava.process import LavaProcess

    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(DeviceError, match=r"exit code 1\) when it was to start\. It said: .*Error"):
        LavaProcess(lava, tmp_path, timeout=60.0)


def test_an_unsuitable_network_does_not_start() -> None:
    memory = CA3Memory(cues=2, content=2)
    with pytest.raises(UnsupportedError, match="cannot run on 'lava'"):
        neuro.simulate(memory.network, 5, backend="lava")


def test_options() -> None:
    assert LavaBackend.Options().timeout == 120.0
    with pytest.raises(ParameterError, match="timeout: is 0"):
        LavaBackend.Options(timeout=0)
