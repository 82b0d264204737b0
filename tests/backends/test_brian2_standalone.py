"""Brian2's C++ program gives the bits of the reference; one small network, built once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.brian2.standalone import _signal
from neuro.drive import Signal
from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.network import Network
from neuro.simulation.verify import first_difference
from tests.conftest import needs_brian2

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None or shutil.which("make") is None, reason="needs g++ and make"
)
STANDALONE: dict[str, Any] = {"backend": "brian2", "options": {"mode": "cpp_standalone"}}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of its own, with a name that is hard on Makefiles."""
    return tmp_path_factory.mktemp("cache") / "ein Ordner é"


def network(format: Any = neuro.FLOAT64) -> Network:
    """Listed spikes, a current, learning with both traces, noise in a library function."""
    cell = neuro.ir.declare.cell_type(
        "noisy",
        state="v : 1 = 0, held",
        ports="input : 1",
        update="v = 0.9 * v + input + 0.1 * tanh(normal())",
        spike="v > 1",
        reset="v = 0",
        refractory="2 * ms",
    )
    net = neuro.NetworkBuilder(dt=1.0, name="standalone", seed=4, format=format)
    source = net.population(4, neuro.SpikeSourceArray(), label="source")
    cells = net.population(3, neuro.CustomCell(cell), label="cells")
    rule = neuro.PairSTDP(
        weight=0.6, w_max=1.0, A_plus=0.1, A_minus=0.12, delay=neuro.Uniform(1.0, 4.0)
    )
    plastic = net.projection(source, cells, neuro.AllToAllConnector(), rule, label="plastic")
    net.inject(neuro.StepCurrentSource([0.0, 10.0], [0.05, 0.1]), cells, port="input")
    source.record("spikes")
    cells.record(["spikes", "v"])
    plastic.record("w", sampling_interval=7.0)
    return net.build()


def events(first: int, last: int) -> tuple[list[int], list[int]]:
    """Spikes of the source, steps counted from `first`."""
    steps = [step for step in range(first, last) if step % 3]
    return [step - first for step in steps], [step % 4 for step in steps]


@needs_brian2
@needs_compiler
def test_it_gives_the_bits_of_the_reference_and_goes_on(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURO_CACHE_DIR", str(cache))
    found = []
    for given in ({"backend": "reference"}, STANDALONE):
        with neuro.Session(network(), **given) as session:
            recordings = [
                session.run(last - first, inputs={"source": events(first, last)})
                for first, last in ((0, 25), (25, 26), (26, 60))
            ]
            found.append((recordings, session.snapshot(), session.read("plastic", "w")))
    (expected, mine), (state, own), (weights, theirs) = zip(*found, strict=True)
    assert sum(len(recording.spikes["cells"]) for recording in expected) > 20
    for left, right in zip(expected, mine, strict=True):
        for name, data in left.spikes.items():
            np.testing.assert_array_equal(right.spikes[name].step, data.step)
            np.testing.assert_array_equal(right.spikes[name].index, data.index)
        for target, variable in (("cells", "v"), ("plastic", "w")):
            trace = left.traces[target][variable]
            np.testing.assert_array_equal(right.traces[target][variable].step, trace.step)
            assert right.traces[target][variable].values.tobytes() == trace.values.tobytes()
    difference = first_difference(state, own, 60)
    assert difference is None, str(difference)
    assert not np.array_equal(weights, np.full(12, 0.6))
    np.testing.assert_array_equal(weights, theirs)


@needs_brian2
@needs_compiler
def test_it_is_built_once_and_cannot_be_changed(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURO_CACHE_DIR", str(cache))
    monkeypatch.chdir(tmp_path)
    with neuro.Session(network(), **STANDALONE) as session:
        before = json.loads((session.engine._folder / "files.json").read_text())  # type: ignore[attr-defined]
        assert session.provenance.engine["mode"] == "cpp_standalone"
        assert "-ffp-contract=off" in session.provenance.engine["flags"]
        with pytest.raises(UnsupportedError, match=r"cannot be changed.*mode='runtime'"):
            session.write("cells", "v", 0.5)
        with pytest.raises(UnsupportedError, match="step 0 only"):
            session.restore(session.snapshot())
        at_rest = session.snapshot()
    assert before
    assert not any(tmp_path.iterdir())
    with neuro.Session(network(), backend="reference") as session:
        difference = first_difference(session.snapshot(), at_rest, 0)
    assert difference is None, str(difference)


@needs_brian2
def test_float32_is_refused_with_the_way_out() -> None:
    findings = neuro.check(network(neuro.FLOAT32), "brian2", options={"mode": "cpp_standalone"})
    assert "number-format" in {finding.rule for finding in findings}
    assert any("mode='runtime'" in finding.hint for finding in findings)


@needs_brian2
def test_an_unknown_mode_offers_the_nearest() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'cpp_standalone'"):
        neuro.check(network(), "brian2", options={"mode": "standalone"})


def test_signals_that_follow_one_another_are_one() -> None:
    first = Signal(np.array([0, 5]), np.array([1.0, 2.0]))
    second = Signal(np.array([3, 12]), np.array([[3.0, 4.0], [5.0, 6.0]]))
    step, value = _signal([(0, 10, first), (10, 10, None), (10, 20, second)])
    assert step.tolist() == [0, 5, 10, 12]
    assert value.tolist() == [[1, 1], [2, 2], [3, 4], [5, 6]]
    assert [part.tolist() for part in _signal([])] == [[], []]
