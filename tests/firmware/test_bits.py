"""A firmware gives the bits of the reference: spikes, states and weights after every step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings

import neuro
from neuro.ir.network import NumberFormat
from tests.firmware.compare import difference
from tests.networks import LIBRARY_CELLS, SYNAPSES, Case, cases, cell_case, synapse_case

FORMATS = [neuro.FLOAT32, neuro.FLOAT64]
PARTS = 5


@pytest.mark.parametrize("format", FORMATS, ids=["float32", "float64"])
@pytest.mark.parametrize("name", [*LIBRARY_CELLS, "noisy"])
def test_every_cell(name: str, format: NumberFormat) -> None:
    case = cell_case(name, format)
    assert difference(case.network, case.steps, case.inputs, case.seed) is None


@pytest.mark.parametrize("format", FORMATS, ids=["float32", "float64"])
@pytest.mark.parametrize("name", SYNAPSES)
def test_every_synapse(name: str, format: NumberFormat) -> None:
    case = synapse_case(name, format)
    assert difference(case.network, case.steps, case.inputs, case.seed) is None


@pytest.mark.parametrize("part", range(PARTS))
def test_networks_drawn_at_random(part: int) -> None:
    @seed(part)
    @settings(
        max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(cases())
    def check(case: Case) -> None:
        assert difference(case.network, case.steps, case.inputs, case.seed) is None

    check()
