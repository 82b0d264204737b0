"""The demo of an export: what it plays, and the check sum that it must end with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuro.backends.firmware.generate import generate
from neuro.deploy.demo import FNV_PRIME, FNV_START, Demo, expected_sum, make_demo
from neuro.deploy.device import DeviceEngine
from neuro.deploy.host_device import HostDevice
from neuro.drive import drive_of
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.recording.collect import MemorySink
from tests.firmware.compare import difference
from tests.firmware.networks import events_by_step, everything, in_fixed_point, memory_demo


def demo_of(network: Network, steps: int, inputs: dict[str, Any] | None = None) -> Demo:
    return make_demo(generate(network, 0, "tested"), drive_of(network, inputs), steps)


def test_events_are_those_of_the_protocol_by_step() -> None:
    experiment = memory_demo()
    inputs = dict(experiment.inputs)
    demo = demo_of(experiment.network, 45, inputs)
    expected = events_by_step(experiment.network, inputs)
    assert [sorted(events) for events, _ in demo.by_step()] == [
        sorted(expected.get(step, [])) for step in range(45)
    ]
    assert demo.most_in == max(map(len, expected.values()))
    assert demo.changes == []


def test_events_after_the_last_step_are_left_out() -> None:
    demo = demo_of(everything(), 3, {"given": ([0, 2, 3, 9], [1, 2, 3, 4])})
    assert demo.events == [(0, 3, 1), (2, 3, 2)]


def test_a_demo_without_events_has_room_for_one() -> None:
    """C has no arrays without elements."""
    assert (demo_of(everything(), 3).events, demo_of(everything(), 3).most_in) == ([], 1)


def test_what_the_network_does_by_itself_is_not_played() -> None:
    demo = demo_of(everything(), 60)
    assert (demo.events, demo.changes) == ([], [])


def test_trains_of_the_network_cannot_be_replaced() -> None:
    with pytest.raises(ParameterError, match="cannot be replaced"):
        demo_of(everything(), 5, {"played": ([1], [0])})


def test_a_replaced_current_is_played_from_step_0() -> None:
    """Its first change is at step 4; before, it is silent, whatever the network's own says."""
    rows = np.linspace(0, 1, 74).reshape(2, 37)
    demo = demo_of(everything(), 8, {"step_of_cells": ([4, 9], rows)})
    assert [(change.step, change.input, change.count) for change in demo.changes] == [
        (0, 1, 37),
        (4, 1, 37),
    ]
    assert not demo.changes[0].row.any()
    np.testing.assert_array_equal(demo.changes[1].row, rows[0].astype(np.float32))
    texts = demo.changes[1].values.split(", ")
    assert [float.fromhex(text.rstrip("f")) for text in texts] == demo.changes[1].row.tolist()


def test_a_current_of_one_value_is_one_value() -> None:
    demo = demo_of(everything(), 8, {"reward": ([2], [0.5])})
    assert [(change.step, change.values) for change in demo.changes] == [
        (0, "0.0f"),
        (2, "0x1p-1f"),
    ]


def test_currents_of_a_network_in_fixed_point_are_whole_numbers() -> None:
    demo = demo_of(in_fixed_point(), 8, {"step_of_cells": ([0], [0.25])})
    assert demo.changes[0].row.tolist() == [1 << 27]
    assert float(demo.changes[0].values) == 1 << 27


@pytest.mark.parametrize("make", [everything, in_fixed_point])
def test_what_is_played_is_what_was_asked_for(make: Any) -> None:
    """The sum is over the states that an engine goes through, which are those of the reference."""
    network = make()
    rows = [[0.01 * cell for cell in range(37)]] if make is everything else [0.125]
    inputs = {"given": ([0, 3, 3], [1, 2, 3]), "step_of_cells": ([6], rows)}
    assert difference(network, 15, inputs) is None
    firmware, drive = generate(network, 0, "tested"), drive_of(network, inputs)
    device, total = HostDevice(firmware), FNV_START
    engine = DeviceEngine(firmware, device)
    for _ in range(15):
        engine.advance(1, drive, MemorySink())
        total = (total ^ device.check()) * FNV_PRIME & 0xFFFFFFFF
    assert expected_sum(firmware, make_demo(firmware, drive, 15)) == total


def test_the_sum_depends_on_every_step() -> None:
    firmware = generate(everything(), 0, "tested")
    sums = set()
    for inputs in (None, {"given": ([3], [1])}, {"given": ([4], [1])}):
        demo = make_demo(firmware, drive_of(everything(), inputs), 6)
        sums.add(expected_sum(firmware, demo))
    assert len(sums) == 3
