"""Export a network as a folder that runs on a SpiNNaker machine, without neuro."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro.backends.rules import refuse
from neuro.deploy.project_files import write_folder
from neuro.deploy.spinnaker.boards import load_spinnaker_board
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.deploy.spinnaker.mapping import plan_for
from neuro.deploy.spinnaker.predict import Prediction
from neuro.deploy.spinnaker.project import project_texts
from neuro.deploy.spinnaker.rules import spinnaker_findings
from neuro.drive import drive_of
from neuro.errors import Finding
from neuro.files import replacing
from neuro.ir.network import Network
from neuro.simulation.choose import choose_seed
from neuro.version import __version__


@dataclass(frozen=True, slots=True)
class SpinnakerExport:
    """An exported project.

    Attributes
    ----------
    folder, board
        Where it is, and for which board.
    findings
        What the board changes; no errors among them.
    prediction
        Cores and SDRAM that it will take.
    """

    folder: Path
    board: SpinnakerBoard
    findings: tuple[Finding, ...]
    prediction: Prediction


def export_spinnaker(
    network: Network,
    board: SpinnakerBoard,
    out: Path,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    force: bool = False,
) -> SpinnakerExport:
    """Write a folder that runs `network` on `board`; sPyNNaker need not be installed here.

    Parameters
    ----------
    network
        A verified network.
    board
        Which machine.
    out
        Folder to write.
    steps, inputs
        Length of the run, and inputs as for `neuro.simulate`.
    seed
        Seed of connections and values; by default the network's, or 0.
    force
        True writes into a folder that is not empty; see `write_folder`.

    Raises
    ------
    UnsupportedError
        If the network does not fit the board; nothing is written then.
    StorageError
        If the folder is not empty and `force` is False, or cannot be written.
    """
    chosen, drive = choose_seed(network, seed), drive_of(network, inputs)
    findings, prediction = spinnaker_findings(network, board, steps, chosen, drive)
    refuse(f"spinnaker, {board.name}", findings)
    assert prediction is not None
    plan = plan_for(network, board, steps, seed=chosen, drive=drive)
    facts = {
        "neuro": __version__,
        "network": network.name,
        "network_hash": network.content_hash,
        "board": board.name,
        "seed": chosen,
        "steps": steps,
    }
    texts = project_texts(plan, board, findings)
    write_folder(out, texts, facts, force=force)
    with replacing(out / "network.npz") as beside:
        plan.write_arrays(beside)
    return SpinnakerExport(out, board, tuple(findings), prediction)


def export_files(
    network: Network,
    out: Path,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    force: bool = False,
    board: str = "spinn5",
) -> list[Path]:
    """As `export_spinnaker`, for a board by name or path; returns the files."""
    chosen = load_spinnaker_board(board)
    export_spinnaker(network, chosen, out, steps=steps, inputs=inputs, seed=seed, force=force)
    return sorted(path for path in out.rglob("*") if path.is_file())
