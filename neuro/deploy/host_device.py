"""A firmware on this computer: the same C as on a device, compiled by the host's compiler."""

from __future__ import annotations

import ctypes
import shutil
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.c.compiler import Library, compile_library
from neuro.backends.firmware.generate import HEADER, Firmware
from neuro.deploy.device import Event, check_status

_STRUCT = struct.Struct("<IIIIi")


class HostDevice:
    """The firmware as a shared library, used through its public functions only.

    Parameters
    ----------
    firmware
        What to compile and run.

    Raises
    ------
    CompilerError
        If there is no C compiler, or it refuses the code.
    """

    def __init__(self, firmware: Firmware) -> None:
        self._prefix = firmware.prefix
        self._library: Library = compile_library(one_file(firmware))
        self._functions = _own_copy(self._library.path)
        self._net = ctypes.c_uint32(0)
        self._size = HEADER + firmware.state_size
        room = sum(source.size for source in firmware.tables.network.sources.values())
        self._out = np.zeros((max(1, room), 2), np.uint16)
        self._kept: dict[int, NDArray[Any]] = {}
        self._call("init")

    def _call(self, name: str, *arguments: Any) -> None:
        function = getattr(self._functions, f"{self._prefix}_{name}")
        status = function(ctypes.byref(self._net), *arguments)
        check_status(status, f"{self._prefix}_{name}")

    def step(self, events: list[Event]) -> list[Event]:
        """Do one step."""
        given = np.array(events, np.uint16).reshape(-1, 2)
        count = ctypes.c_uint32(len(self._out))
        pointer = ctypes.c_void_p(given.ctypes.data)
        out = ctypes.c_void_p(self._out.ctypes.data)
        self._call("step", pointer, len(given), out, ctypes.byref(count))
        return [(int(source), int(cell)) for source, cell in self._out[: count.value]]

    def drive(self, place: int, values: NDArray[Any]) -> None:
        """Set a current from now on."""
        self._kept[place] = np.ascontiguousarray(values)
        pointer = ctypes.c_void_p(self._kept[place].ctypes.data)
        self._call("drive", place, pointer, len(values))

    def read_state(self) -> bytes:
        """All that changes."""
        buffer = ctypes.create_string_buffer(self._size)
        self._call("save", buffer, self._size)
        return buffer.raw[HEADER:]

    def write_state(self, state: bytes, step: int) -> None:
        """Set all that changes, and the next step."""
        buffer = ctypes.create_string_buffer(self._size)
        self._call("save", buffer, self._size)
        magic, identity, size, _, _ = _STRUCT.unpack(buffer.raw[:HEADER])
        header = _STRUCT.pack(magic, identity, size, state_check(state, step), step)
        self._call("load", header + state, self._size)

    def check(self) -> int:
        """The check sum of the state."""
        function = getattr(self._functions, f"{self._prefix}_check")
        function.restype = ctypes.c_uint32
        return int(function(ctypes.byref(self._net)))

    def describe(self) -> Mapping[str, str]:
        """The compiler."""
        return {"board": "host", "compiler": self._library.compiler}

    def close(self) -> None:
        """Nothing is held."""


def _own_copy(library: Path) -> ctypes.CDLL:
    """`library`, loaded with static memory of its own: a file that is loaded twice shares it."""
    with tempfile.TemporaryDirectory(prefix="neuro-host-") as place:
        return ctypes.CDLL(shutil.copy(library, place))


def one_file(firmware: Firmware) -> str:
    """Header and source as one translation unit."""
    include = f'#include "{firmware.prefix}.h"\n'
    return firmware.header + firmware.source.replace(include, "")


def state_check(state: bytes, step: int) -> int:
    """The check sum of a saved state: FNV-1a in 32 bits over the step, then the state."""
    check = 2166136261
    for byte in struct.pack("<i", step) + state:
        check = (check ^ byte) * 16777619 & 0xFFFFFFFF
    return check
