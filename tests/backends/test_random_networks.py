"""Networks drawn at random give the same bits on every engine, and the comparison can fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import neuro
from neuro.backends.contract import Engine, Snapshot
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from tests.networks import Case, cases

HALF = 27
"""Where a run is interrupted, and continued on another engine."""

FULL = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
FEWER = settings(FULL, max_examples=60)


def run(case: Case, backend: str, **options: Any) -> tuple[Snapshot, Snapshot]:
    """Snapshots of a run half way and at its end."""
    engine = start(case, backend, **options)
    drive = drive_of(case.network, case.inputs)
    advance(engine, drive, HALF)
    half = engine.snapshot()
    advance(engine, drive, case.steps)
    return half, engine.snapshot()


def start(case: Case, backend: str, **options: Any) -> Engine:
    chosen = get_backend(backend)
    return chosen.compile(case.network, chosen.Options(**options), case.seed)


def advance(engine: Engine, drive: Any, last: int) -> None:
    while engine.step < last:
        engine.advance(last - engine.step, drive, MemorySink())


def assert_same(expected: tuple[Snapshot, Snapshot], found: tuple[Snapshot, Snapshot]) -> None:
    for theirs, mine in zip(expected, found, strict=True):
        assert theirs.keys() == mine.keys()
        difference = first_difference(theirs, mine, int(theirs["step"]))
        assert difference is None, str(difference)


@FULL
@given(cases())
def test_c_gives_the_bits_of_the_reference(case: Case) -> None:
    expected = run(case, "reference")
    assert_same(expected, run(case, "c", threads=1))
    assert_same(expected, run(case, "c", threads=2, defer=True))
    assert_same(expected, run(case, "c", threads=3, defer=False))


@FULL
@given(cases())
def test_numba_gives_the_bits_of_the_reference(case: Case) -> None:
    assert_same(run(case, "reference"), run(case, "numba"))


@FEWER
@given(cases())
def test_a_run_goes_on_from_another_engines_snapshot(case: Case) -> None:
    half, end = run(case, "reference")
    for backend, options in (("c", {"threads": 2}), ("reference", {})):
        engine = start(case, backend, **options)
        engine.restore(half)
        advance(engine, drive_of(case.network, case.inputs), case.steps)
        difference = first_difference(end, engine.snapshot(), case.steps)
        assert difference is None, str(difference)


def test_another_seed_is_noticed() -> None:
    case = pytest.importorskip("tests.networks").cell_case("noisy")
    network = case.network
    a = neuro.Session(network, backend="reference")
    a.run(20)
    b = neuro.Session(_reseeded(network), backend="c")
    b.run(20)
    difference = first_difference(a.snapshot(), b.snapshot(), 20)
    assert difference is not None
    assert "cells" in difference.variable


def _reseeded(network: neuro.Network) -> neuro.Network:
    from dataclasses import replace

    return replace(network, seed=4)
