"""The demo of an exported network: a protocol as constant tables, and the check sum it must end with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.c.printer import literal
from neuro.backends.firmware.generate import Firmware
from neuro.deploy.device import Event, check_trains
from neuro.deploy.host_device import HostDevice
from neuro.drive import Drive
from neuro.lowering.tables import SignalTable

FNV_START, FNV_PRIME = 2166136261, 16777619


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A current that changes.

    Attributes
    ----------
    step, input
        When, and which one, by its place among the inputs.
    row
        One value, or one per cell, as the firmware stores them.
    values
        The same in C.
    """

    step: int
    input: int
    row: NDArray[Any]
    values: str

    @property
    def count(self) -> int:
        """Number of values."""
        return len(self.row)


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo plays.

    Attributes
    ----------
    steps
        How many steps.
    events
        Triples (step, number of the source, cell), by step.
    changes
        Currents, by step.
    most_in
        Most events of one step.
    """

    steps: int
    events: list[tuple[int, int, int]]
    changes: list[Change]
    most_in: int

    def by_step(self) -> Iterator[tuple[list[Event], list[Change]]]:
        """Events and changes of currents of each step."""
        events: defaultdict[int, list[Event]] = defaultdict(list)
        changes: defaultdict[int, list[Change]] = defaultdict(list)
        for step, source, cell in self.events:
            events[step].append((source, cell))
        for change in self.changes:
            changes[change.step].append(change)
        return ((events[step], changes[step]) for step in range(self.steps))


def make_demo(firmware: Firmware, drive: Drive, steps: int) -> Demo:
    """The first `steps` steps of `drive`, without what the firmware plays by itself.

    Raises
    ------
    ParameterError
        If `drive` replaces spikes that are part of the firmware.
    """
    check_trains(firmware.static.own.spikes, drive)
    sources, own = firmware.tables.sources, firmware.static.own.spikes
    events = [
        (int(step), sources.index(name), int(cell))
        for name, spikes in drive.spikes.items()
        if not len(own[name].step)
        for step, cell in zip(spikes.step, spikes.index, strict=True)
        if step < steps
    ]
    events.sort()
    counts = np.bincount([step for step, _, _ in events], minlength=1)
    return Demo(steps, events, _changes(firmware, drive, steps), max(1, int(counts.max())))


def _changes(firmware: Firmware, drive: Drive, steps: int) -> list[Change]:
    """Changes of the currents that are not those of the network itself."""
    found, dtype, numbers = [], firmware.tables.dtype, firmware.tables.numbers
    for place, item in enumerate(firmware.tables.inputs):
        if not isinstance(item, SignalTable):
            continue
        signal, own = drive.signals[item.node.name], firmware.static.own.signals[item.node.name]
        if signal is own or (
            np.array_equal(signal.step, own.step) and np.array_equal(signal.value, own.value)
        ):
            continue
        # From step 0 on, since the network may have a schedule of its own.
        for step in np.union1d([0], signal.step):
            if step < steps:
                value = signal.at(step)
                row = np.atleast_1d(numbers.encode(item.node.post, item.node.port, value))
                texts = ", ".join(literal(float(v), dtype) for v in row)
                found.append(Change(int(step), place, row, texts))
    return sorted(found, key=lambda change: change.step)


def expected_sum(firmware: Firmware, demo: Demo) -> int:
    """The check sum over the states of all steps, found by the firmware on this computer.

    Raises
    ------
    CompilerError
        If there is no C compiler here.
    """
    device = HostDevice(firmware)
    total = FNV_START
    for events, changes in demo.by_step():
        for change in changes:
            device.drive(change.input, change.row)
        device.step(events)
        total = (total ^ device.check()) * FNV_PRIME & 0xFFFFFFFF
    return total
