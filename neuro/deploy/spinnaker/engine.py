"""Engines of SpiNNaker: one that only maps, and one that runs on a machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Engine, Snapshot
from neuro.backends.pynn.engine import PyNNEngine
from neuro.backends.pynn.process import run_script
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.backends.pynn.translate import Plan
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.deploy.spinnaker.mapping import describe, map_plan, plan_for
from neuro.deploy.spinnaker.project import write_project
from neuro.deploy.spinnaker.report import MappingReport
from neuro.drive import Drive
from neuro.errors import UnsupportedError
from neuro.ir.network import Network
from neuro.ir.synapse import WEIGHT
from neuro.recording.collect import Sink
from neuro.units import parse_unit


class MappingEngine(Engine):
    """A network that is placed and routed, and never runs: it records nothing.

    Attributes
    ----------
    report
        Where the network lies; None before the first steps.
    """

    def __init__(self, network: Network, board: SpinnakerBoard, seed: int, timeout: float) -> None:
        self._network, self._board = network, board
        self._seed, self._timeout = seed, timeout
        self._weights: Mapping[str, NDArray[np.float64]] = {}
        self.report: MappingReport | None = None
        self.step = 0

    def prepare(self, steps: int, drive: Drive) -> None:
        """Map the network for a run up to `steps` steps from here."""
        end = self.step + steps
        plan = plan_for(self._network, self._board, end, seed=self._seed, drive=drive)
        mapped = map_plan(plan, self._board, timeout=self._timeout)
        self.report, self._weights = mapped.report, mapped.weights

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do nothing: there are no spikes to record."""
        if self.report is None:
            self.prepare(steps, drive)
        self.step += steps
        return steps

    def read(self, target: str, variable: str) -> NDArray[Any]:
        """Weights as the board would hold them before step 0."""
        if variable != WEIGHT or target not in self._weights:
            raise self._cannot()
        projection = self._network.projection(target)
        cell = self._network.population(projection.post).cell
        unit = parse_unit(next(p.unit for p in cell.ports if p.name == projection.port))
        return np.asarray(unit.to_si(self._weights[target]))

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Not possible."""
        raise self._cannot()

    def snapshot(self) -> Snapshot:
        """Not possible."""
        raise self._cannot()

    def restore(self, snapshot: Snapshot) -> None:
        """Not possible."""
        raise self._cannot()

    def describe(self) -> Mapping[str, str]:
        """The board, and where the network lies on it."""
        facts = {"board": self._board.name}
        if self.report is None:
            return facts
        facts |= {name: str(value) for name, value in describe(self.report).items()}
        facts |= self.report.versions
        return facts | {"mapping": json.dumps(self.report.as_dict())}

    def _cannot(self) -> UnsupportedError:
        return UnsupportedError(
            f"the network was mapped onto {self._board.name}, but nothing runs without the board.",
            hint="Weights can be read after a run; for the rest name a machine in the board's file.",
        )


class MachineEngine(PyNNEngine):
    """A network on a SpiNNaker machine, through the script that is exported for it."""

    def __init__(self, network: Network, board: SpinnakerBoard, seed: int, timeout: float) -> None:
        super().__init__(network, SPINNAKER, seed, timeout=timeout, facts={"board": board.name})
        self._board = board

    def _plan(self, end: int, drive: Drive) -> Plan:
        return plan_for(self._network, self._board, end, seed=self._seed, drive=drive)

    def _run(self, folder: Path) -> None:
        """Run the exported script and put its results where the base class reads them."""
        plan = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        with np.load(folder / "network.npz") as arrays:
            write_project(Plan(plan, dict(arrays)), self._board, folder)
        run_script(
            folder / "run.py",
            [],
            folder,
            where=f"board {self._board.name!r}",
            timeout=self._timeout,
        )
        (folder / "results.npz").replace(folder / "result.npz")
        (folder / "result.json").write_text("{}", encoding="utf-8")
