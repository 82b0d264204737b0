"""What a network will take on a board, as ``neuro check`` shows it; one function a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from neuro.cli.console import out, print_table
from neuro.ir.network import Network
from neuro.simulation.choose import choose_seed

if TYPE_CHECKING:
    from neuro.deploy.predict import Prediction
    from neuro.deploy.spinnaker.predict import Prediction as SpinnakerPrediction


@dataclass(frozen=True, slots=True)
class Space:
    """What is predicted.

    Attributes
    ----------
    key, tree
        Where it stands in JSON, and what.
    show
        Prints it.
    """

    key: str
    tree: dict[str, Any]
    show: Callable[[], None]


def target_of(board: str) -> str:
    """The target that a board is for: ``"spinnaker"``, or ``"cortex-m"`` for all with a compiler."""
    from neuro.deploy.board import Board, read_board

    found = read_board(board)
    return "cortex-m" if isinstance(found, Board) else found.target


def _firmware(network: Network, options: dict[str, Any], inputs: Mapping[str, Any]) -> Space | None:
    del inputs  # they come to a firmware while it runs
    from neuro.deploy.backend import CortexMOptions
    from neuro.deploy.board import load_board
    from neuro.deploy.fits import predict_network

    chosen = CortexMOptions(**options)
    memory = predict_network(
        network,
        load_board(chosen.board),
        seed=choose_seed(network, None),
        optimise=chosen.optimise,
    )
    return None if memory is None else Space("memory", memory.as_dict(), partial(_memory, memory))


def _memory(memory: Prediction) -> None:
    rows = [(part.name, f"{part.flash:,}", f"{part.ram:,}") for part in memory.parts]
    rows.append(("all", f"{memory.flash:,}", f"{memory.ram:,}"))
    rows.append((memory.board, f"{memory.flash_size:,}", f"{memory.ram_size:,}"))
    title = f"Bytes on {memory.board} with {memory.optimise}, predicted"
    print_table(title, ("part", "flash", "RAM"), rows)
    out.print(
        f"code is an estimate of GCC's, ±{memory.error:.0%} of {memory.code:,} bytes; "
        "all else is exact"
    )


def _spinnaker(
    network: Network, options: dict[str, Any], inputs: Mapping[str, Any]
) -> Space | None:
    from neuro.deploy.spinnaker.backend import ANY_LENGTH, SpinnakerOptions
    from neuro.deploy.spinnaker.boards import load_spinnaker_board
    from neuro.deploy.spinnaker.rules import spinnaker_findings
    from neuro.drive import drive_of

    board = load_spinnaker_board(SpinnakerOptions(**options).board)
    seed, drive = choose_seed(network, None), drive_of(network, inputs)
    _, found = spinnaker_findings(network, board, ANY_LENGTH, seed, drive)
    return None if found is None else Space("space", asdict(found), partial(_cores, found))


def _cores(found: SpinnakerPrediction) -> None:
    rows = [(part.name, f"{part.cores:,}", f"{part.sdram:,}") for part in found.parts]
    rows.append(("all", f"{found.cores:,}", f"{found.sdram:,}"))
    rows.append((found.board, f"{found.free_cores:,}", f"{found.free_sdram:,}"))
    columns = ("population", "cores", "bytes of SDRAM")
    print_table(f"On {found.board}, predicted", columns, rows)
    out.print(f"SDRAM holds what is recorded in {found.steps:,} steps between two read-outs.")


SPACE: dict[str, Callable[[Network, dict[str, Any], Mapping[str, Any]], Space | None]] = {
    "cortex-m": _firmware,
    "spinnaker": _spinnaker,
    "pynn:spinnaker": _spinnaker,
}
"""Targets whose space is predicted."""
