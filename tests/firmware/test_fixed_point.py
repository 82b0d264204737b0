"""Firmware in fixed point gives the bits of the reference, on this computer and on emulated boards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, seed, settings

import neuro
from neuro.drive import drive_of
from neuro.models import CA3Memory
from neuro.models.ca3.operations import random_operations
from neuro.passes.quantise import quantise
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from tests.firmware.compare import difference
from tests.networks import INTEGER_CELLS, SYNAPSES, Case, cases, cell_case, synapse_case

STEPS = 60


def quantised(case: Case, bits: int) -> Case:
    made = quantise(case.network, steps=case.steps, weight_bits=bits, backend="reference")
    return replace(case, network=made.network)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", INTEGER_CELLS)
def test_every_cell(name: str, bits: int) -> None:
    case = quantised(cell_case(name), bits)
    assert difference(case.network, STEPS, case.inputs, case.seed) is None


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", SYNAPSES)
def test_every_synapse(name: str, bits: int) -> None:
    case = quantised(synapse_case(name), bits)
    assert difference(case.network, STEPS, case.inputs, case.seed) is None


@pytest.mark.parametrize("part", range(2))
def test_networks_drawn_at_random(part: int) -> None:
    @seed(part)
    @settings(
        max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(cases(fixed=True))
    def check(case: Case) -> None:
        assert difference(case.network, case.steps, case.inputs, case.seed) is None

    check()


@pytest.mark.parametrize("board", ["stm32f405", "microbit"])
def test_the_memory_on_a_board_with_and_without_saturating_instructions(board: str) -> None:
    pytest.importorskip("unicorn")
    memory = CA3Memory(5, 10, form="delta")
    operations = random_operations(5, 10, 4, spacing=20, seed=0)
    steps, inputs = operations[-1].step + 14, memory.inputs(operations)
    network = quantise(
        memory.network, steps=steps, inputs=inputs, weight_bits=8, backend="c"
    ).network
    drive = drive_of(network, inputs)
    with (
        neuro.Session(network, backend="cortex-m", options={"board": board}) as found,
        neuro.Session(network, backend="reference") as expected,
    ):
        for step in range(steps):
            for session in (found, expected):
                session.engine.advance(1, drive, MemorySink())
            if step % 10 == 9:
                where = first_difference(expected.snapshot(), found.snapshot(), step)
                assert where is None, str(where)
