"""Static memory of a firmware: what changes in RAM, what does not in flash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuro.backends.firmware.identifiers import Unique

Array = NDArray[Any]
Part = Literal["state", "rings", "weights", "traces", "spikes", "inputs"]
"""What a piece of RAM is for."""

TIME = np.dtype(np.int32)
"""Steps on a device: enough for 24 days of milliseconds."""
LAST_STEP = 0x7F00_0000
"""Steps that a device does at most, ``NR_LAST_STEP`` of deploy/runtime/neuro_device.h."""


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """An array in RAM.

    Attributes
    ----------
    name, type
        Field of the state's struct and its C type.
    array
        The array on this computer that mirrors it; its initial values are those of the device.
    dtype
        Type of its elements on the device.
    part, owner
        What it is for, and the population, projection or input that it belongs to.
    """

    name: str
    type: str
    array: Array
    dtype: np.dtype[Any]
    part: Part
    owner: str

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return int(self.array.size) * self.dtype.itemsize


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An array in flash.

    Attributes
    ----------
    name, type, array
        Its name and type in C, and its values.
    part, owner
        What it is for, such as ``"target"``, and the population, projection or input that it
        belongs to, or the first of those that share it.
    """

    name: str
    type: str
    array: Array
    part: str
    owner: str

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return int(self.array.nbytes)


class Memory:
    """Collects variables and constants; arrays that share memory here share it there.

    Parameters
    ----------
    real
        Type of the network's numbers.
    """

    def __init__(self, real: np.dtype[Any]) -> None:
        self._real = real
        self._variables: dict[int, Variable] = {}
        self._constants: dict[tuple[str, bytes], Constant] = {}
        self._names = Unique()

    def variable(
        self, array: Array, name: str, part: Part, owner: str, dtype: np.dtype[Any] | None = None
    ) -> str:
        """The C expression for the address of `array`, which is placed in RAM."""
        if not array.size:
            return "0"
        place = int(array.ctypes.data)
        if place not in self._variables:
            kind = array.dtype if dtype is None else dtype
            self._variables[place] = Variable(
                self._names(name), self._type(kind), array, kind, part, owner
            )
        return f"S.{self._variables[place].name}"

    def constant(self, array: Array, name: str, owner: str) -> str:
        """The C expression for the address of `array`, which is placed in flash; equal ones once."""
        if not array.size:
            return "0"
        key = (array.dtype.str, np.ascontiguousarray(array).tobytes())
        if key not in self._constants:
            part, kind = name.removesuffix(f"_{owner}"), self._type(array.dtype)
            self._constants[key] = Constant(self._names(name), kind, array.reshape(-1), part, owner)
        return self._constants[key].name

    def is_variable(self, array: Array) -> bool:
        """True if `array` has been placed in RAM."""
        return bool(array.size) and int(array.ctypes.data) in self._variables

    @property
    def constants(self) -> list[Constant]:
        """All constants, in the order in which they were placed."""
        return list(self._constants.values())

    @property
    def variables(self) -> list[Variable]:
        """All variables, the widest types first, so that there is no padding between them."""
        return sorted(self._variables.values(), key=lambda v: -v.dtype.itemsize)

    def _type(self, dtype: np.dtype[Any]) -> str:
        if dtype == self._real:
            return "real"
        return f"{'u' if dtype.kind == 'u' else ''}int{8 * dtype.itemsize}_t"


def offsets(variables: list[Variable]) -> dict[str, int]:
    """Where each variable starts in the state's struct."""
    place, found = 0, {}
    for variable in variables:
        found[variable.name] = place
        place += variable.nbytes
    return found
