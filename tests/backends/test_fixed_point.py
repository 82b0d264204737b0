"""Fixed point has the same bits on the interpreter and in C, and the comparison can fail."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, seed

import neuro
from neuro.backends.contract import Snapshot
from neuro.errors import UnsupportedError
from neuro.ir.network import Network
from neuro.passes.quantise import quantise
from neuro.simulation.verify import first_difference
from tests.backends.test_random_networks import (
    DRAWN,
    advance,
    assert_same,
    drive_of,
    run,
    start,
)
from tests.conftest import ROOT
from tests.networks import INTEGER_CELLS, SYNAPSES, Case, cases, cell_case, scaled, synapse_case

STEPS = 60
PARTS = 4
"""Of 25 random networks each."""
BITS = (8, 16)


def by_three(names: Iterable[str]) -> list[tuple[str, ...]]:
    ordered = list(names)
    return [tuple(ordered[k : k + 3]) for k in range(0, len(ordered), 3)]


def quantised(case: Case, bits: int) -> Case:
    """The case in fixed point."""
    made = quantise(case.network, steps=case.steps, weight_bits=bits, backend="reference")
    assert sum(change.after for change in made.report.spikes) > 20
    return replace(case, network=made.network, steps=STEPS)


def assert_same_everywhere(case: Case) -> None:
    expected = run(case, "reference")
    for options in ({"threads": 1}, {"threads": 2, "defer": True}, {"threads": 3, "defer": False}):
        assert_same(expected, run(case, "c", **options))


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("names", by_three(INTEGER_CELLS), ids=", ".join)
def test_every_cell_has_the_bits_of_the_reference(names: tuple[str, ...], bits: int) -> None:
    for name in names:
        assert_same_everywhere(quantised(cell_case(name), bits))


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("names", by_three(SYNAPSES), ids=", ".join)
def test_every_synapse_has_the_bits_of_the_reference(names: tuple[str, ...], bits: int) -> None:
    for name in names:
        assert_same_everywhere(quantised(synapse_case(name, delay=neuro.Uniform(1.0, 4.0)), bits))


@pytest.mark.parametrize("part", range(PARTS))
def test_random_networks_have_the_bits_of_the_reference(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases(fixed=True))
    def check(case: Case) -> None:
        assert_same_everywhere(case)

    check()


@pytest.mark.parametrize("part", range(1))
def test_a_run_goes_on_from_another_engines_snapshot(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases(fixed=True))
    def check(case: Case) -> None:
        half, end = run(case, "reference")
        assert all(array.dtype in (np.int32, np.int64) for array in half.values())
        for backend, options in (("c", {"threads": 2}), ("reference", {})):
            engine = start(case, backend, **options)
            engine.restore(half)
            advance(engine, drive_of(case.network, case.inputs), case.steps)
            difference = first_difference(end, engine.snapshot(), case.steps)
            assert difference is None, str(difference)

    check()
