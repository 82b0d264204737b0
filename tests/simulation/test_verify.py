"""The comparison of engines names the first thing that differs, or says that nothing does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends import registry
from neuro.backends.reference.backend import ReferenceBackend, ReferenceEngine
from neuro.errors import ParameterError
from neuro.simulation.verify import first_difference
from tests.simulation.runs import plastic_network

Change = Callable[[ReferenceEngine], None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Change], None]:
    """Makes ``"broken"`` a backend that does something wrong after a step."""

    def install(step: int, change: Change) -> None:
        class Engine(ReferenceEngine):
            def advance(self, steps: int, drive: Any, sink: Any) -> int:
                done = super().advance(steps, drive, sink)
                if self.step == step + 1:
                    change(self)
                return done

        class Broken(ReferenceBackend):
            name = "broken"

            def compile(self, network: neuro.Network, options: Any, seed: int) -> Engine:
                return Engine(network, seed)

        monkeypatch.setitem(registry.BUILT_IN, "broken", "tests.simulation.test_verify:Broken")
        monkeypatch.setitem(globals(), "Broken", Broken)
        registry.get_backend.cache_clear()

    return install


def add(target: str, variable: str, cell: int, amount: float) -> Change:
    """Adds to one value."""

    def change(engine: ReferenceEngine) -> None:
        values = engine.read(target, variable)
        values[cell] += amount
        engine.write(target, variable, values)

    return change


def edit(name: str, work: Callable[[Any], Any]) -> Change:
    """Replaces one array of the snapshot."""

    def change(engine: ReferenceEngine) -> None:
        snapshot = engine.snapshot()
        engine.restore({**snapshot, name: work(snapshot[name])})

    return change


def spike_of(cell: int) -> Callable[[Any], Any]:
    """Adds a spike of `cell` in the last step."""

    def work(rows: Any) -> Any:
        rows = np.concatenate([rows, [[0, cell]]])
        return rows[np.lexsort((rows[:, 1], rows[:, 0]))]

    return work


def test_engines_that_agree_are_identical() -> None:
    found = neuro.verify(
        plastic_network(15), steps=60, backends=["reference", "c", "numba"], progress=None
    )
    assert found.identical
    assert found.backends == ("reference", "c", "numba")
    assert found.divergences == {"c": None, "numba": None}


def test_the_first_cell_step_and_variable_are_named_with_both_values(broken: Any) -> None:
    broken(13, add("cells", "v", 7, 0.25))
    with neuro.Session(plastic_network(15), backend="reference") as session:
        session.run(14)
        right = float(session.read("cells", "v")[7])
    found = neuro.verify(plastic_network(15), steps=40, backends=["reference", "c", "broken"])
    assert not found.identical
    assert found.divergences["c"] is None
    first = found.divergences["broken"]
    assert first is not None
    assert (first.step, first.variable, first.index) == (13, "state/cells/v", (7,))
    assert first.expected == right
    assert first.found == pytest.approx(right + 0.25)
    assert str(first) == f"step 13: state cells/v[7] is {first.found!r}, should be {right!r}"


def test_a_weight_that_differs_is_named(broken: Any) -> None:
    broken(5, add("plastic", "w", 11, 1e-6))
    first = neuro.verify(plastic_network(15), steps=20, backends=["c", "broken"]).divergences[
        "broken"
    ]
    assert first is not None
    assert (first.step, first.variable, first.index) == (5, "synapse/plastic/w", (11,))


def test_a_spike_too_many_is_named_by_its_cell(broken: Any) -> None:
    with neuro.Session(plastic_network(15), backend="reference") as session:
        session.run(6)
        silent = min(set(range(15)) - session.run(1).spikes["noise"].at(6))
    broken(6, edit("history/noise", spike_of(silent)))
    first = neuro.verify(plastic_network(15), steps=20, backends=["reference", "broken"])
    assert str(first.divergences["broken"]) == f"step 6: noise[{silent}] should not spike"


def test_a_spike_that_is_missing_is_named_by_its_cell(broken: Any) -> None:
    with neuro.Session(plastic_network(15), backend="reference") as session:
        recording = session.run(200)
    step, cell = recording.spikes["noise"].step[0], recording.spikes["noise"].index[0]
    broken(step, edit("history/noise", lambda rows: rows[rows[:, 0] != 0]))
    found = neuro.verify(plastic_network(15), steps=200, backends=["reference", "broken"])
    assert str(found.divergences["broken"]) == f"step {step}: noise[{cell}] should spike"


def test_numbers_that_are_not_numbers_are_compared_too() -> None:
    with neuro.Session(plastic_network(15), backend="reference") as session:
        snapshot = session.snapshot()
    nan = {**snapshot, "state/cells/v": np.full(15, np.nan, np.float32)}
    assert first_difference(nan, dict(nan), 0) is None
    assert first_difference(snapshot, nan, 0) is not None


def test_zeros_of_different_sign_differ() -> None:
    plus = {"state/a/v": np.array([0.0, 0.0], np.float32)}
    minus = {"state/a/v": np.array([0.0, -0.0], np.float32)}
    difference = first_difference(plus, minus, 4)
    assert difference is not None
    assert difference.index == (1,)


@pytest.mark.parametrize("backends", [["c"], ["c", "c"], []])
def test_two_engines_are_needed(backends: list[str]) -> None:
    with pytest.raises(ParameterError, match="two different backends are needed"):
        neuro.verify(plastic_network(15), steps=5, backends=backends)


def test_an_unknown_engine_is_named() -> None:
    words = re.escape("there is no backend 'referense'. Did you mean 'reference'?")
    with pytest.raises(LookupError, match=words):
        neuro.verify(plastic_network(15), steps=5, backends=["c", "referense"])


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    neuro.verify(plastic_network(15), steps=3, progress=lambda *given: told.append(given))
    assert told == [(1, 3), (2, 3), (3, 3)]
