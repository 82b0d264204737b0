"""Networks drawn at random give the same bits on every engine, and the comparison can fail.

Compiling takes most of the time: 100 networks are tried on c and 50 on numba, and with
``NEURO_ALL_NETWORKS=1`` all 200 on both.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

import neuro
from neuro.backends.contract import Engine, Snapshot
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from tests.networks import Case, cases, cell_case

HALF = 27
"""Where a run is interrupted, and continued on another engine."""

ALL = bool(os.environ.get("NEURO_ALL_NETWORKS"))
PARTS = {"c": 8 if ALL else 4, "numba": 8 if ALL else 2}
"""The networks are drawn in parts, so that test processes share them."""

DRAWN = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
"""25 networks a part."""


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


@pytest.mark.parametrize("part", range(PARTS["c"]))
def test_c_gives_the_bits_of_the_reference(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases())
    def check(case: Case) -> None:
        expected = run(case, "reference")
        assert_same(expected, run(case, "c", threads=1))
        assert_same(expected, run(case, "c", threads=2, defer=True))
        assert_same(expected, run(case, "c", threads=3, defer=False))

    check()


@pytest.mark.parametrize("part", range(PARTS["numba"]))
def test_numba_gives_the_bits_of_the_reference(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases())
    def check(case: Case) -> None:
        assert_same(run(case, "reference"), run(case, "numba"))

    check()


@pytest.mark.parametrize("part", range(2))
def test_a_run_goes_on_from_another_engines_snapshot(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases())
    def check(case: Case) -> None:
        half, end = run(case, "reference")
        for backend, options in (("c", {"threads": 2}), ("reference", {})):
            engine = start(case, backend, **options)
            engine.restore(half)
            advance(engine, drive_of(case.network, case.inputs), case.steps)
            difference = first_difference(end, engine.snapshot(), case.steps)
            assert difference is None, str(difference)

    check()


def test_another_seed_is_noticed() -> None:
    network = cell_case("noisy").network
    a = neuro.Session(network, backend="reference")
    a.run(20)
    b = neuro.Session(replace(network, seed=4), backend="c")
    b.run(20)
    difference = first_difference(a.snapshot(), b.snapshot(), 20)
    assert difference is not None
    assert "cells" in difference.variable
