"""The module's forward pass has the bits of the reference, also across a hand-over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, seed

import neuro
from neuro.backends.torch import sums
from neuro.drive import drive_of
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from tests.backends.test_random_networks import DRAWN, advance, assert_same, run, start
from tests.networks import LIBRARY_CELLS, Case, cases, cell_case

FORMATS = [neuro.FLOAT32, neuro.FLOAT64]


def static(case: Case) -> Case:
    """`case` without plasticity."""
    return replace(case, network=neuro.freeze(case.network))


@pytest.mark.parametrize("format", FORMATS, ids=["float32", "float64"])
@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_every_cell_has_the_bits_of_the_reference(
    name: str, format: neuro.ir.network.NumberFormat
) -> None:
    case = cell_case(name, format)
    assert_same(run(case, "reference"), run(case, "torch"))


@pytest.mark.parametrize("part", range(2))
def test_networks_drawn_at_random_have_the_bits_of_the_reference(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases())
    def check(case: Case) -> None:
        frozen = static(case)
        assert_same(run(frozen, "reference"), run(frozen, "torch"))

    check()


def test_without_a_compiler_the_bits_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "find_compiler", lambda: None)
    case = cell_case("IF_curr_exp")
    assert_same(run(case, "reference"), run(case, "torch"))


def test_a_run_goes_on_from_another_engines_snapshot() -> None:
    case = cell_case("IF_curr_exp")
    half, end = run(case, "c")
    engine = start(case, "torch")
    engine.restore(half)
    advance(engine, drive_of(case.network, case.inputs), case.steps)
    assert first_difference(end, engine.snapshot(), case.steps) is None


def test_matrix_products_are_near_but_not_the_same() -> None:
    case = cell_case("LIF value")
    engine = start(case, "torch", exact=False)
    engine.advance(3, drive_of(case.network, case.inputs), MemorySink())
    expected = start(case, "reference")
    expected.advance(3, drive_of(case.network, case.inputs), MemorySink())
    found, wanted = engine.read("cells", "v"), expected.read("cells", "v")
    assert found == pytest.approx(wanted, abs=1e-5)
