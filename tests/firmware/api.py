"""The public functions of an exported network, called as C calls them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from neuro.backends.firmware.generate import HEADER, Firmware, generate
from neuro.deploy.host_device import HostDevice
from neuro.ir.network import Network
from tests.firmware.networks import Event

PREFIX = "tested"


class Status(IntEnum):
    """nr_status of deploy/runtime/neuro.h."""

    OK = 0
    NULL = 1
    NOT_READY = 2
    BAD_SOURCE = 3
    BAD_CELL = 4
    NO_ROOM = 5
    BAD_IMAGE = 6
    STEP_LIMIT = 7
    BAD_INPUT = 8


_MADE: dict[tuple[str, int], Firmware] = {}


def firmware_of(network: Network, seed: int = 0) -> Firmware:
    """The firmware of `network`, made once."""
    key = (network.content_hash, seed)
    if key not in _MADE:
        _MADE[key] = generate(network, seed, PREFIX)
    return _MADE[key]


class Api:
    """A network's functions in a library of its own, and one handle, which is initialised."""

    def __init__(self, network: Network, seed: int = 0, *, ready: bool = True) -> None:
        self.firmware = firmware_of(network, seed)
        self.sources = list(self.firmware.tables.sources)
        device = HostDevice(self.firmware)
        self.library = device._functions
        self.handle = ctypes.c_uint32(0)
        self.net: Any = ctypes.byref(self.handle)
        self.kept: list[Any] = []
        if ready:
            assert self.call("init") is Status.OK

    def function(self, name: str, result: Any = ctypes.c_int) -> Any:
        found = self.library[f"{PREFIX}_{name}"]
        found.restype = result
        return found

    def call(self, name: str, *arguments: Any) -> Status:
        return Status(self.function(name)(self.net, *arguments))

    # Steps

    def step(
        self, events: Sequence[Event] = (), room: int = 1000
    ) -> tuple[Status, list[Event], int]:
        """One step with `room` for spikes: its status, the spikes, and what `*n_out` is then."""
        given = np.array(events, np.uint16).reshape(-1, 2)
        out = np.full((room + 1, 2), 0xBEEF, np.uint16)
        count = ctypes.c_uint32(room)
        status = self.call(
            "step", given.ctypes.data_as(ctypes.c_void_p), len(given), address(out), byref(count)
        )
        assert (out[room:] == 0xBEEF).all(), "wrote beyond the room"
        spikes = [(int(s), int(c)) for s, c in out[: min(room, count.value)]]
        return status, spikes, count.value

    def play(self, steps: Iterable[Sequence[Event]]) -> list[list[Event]]:
        """The spikes of several steps."""
        found = []
        for events in steps:
            status, spikes, _ = self.step(events)
            assert status is Status.OK
            found.append(spikes)
        return found

    def idle(self, steps: int) -> list[list[Event]]:
        return self.play([()] * steps)

    @property
    def steps(self) -> int:
        return int(self.function("steps")(self.net))

    @property
    def check(self) -> int:
        return int(self.function("check", ctypes.c_uint32)(self.net))

    def drive(self, place: int, values: Any) -> Status:
        """A current from now on."""
        self.kept.append(np.atleast_1d(np.asarray(values, self.firmware.tables.dtype)))
        return self.call("drive", place, address(self.kept[-1]), len(self.kept[-1]))

    # State

    @property
    def state_size(self) -> int:
        return HEADER + self.firmware.state_size

    @property
    def learnt_size(self) -> int:
        learnt = (v for v in self.firmware.static.memory.variables if v.part == "weights")
        return HEADER + sum(v.nbytes for v in learnt)

    def save(self, what: str = "save") -> bytes:
        buffer = ctypes.create_string_buffer(
            self.state_size if what == "save" else self.learnt_size
        )
        assert self.call(what, buffer, len(buffer)) is Status.OK
        return buffer.raw

    def load(self, image: bytes, what: str = "load") -> Status:
        return self.call(what, image, len(image))

    def input(self, name: str) -> int:
        """Number of a current input."""
        return [item.node.name for item in self.firmware.tables.inputs].index(name)


def address(array: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


byref = ctypes.byref
