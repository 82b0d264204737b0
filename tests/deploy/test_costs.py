"""What a program costs on a board: bytes by part, stack, instructions, estimates, and a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import pytest

from neuro.backends.firmware.generate import Firmware, generate
from neuro.deploy import costs as module
from neuro.deploy.board import load_board
from neuro.deploy.costs import Costs, Part, measure
from neuro.deploy.costs_plot import MOST, costs_plot
from neuro.deploy.demo import Demo, make_demo
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.drive import drive_of
from neuro.errors import DeviceError
from tests.firmware.networks import everything, memory_demo

pytest.importorskip("unicorn")

STEPS = 30


@pytest.fixture(scope="module")
def case() -> tuple[Firmware, Demo]:
    experiment = memory_demo()
    firmware = generate(experiment.network, 0, "memory")
    drive = drive_of(experiment.network, dict(experiment.inputs))
    return firmware, make_demo(firmware, drive, STEPS)


@pytest.fixture(scope="module")
def costs(case: tuple[Firmware, Demo]) -> Costs:
    return measure(*case[:1], load_board("stm32l412"), case[1], power=0.02)


def test_parts_sum_to_the_program(costs: Costs) -> None:
    assert sum(part.flash for part in costs.parts) == costs.flash
    assert sum(part.ram for part in costs.parts) == costs.ram


def test_parts_are_those_of_the_network_then_of_the_program(
    costs: Costs, case: tuple[Firmware, Demo]
) -> None:
    names = [part.name for part in costs.parts]
    assert {"MCont", "S1Cue_to_S1Cont"} <= set(names)
    assert names[-4:] == ["tables", "code", "stack", "other"]
    parts = {part.name: part for part in costs.parts}
    weights = {v.name: v.nbytes for v in case[0].static.memory.variables}["w_S1Cue_to_S1Cont"]
    assert parts["S1Cue_to_S1Cont"].ram >= weights
    assert (parts["stack"].ram, parts["stack"].flash) == (costs.stack, 0)


def test_ram_is_states_and_rings_and_little_else(costs: Costs, case: tuple[Firmware, Demo]) -> None:
    """Within 10 % of what changes, besides the stack."""
    state = case[0].state_size
    assert state <= costs.ram - costs.stack <= 1.1 * state


def test_the_board_says_what_there_is(costs: Costs) -> None:
    assert (costs.flash_size, costs.ram_size, costs.clock) == (128 * 1024, 40 * 1024, 80e6)
    assert 0 < costs.stack_used < costs.stack  # type: ignore[operator]


def test_instructions_are_the_mean_over_steps_by_function(costs: Costs) -> None:
    assert costs.steps == STEPS
    assert sum(costs.functions.values()) == pytest.approx(costs.instructions)
    assert costs.instructions < costs.most_instructions  # type: ignore[operator]
    assert list(costs.functions.values()) == sorted(costs.functions.values(), reverse=True)
    assert {"memory_step", "nr_update_0"} <= set(costs.functions)


def test_counts_are_the_same_each_time(costs: Costs, case: tuple[Firmware, Demo]) -> None:
    again = measure(case[0], load_board("stm32l412"), case[1], power=0.02)
    assert again == costs


def test_estimates_state_their_method(costs: Costs) -> None:
    """One instruction a cycle, and the given power."""
    assert costs.instructions is not None
    assert costs.milliseconds == pytest.approx(costs.instructions / 80e6 * 1e3)
    assert costs.microjoules == pytest.approx(costs.instructions / 80e6 * 0.02 * 1e6)


@pytest.mark.parametrize("missing", [{"clock": None}, {"power": None}, {"instructions": None}])
def test_what_is_not_known_is_not_estimated(costs: Costs, missing: dict[str, Any]) -> None:
    assert replace(costs, **missing).microjoules is None


def test_everything_is_in_the_json(costs: Costs) -> None:
    found = json.loads(json.dumps(costs.as_dict()))
    assert found["parts"][0]["name"] == costs.parts[0].name
    assert found["milliseconds"] == costs.milliseconds
    assert found["note"] == ""


def test_only_the_first_steps_are_counted(
    case: tuple[Firmware, Demo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEASURED", 4)
    assert measure(*case[:1], load_board("stm32l412"), case[1]).steps == 4


def test_currents_of_the_demo_are_driven() -> None:
    """A strong current makes more spikes, hence more instructions."""
    firmware = generate(everything(), 0, "tested")
    totals = [
        measure(firmware, load_board("stm32f405"), make_demo(firmware, drive, 20)).instructions
        for drive in (
            drive_of(everything(), {"step_of_cells": ([0], [value])}) for value in (0.0, 2.0)
        )
    ]
    assert totals[0] < 0.8 * totals[1]  # type: ignore[operator]


def test_a_run_that_fails_says_why_and_keeps_what_was_counted(
    case: tuple[Firmware, Demo], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = EmulatedDevice.step

    def fails(self: EmulatedDevice, events: Any) -> Any:
        if self.machine.stack_used() and events == fails.last:  # type: ignore[attr-defined]
            raise DeviceError("the stack has overflowed.", where="memory_step")
        return step(self, events)

    fails.last = [(source, cell) for at, source, cell in case[1].events if at == 20]  # type: ignore[attr-defined]
    monkeypatch.setattr(EmulatedDevice, "step", fails)
    found = measure(*case[:1], load_board("stm32l412"), case[1])
    assert (found.steps, found.note) == (20, "memory_step: the stack has overflowed.")
    assert found.instructions is not None


def test_a_program_that_does_not_fit_is_refused_with_what_is_missing() -> None:
    board = load_board("microbit")
    ram = board.ram.model_copy(update={"length": 4096})
    small = board.model_copy(update={"memory": {**board.memory, "ram": ram}})
    firmware = generate(everything(), 0, "tested")
    with pytest.raises(
        DeviceError, match=r"ram of microbit is [\d,]+ bytes too small \(it has 4,096"
    ):
        measure(firmware, small, make_demo(firmware, drive_of(everything()), 1))


# The picture ---------------------------------------------------------------------------------------


@contextmanager
def drawn(costs: Costs) -> Iterator[Any]:
    try:
        yield costs_plot(costs)
    finally:
        plt.close("all")


def test_the_picture_shows_both_memories_in_percent(costs: Costs) -> None:
    with drawn(costs) as ax:
        ends = [0.0, 0.0]
        for bar in ax.patches:
            row = round(bar.get_y() + bar.get_height() / 2)
            ends[row] = max(ends[row], bar.get_x() + bar.get_width())
        assert ends[0] == pytest.approx(100 * costs.flash / costs.flash_size)
        assert ends[1] == pytest.approx(100 * costs.ram / costs.ram_size)
        assert "stm32l412" in {ax.get_title(loc) for loc in ("left", "center")}


def test_small_parts_are_one(costs: Costs) -> None:
    with drawn(costs) as ax:
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(labels) == MOST
    assert labels[-1] == f"{len(costs.parts) - MOST + 1} smaller parts"


def test_few_parts_have_a_colour_each(costs: Costs) -> None:
    few = replace(costs, parts=(Part(name="one", flash=3), Part(name="two", ram=4)))
    with drawn(few) as ax:
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["two", "one"]
