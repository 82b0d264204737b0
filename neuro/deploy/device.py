"""A firmware behind the engine's contract: the device steps, this computer looks at its memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Engine, Snapshot
from neuro.backends.firmware.generate import Firmware
from neuro.backends.firmware.memory import Variable, offsets
from neuro.drive import Drive, Spikes, drive_of
from neuro.errors import DeviceError, ParameterError
from neuro.ir.synapse import WEIGHT
from neuro.lowering.spikes import gather_bits, scatter_bits
from neuro.lowering.state import TableState
from neuro.lowering.tables import SignalTable
from neuro.recording.collect import Sink, sample_plans
from neuro.snapshot import history_lists, history_rows

NOTHING = np.empty(0)
Event = tuple[int, int]
"""A spike: number of the source, and of the cell."""


STATUS = (
    "done",
    "a pointer that is needed is null",
    "the network was not initialised",
    "an event of a source that takes none",
    "an event of a cell that does not exist, or the same event twice",
    "a buffer is too small",
    "a saved state of another network, or a damaged one",
    "2130706432 steps have been done, which is the most",
    "no such input, or as many values as it does not take",
)
"""What `nr_status` of deploy/runtime/neuro.h means."""


def check_status(status: int, function: str) -> None:
    """Raise if a function of the firmware did not do what it was asked for.

    Raises
    ------
    DeviceError
        With the meaning of its status.
    """
    if status:
        meaning = STATUS[status] if status < len(STATUS) else "an unknown status"
        raise DeviceError(f"gave back status {status}: {meaning}.", where=function)


class Device(Protocol):
    """Something that runs one firmware."""

    def step(self, events: list[Event]) -> list[Event]:
        """Do one step with spikes from outside; give back the spikes of recorded sources."""
        ...

    def drive(self, place: int, values: NDArray[Any]) -> None:
        """Set a current from now on."""
        ...

    def read_state(self) -> bytes:
        """All that changes."""
        ...

    def write_state(self, state: bytes, step: int) -> None:
        """Set all that changes, and the next step."""
        ...

    def describe(self) -> Mapping[str, str]:
        """What ran, for the provenance."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class DeviceEngine(Engine):
    """A network on a device, real or emulated.

    Parameters
    ----------
    firmware
        What runs there.
    device
        Where.
    """

    def __init__(self, firmware: Firmware, device: Device) -> None:
        self._tables, self._static = firmware.tables, firmware.static
        self._variables = firmware.static.memory.variables
        self._offsets = offsets(self._variables)
        self._device = device
        self._state = TableState(firmware.tables)
        network = firmware.tables.network
        self._plans = sample_plans(network, firmware.tables.seed)
        self._own = drive_of(network).spikes
        self._signals = [i for i in self._tables.inputs if isinstance(i, SignalTable)]
        self._driven: dict[str, NDArray[Any]] = {}
        self._stale = True
        self._flash = self._weights_in_flash()

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do one step after another."""
        check_trains(self._own, drive)
        for _ in range(steps):
            self._drive_signals(drive)
            found = self._device.step(self._events(drive))
            self._stale = True
            self._record(found, sink)
            self.step += 1
        return steps

    def _events(self, drive: Drive) -> list[Event]:
        return [
            (self._tables.sources.index(name), int(cell))
            for name, spikes in drive.spikes.items()
            for cell in spikes.at(self.step)
        ]

    def _drive_signals(self, drive: Drive) -> None:
        for place, item in enumerate(self._tables.inputs):
            if not isinstance(item, SignalTable):
                continue
            name = item.node.name
            signal = drive.signals[name].at(self.step)
            node = item.node
            values = np.atleast_1d(self._tables.numbers.encode(node.post, node.port, signal))
            if name not in self._driven or not np.array_equal(values, self._driven[name]):
                self._device.drive(place, values)
                self._driven[name] = values

    def _record(self, found: Iterable[Event], sink: Sink) -> None:
        by_source: dict[int, list[int]] = {}
        for source, cell in found:
            by_source.setdefault(source, []).append(cell)
        for source, cells in by_source.items():
            step = np.full(len(cells), self.step, np.int64)
            sink.add_spikes(self._tables.sources[source], step, np.array(cells, np.int64))
        due = [plan for plan in self._plans if self.step % plan.every == 0]
        for plan in due:
            values = self.read(plan.target, plan.variable)[plan.index][None]
            sink.add_samples(plan.target, plan.variable, np.array([self.step]), values)

    # State ---------------------------------------------------------------------------------------

    def _pull(self) -> None:
        """Copy the device's memory into the arrays that mirror it."""
        if not self._stale:
            return
        state = self._device.read_state()
        for v in self._variables:
            place = self._offsets[v.name]
            values = np.frombuffer(state, v.dtype, v.array.size, place)
            v.array[...] = values.reshape(v.array.shape)
        self._stale = False

    def _weights_in_flash(self) -> dict[str, NDArray[Any]]:
        """Synaptic variables that no program writes, under the names of a snapshot."""
        is_variable = self._static.memory.is_variable
        snapshot = self._state.snapshot(0)
        names = {
            f"synapse/{name}/{variable}"
            for name in (projection.name for projection in self._tables.network.projections)
            for group in self._tables.groups(name)
            for variable in (WEIGHT, *group.state)
            if group.count and not is_variable(group.state.get(variable, NOTHING))
        }
        return {name: snapshot[name] for name in names}

    def _check_flash(self, name: str, stored: NDArray[Any]) -> None:
        """What is in flash cannot be changed."""
        if name in self._flash and not np.array_equal(self._flash[name], stored):
            raise ParameterError(
                "is part of the firmware and cannot be changed.",
                where=name.removeprefix("synapse/"),
                hint="Change the network, and build the firmware anew.",
            )

    def _push(self) -> None:
        for variable in self._variables:
            _check_fits(variable)
        parts = (np.ascontiguousarray(v.array, v.dtype).tobytes() for v in self._variables)
        self._device.write_state(b"".join(parts), self.step)

    def read(self, target: str, variable: str) -> NDArray[Any]:
        """A copy of a variable's values."""
        self._pull()
        return self._state.read(target, variable)

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values.

        Raises
        ------
        ParameterError
            If it is in flash and would change.
        """
        stored = self._tables.numbers.encode(target, variable, values)
        self._check_flash(f"synapse/{target}/{variable}", stored)
        self._pull()
        self._state.write(target, variable, values)
        self._push()

    def snapshot(self) -> Snapshot:
        """The complete state."""
        self._pull()
        result = self._state.snapshot(self.step)
        for source, bits in enumerate(self._static.spikes):
            ages = self._tables.ages[source]
            lists = [gather_bits(bits, self.step - 1 - age) for age in range(ages)]
            result[f"history/{self._tables.sources[source]}"] = history_rows(lists)
        return result

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`.

        Raises
        ------
        ParameterError
            If weights that are in flash differ.
        """
        for name in self._flash:
            self._check_flash(name, snapshot[name])
        self.step = int(snapshot["step"])
        self._state.restore(snapshot)
        for source, bits in enumerate(self._static.spikes):
            bits[...] = 0
            rows = snapshot[f"history/{self._tables.sources[source]}"]
            for age, chosen in enumerate(history_lists(rows, self._tables.ages[source])):
                scatter_bits(bits, self.step - 1 - age, chosen)
        self._push()
        self._driven.clear()
        self._stale = False

    def describe(self) -> Mapping[str, str]:
        """What ran."""
        return self._device.describe()

    def close(self) -> None:
        """Free the device."""
        self._device.close()


def _check_fits(variable: Variable) -> None:
    """A device may store integers in fewer bits than this computer."""
    if variable.array.dtype == variable.dtype or not variable.array.size:
        return
    largest = int(np.abs(variable.array.astype(np.int64)).max())
    if largest > np.iinfo(variable.dtype).max:
        raise ParameterError(
            f"{largest} does not fit the {8 * variable.dtype.itemsize} bits that it has on the device.",
            where=f"{variable.owner or variable.name}, {variable.part}",
            hint="Restore a state of the same network.",
        )


def check_trains(own: Mapping[str, Spikes], drive: Drive) -> None:
    """Spikes that are part of a firmware cannot be taken back.

    Raises
    ------
    ParameterError
        If `drive` has others for a source that fires by itself.
    """
    for name, spikes in own.items():
        if len(spikes.step) and not _same(spikes, drive.spikes[name]):
            raise ParameterError(
                "its spikes are part of the firmware and cannot be replaced.",
                where=f"inputs[{name!r}]",
                hint="Build the network with an empty SpikeSourceArray.",
            )


def _same(one: Spikes, other: Spikes) -> bool:
    return np.array_equal(one.step, other.step) and np.array_equal(one.index, other.index)
