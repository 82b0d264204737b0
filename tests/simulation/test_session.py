"""Sessions: state that stays between calls, is saved, and moves from engine to engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import (
    FileFormatError,
    ParameterError,
    SessionClosedError,
    UnknownNameError,
    VerificationError,
)
from neuro.recording.join import join
from neuro.simulation.verify import first_difference
from tests.recording.samples import assert_same
from tests.simulation.runs import plastic_network

ENGINES = ("reference", "c", "numba")
STEPS = 120


def driven_network() -> neuro.Network:
    """A source and a current, each with something declared, drive two cells."""
    net = neuro.NetworkBuilder(dt=1.0, name="driven")
    source = net.population(2, neuro.SpikeSourceArray([[5.0], [8.0]]), label="source")
    cells = net.population(2, neuro.IF_curr_exp(tau_refrac=1.0), label="cells")
    net.projection(
        source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=40.0), label="wires"
    )
    net.inject(neuro.StepCurrentSource([20.0], [0.1]), cells, label="current")
    cells.record(["spikes", "v"])
    return net.build()


@pytest.fixture(scope="module")
def end() -> Any:
    """The state after one long call on the reference."""
    with neuro.Session(plastic_network(), backend="reference") as session:
        session.run(STEPS)
        return session.snapshot()


@pytest.mark.parametrize("backend", ENGINES)
def test_step_by_step_is_the_same_as_one_long_call(backend: str, end: Any) -> None:
    network = plastic_network()
    with neuro.Session(network, backend=backend) as session:
        pieces = [session.run(1) for _ in range(STEPS)]
        difference = first_difference(end, session.snapshot(), STEPS)
    assert difference is None, str(difference)
    assert_same(join(pieces), neuro.simulate(network, STEPS, backend=backend))


@pytest.mark.parametrize("backend", ENGINES)
def test_a_checkpoint_goes_on_bit_for_bit_on_every_engine(
    backend: str, end: Any, tmp_path: Path
) -> None:
    with neuro.Session(plastic_network(), backend=backend) as session:
        session.run(47)
        path = session.save(tmp_path / "half.h5")
        session.run(5)  # what happens after saving does not matter
    for other in ENGINES:
        with neuro.Session(plastic_network(), backend=other) as session:
            session.run(3)
            session.load(path)
            assert session.step == 47
            session.run(STEPS - 47)
            difference = first_difference(end, session.snapshot(), STEPS)
            assert difference is None, f"{backend} to {other}: {difference}"


def test_a_run_is_handed_from_engine_to_engine(end: Any) -> None:
    with neuro.Session(plastic_network(), backend="reference") as session:
        snapshot = session.snapshot()
    for number in range(STEPS // 20):
        with neuro.Session(plastic_network(), backend=ENGINES[number % 3]) as session:
            session.restore(snapshot)
            session.run(20)
            snapshot = session.snapshot()
    difference = first_difference(end, snapshot, STEPS)
    assert difference is None, str(difference)


@pytest.mark.parametrize("backend", ENGINES)
def test_inputs_count_from_the_next_step_and_replace_the_declared(backend: str) -> None:
    with neuro.Session(driven_network(), backend=backend) as session:
        assert session.run(7).spikes["cells"].step.tolist() == [6]
        recording = session.run(5, inputs={"source": ([2, 2], [0, 1])})
        assert recording.first_step == 7
        assert recording.spikes["cells"].at(7 + 3) == {0, 1}


@pytest.mark.parametrize("backend", ENGINES)
def test_currents_count_from_the_next_step_too(backend: str) -> None:
    with neuro.Session(driven_network(), backend=backend) as session:
        session.run(2)
        v = session.run(3, inputs={"current": ([1], [1e-9])}).traces["cells"]["v"].in_unit()
    assert v[0] == pytest.approx([-65.0, -65.0])
    assert (v[1] > -64.5).all()
    assert (v[2] > v[1]).all()


@pytest.mark.parametrize("backend", ENGINES)
def test_what_is_written_is_read_and_acts(backend: str) -> None:
    with neuro.Session(driven_network(), backend=backend) as session:
        session.write("cells", "v", [-0.06, -0.07])
        np.testing.assert_allclose(session.read("cells", "v"), [-0.06, -0.07], rtol=1e-6)
        session.write("wires", "w", 0.0)
        assert session.read("wires").tolist() == [0.0, 0.0]
        assert len(session.run(15).spikes["cells"]) == 0


@pytest.mark.parametrize(
    ("do", "error", "words"),
    [
        (lambda s: s.read("cell", "v"), UnknownNameError, "'cell'. Did you mean 'cells'"),
        (lambda s: s.read("source", "v"), UnknownNameError, "no population or projection"),
        (lambda s: s.read("cells", "w"), UnknownNameError, "'cells': there is no variable 'w'"),
        (lambda s: s.read("wires", "v"), UnknownNameError, "there is no variable 'v'. Known: w"),
        (lambda s: s.write("cells", "v", [1, 2, 3]), ParameterError, r"has shape \(3,\)"),
        (lambda s: s.write("cells", "v", np.nan), ParameterError, "not finite"),
        (lambda s: s.run(3, inputs={"x": ([], [])}), UnknownNameError, "no input 'x'"),
        (lambda s: s.run(3, inputs={"source": ([0], [2])}), VerificationError, "source"),
        (lambda s: s.run(3, inputs={"source": 5}), ParameterError, "not a pair of arrays"),
        (lambda s: s.run(3, inputs={"current": [np.inf]}), ParameterError, "not finite"),
        (lambda s: s.run(-3), ParameterError, "is -3"),
    ],
)
@pytest.mark.parametrize("backend", ["reference", "c"])
def test_wrong_use_is_explained_and_does_no_harm(
    backend: str, do: Any, error: type[Exception], words: str
) -> None:
    with neuro.Session(driven_network(), backend=backend) as session:
        with pytest.raises(error, match=words):
            do(session)
        assert session.step == 0
        assert session.run(7).spikes["cells"].step.tolist() == [6]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("state/cells/v"), "lacks 'state/cells/v'"),
        (lambda s: s.update({"state/x/v": np.zeros(2)}), "has an unknown 'state/x/v'"),
        (lambda s: s.update({"state/cells/v": np.zeros(5)}), r"has shape \(5,\), not \(2,\)"),
    ],
)
def test_a_snapshot_of_another_network_is_refused(change: Any, words: str) -> None:
    with neuro.Session(driven_network(), backend="c") as session:
        snapshot = session.snapshot()
        change(snapshot)
        with pytest.raises(ParameterError, match=words):
            session.restore(snapshot)


def test_a_checkpoint_of_another_network_or_seed_is_refused(tmp_path: Path) -> None:
    with neuro.Session(driven_network(), backend="reference") as session:
        path = session.save(tmp_path / "c.h5")
    with (
        neuro.Session(plastic_network(), backend="reference") as session,
        pytest.raises(FileFormatError, match="belongs to another network"),
    ):
        session.load(path)
    with (
        neuro.Session(driven_network(), backend="reference", seed=9) as session,
        pytest.raises(FileFormatError, match=r"belongs to another seed \(0, not 9\)"),
    ):
        session.load(path)


def test_a_closed_session_says_so() -> None:
    session = neuro.Session(driven_network(), backend="reference")
    session.close()
    session.close()
    with pytest.raises(SessionClosedError, match=r"session: is closed\. Open a new one"):
        session.run(1)


def test_a_network_that_breaks_rules_does_not_start() -> None:
    broken = neuro.Network(name="broken", dt=-1.0)
    with pytest.raises(VerificationError, match=r"dt is -1.0 s"):
        neuro.Session(broken, backend="reference")
