"""Map a network onto a virtual board: sPyNNaker places and routes it, and nothing runs."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.pynn.process import private_folder, run_script
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.backends.pynn.translate import Plan, add_drive, translate
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.deploy.spinnaker.project import write_project
from neuro.deploy.spinnaker.report import MappingReport, read_reports
from neuro.drive import Drive, drive_of
from neuro.errors import UnavailableError
from neuro.ir.network import Network

TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping gives: the report, and weights as the board would hold them (PyNN's unit)."""

    report: MappingReport
    weights: Mapping[str, NDArray[np.float64]]


def plan_for(
    network: Network, board: SpinnakerBoard, steps: int, *, seed: int, drive: Drive | None = None
) -> Plan:
    """`network` translated for SpiNNaker, with its drive.

    Parameters
    ----------
    network
        A network without errors in `rules.findings`.
    board
        Decides how many neurons a core takes.
    steps
        Length of the run.
    seed, drive
        As for a run; the declared drive if it is None.
    """
    plan = translate(network, SPINNAKER, seed)
    setup = plan.tree["simulator"]["setup"]
    del setup["max_delay"]  # sPyNNaker ignores it and says so
    if board.time_scale_factor > 1:
        setup["time_scale_factor"] = board.time_scale_factor
    plan.tree["neurons_per_core"] = dict(board.neurons_per_core)
    add_drive(plan, network, drive if drive is not None else drive_of(network), steps)
    return plan


def map_plan(plan: Plan, board: SpinnakerBoard, *, timeout: float = TIMEOUT) -> Mapped:
    """Have sPyNNaker map `plan` onto a virtual board like `board`.

    Raises
    ------
    UnavailableError
        If sPyNNaker is not installed.
    DeviceError
        If it fails, or takes more than `timeout` seconds.
    """
    problem = missing(SPINNAKER)
    if problem:
        raise UnavailableError(f"{problem}.", where="SpiNNaker")
    with private_folder() as folder:
        write_project(plan, board, folder)
        run_script(
            folder / "run.py",
            ["--virtual"],
            folder,
            where="sPyNNaker on a virtual board",
            timeout=timeout,
        )
        report = read_reports(
            folder / "virtual", board=board.name, steps=plan.tree["steps"], versions=tool_versions()
        )
        with np.load(folder / "results.npz") as found:
            weights = {name.removeprefix("weights/"): value for name, value in found.items()}
    return Mapped(report, weights)


def tool_versions() -> dict[str, str]:
    """Versions of sPyNNaker and PyNN."""
    found: dict[str, str] = {}
    for package in ("sPyNNaker", "PyNN"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(report: MappingReport) -> dict[str, Any]:
    """The report's totals, for people and provenance."""
    return {
        "cores": len(report.placed),
        "chips": report.chips_used,
        "sdram": report.sdram,
        "router entries": report.entries,
    }
