"""The reference interpreter as a backend: slow, for any network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Backend, Engine, Snapshot
from neuro.backends.rules import refuse
from neuro.drive import Drive
from neuro.errors import Finding
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.network import Network
from neuro.recording.collect import Sink
from neuro.reference import Interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceOptions:
    """The interpreter has no options."""


class ReferenceBackend(Backend):
    """Runs networks with the interpreter that specifies them."""

    name: ClassVar[str] = "reference"
    summary: ClassVar[str] = "the interpreter that specifies what a network means; slow"
    Options: ClassVar[type[Any]] = ReferenceOptions

    def check(self, network: Network, options: ReferenceOptions) -> list[Finding]:
        """The interpreter runs every network; in fixed point, if it has an integer form."""
        return fixed_findings(network)

    def compile(self, network: Network, options: ReferenceOptions, seed: int) -> Engine:
        """An interpreter before step 0."""
        refuse(self.name, self.check(network, options))
        return ReferenceEngine(network, seed)


class ReferenceEngine(Engine):
    """The interpreter behind the engine's contract."""

    def __init__(self, network: Network, seed: int) -> None:
        self._interpreter = Interpreter(network, seed)

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do `steps` steps."""
        done = self._interpreter.advance(steps, drive, sink)
        self.step = self._interpreter.step
        return done

    def read(self, target: str, variable: str) -> NDArray[Any]:
        """A copy of a variable's values."""
        return self._interpreter.read(target, variable).copy()

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values."""
        self._interpreter.assign(target, variable, values)

    def snapshot(self) -> Snapshot:
        """The complete state."""
        return self._interpreter.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`."""
        self._interpreter.restore(snapshot)
        self.step = self._interpreter.step
