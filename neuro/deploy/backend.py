"""The backend ``cortex-m``: a network's firmware, built for a board and run in an emulator."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any, ClassVar

from neuro.backends.contract import Backend, Engine
from neuro.backends.firmware.generate import generate
from neuro.backends.firmware.identifiers import prefix_of
from neuro.backends.firmware.rules import firmware_findings
from neuro.backends.rules import refuse
from neuro.deploy.board import Board, load_board
from neuro.deploy.device import Device, DeviceEngine
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.deploy.fits import board_findings
from neuro.deploy.host_device import HostDevice
from neuro.deploy.toolchain import find_toolchain
from neuro.errors import CompilerError, Finding
from neuro.ir.network import Network
from neuro.recording.provenance import Device as Kind
from neuro.simulation.choose import choose_seed

INSTALL = "pip install 'neuro-spiking[mcu]'"


def _compiler(board: Board, which: str) -> list[Finding]:
    """A warning if nothing compiles for `board`."""
    try:
        find_toolchain(board, which)
    except CompilerError as error:
        return [
            Finding(
                severity="warning",
                rule="no-compiler",
                where=error.where,
                what=error.what,
                hint=error.hint,
            )
        ]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class CortexMOptions:
    """Options of the backend ``cortex-m``.

    Attributes
    ----------
    board
        Name of a board, or path of a board file; ``"host"`` compiles the firmware for this computer.
    toolchain
        ``"auto"`` (the board's own compiler, else zig), ``"gcc"`` or ``"zig"``.
    optimise
        Such as ``"-O2"`` or ``"-Os"``.
    """

    board: str = "stm32f405"
    toolchain: str = "auto"
    optimise: str = "-O2"


class CortexMBackend(Backend):
    """Builds the firmware and runs it in unicorn, one step a call."""

    name: ClassVar[str] = "cortex-m"
    summary: ClassVar[str] = "firmware for a board, run in an emulator"
    device: ClassVar[Kind] = "emulated"
    Options: ClassVar[type[Any]] = CortexMOptions

    def unavailable(self) -> str:
        """Says what has to be installed."""
        missing = [name for name in ("unicorn", "elftools") if not importlib.util.find_spec(name)]
        return f"needs {' and '.join(missing)}: {INSTALL}" if missing else ""

    def runs_on(self, options: CortexMOptions) -> Kind:
        """An emulated board, or this machine, if that is the board."""
        return self.device if load_board(options.board).processor.bare else "host"

    def check(self, network: Network, options: CortexMOptions) -> list[Finding]:
        """What has no C form, what it takes on the board, and whether there is a compiler.

        No compiler runs, and none is needed: without one the network can still be exported.
        """
        board = load_board(options.board)
        findings = firmware_findings(network, self.name)
        if not any(finding.severity == "error" for finding in findings):
            seed = choose_seed(network, None)
            findings += board_findings(network, board, seed=seed, optimise=options.optimise)
        return [*findings, *_compiler(board, options.toolchain)]

    def compile(self, network: Network, options: CortexMOptions, seed: int) -> Engine:
        """Generate, build and start the firmware.

        Raises
        ------
        CompilerError
            If there is no compiler, or it refuses the code.
        DeviceError
            If the program does not fit the board.
        """
        refuse(self.name, self.check(network, options))
        board = load_board(options.board)
        firmware = generate(network, seed, prefix_of(network.name))
        device: Device
        if board.processor.bare:
            device = EmulatedDevice(
                firmware, board, toolchain=options.toolchain, optimise=options.optimise
            )
        else:
            device = HostDevice(firmware)
        return DeviceEngine(firmware, device)
