"""Runs networks with neuro's interpreter, refuses some, and gets refractory periods wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Backend, Engine, Snapshot
from neuro.backends.rules import refuse
from neuro.drive import Drive
from neuro.errors import Finding
from neuro.ir.network import Network
from neuro.recording.collect import Sink
from neuro.reference import Interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOptions:
    """Options of the example.

    Attributes
    ----------
    refractory
        ``"forget"`` drops refractory periods without a word, as a careless backend would.
    verbose
        Says more.
    """

    refractory: Literal["keep", "forget"] = "forget"
    verbose: bool = False


class ExampleBackend(Backend):
    """An example."""

    name: ClassVar[str] = "example"
    summary: ClassVar[str] = "an example of a backend in another package"
    Options: ClassVar[type[Any]] = ExampleOptions

    def check(self, network: Network, options: ExampleOptions) -> list[Finding]:
        """No graded projections, and no fixed point."""
        findings = [
            Finding(
                severity="error",
                rule="graded",
                where=f"graded projection {node.name!r}",
                what="is not possible on 'example'.",
            )
            for node in network.graded
        ]
        if network.format.kind == "fixed":
            what = "is in fixed point, which 'example' has not."
            findings.append(
                Finding(severity="error", rule="number-format", where="network", what=what)
            )
        return findings

    def compile(self, network: Network, options: ExampleOptions, seed: int) -> Engine:
        """An engine."""
        refuse(self.name, self.check(network, options))
        if options.refractory == "forget":
            network = replace(
                network,
                populations=tuple(
                    replace(p, cell=replace(p.cell, refractory=None)) for p in network.populations
                ),
            )
        return ExampleEngine(network, seed)


class ExampleEngine(Engine):
    """The interpreter."""

    def __init__(self, network: Network, seed: int) -> None:
        self._interpreter = Interpreter(network, seed)

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        done = self._interpreter.advance(steps, drive, sink)
        self.step = self._interpreter.step
        return done

    def read(self, target: str, variable: str) -> NDArray[Any]:
        return self._interpreter.read(target, variable).copy()

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        self._interpreter.assign(target, variable, values)

    def snapshot(self) -> Snapshot:
        return self._interpreter.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        self._interpreter.restore(snapshot)
        self.step = self._interpreter.step
