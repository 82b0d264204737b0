"""Every engine keeps the contract: what advances, what is copied, what is described."""

from __future__ import annotations

import numpy as np
import pytest

from neuro.backends.contract import Engine
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.recording.collect import MemorySink
from tests.conftest import needs_brian2
from tests.simulation.runs import plastic_network

NETWORK = plastic_network(30)
DRIVE = drive_of(NETWORK)


def advance(engine: Engine, steps: int, sink: MemorySink | None = None) -> None:
    """Exactly so many steps; an engine may return before it has done them all."""
    last = engine.step + steps
    while engine.step < last:
        before = engine.step
        done = engine.advance(last - before, DRIVE, sink or MemorySink())
        assert 1 <= done <= last - before
        assert engine.step == before + done


@pytest.fixture(params=["reference", "c", "numba", pytest.param("brian2", marks=needs_brian2)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine before step 0."""
    backend = get_backend(request.param)
    return backend.compile(NETWORK, backend.Options(), 3)


def test_it_does_at_least_one_step_and_at_most_what_is_asked(engine: Engine) -> None:
    sink = MemorySink()
    advance(engine, 300, sink)
    assert engine.step == 300
    assert len(sink.spike_data("cells", 30)) > 0


def test_what_it_returns_does_not_change_afterwards(engine: Engine) -> None:
    values, snapshot = engine.read("cells", "v"), engine.snapshot()
    copies = values.copy(), {name: array.copy() for name, array in snapshot.items()}
    advance(engine, 20)
    np.testing.assert_array_equal(values, copies[0])
    for name, array in snapshot.items():
        np.testing.assert_array_equal(array, copies[1][name])
    assert not np.array_equal(engine.read("cells", "v"), values)


def test_changing_what_it_returned_changes_nothing(engine: Engine) -> None:
    before = engine.read("plastic", "w")
    engine.read("plastic", "w")[:] = 7.0
    engine.snapshot()["synapse/plastic/w"][:] = 7.0
    np.testing.assert_array_equal(engine.read("plastic", "w"), before)


def test_a_snapshot_is_kept_when_another_engine_runs_on_from_it(engine: Engine) -> None:
    advance(engine, 20)
    snapshot = engine.snapshot()
    kept = {name: array.copy() for name, array in snapshot.items()}
    engine.restore(snapshot)
    advance(engine, 20)
    for name, array in kept.items():
        np.testing.assert_array_equal(snapshot[name], array)


def test_snapshots_have_the_same_names_shapes_and_types_everywhere(engine: Engine) -> None:
    backend = get_backend("reference")
    expected = backend.compile(NETWORK, backend.Options(), 3).snapshot()
    found = engine.snapshot()
    assert {name: (a.shape, a.dtype) for name, a in found.items()} == {
        name: (a.shape, a.dtype) for name, a in expected.items()
    }


def test_it_describes_itself_in_words(engine: Engine) -> None:
    assert all(isinstance(text, str) for pair in engine.describe().items() for text in pair)
    engine.close()
