"""The backend ``spinnaker``: a machine where there is one, else a virtual board that only maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from neuro.backends.contract import Backend, Engine
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.backends.rules import refuse
from neuro.deploy.spinnaker.boards import load_spinnaker_board
from neuro.deploy.spinnaker.engine import MachineEngine, MappingEngine
from neuro.deploy.spinnaker.rules import missing_package, spinnaker_findings
from neuro.errors import Finding, UnavailableError
from neuro.ir.network import Network
from neuro.recording.provenance import Device

ANY_LENGTH = 2**31
"""More steps than a run has: all declared spikes count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinnakerOptions:
    """Options of the backend ``spinnaker``.

    Attributes
    ----------
    board
        Name of a board, or path of a board file.
    timeout
        Seconds that mapping or running may take.
    """

    board: str = "spinn5"
    timeout: float = 600.0


class SpinnakerBackend(Backend):
    """Maps networks with sPyNNaker; runs them if the board's file names a machine."""

    name: ClassVar[str] = "spinnaker"
    summary: ClassVar[str] = "SpiNNaker, through sPyNNaker; without a machine it maps only"
    device: ClassVar[Device] = "mapping only"
    comparison: ClassVar[Literal["state", "spikes"]] = "spikes"
    Options: ClassVar[type[Any]] = SpinnakerOptions

    def unavailable(self) -> str:
        """Says what has to be installed."""
        return missing(SPINNAKER)

    def runs_on(self, options: SpinnakerOptions) -> Device:
        """A device if the board's file names a machine."""
        return "device" if load_spinnaker_board(options.board).is_real else "mapping only"

    def check(self, network: Network, options: SpinnakerOptions) -> list[Finding]:
        """What does not fit the board, and what it changes; works without sPyNNaker."""
        board = load_spinnaker_board(options.board)
        found, _ = spinnaker_findings(network, board, ANY_LENGTH, network.seed or 0)
        return [*missing_package(), *found]

    def compile(self, network: Network, options: SpinnakerOptions, seed: int) -> Engine:
        """An engine; sPyNNaker is started when it is known how many steps there are.

        Raises
        ------
        UnsupportedError
            If the network does not fit the board.
        UnavailableError
            If sPyNNaker is not installed.
        """
        board = load_spinnaker_board(options.board)
        refuse(self.name, self.check(network, options))
        if self.unavailable():
            raise UnavailableError(f"{self.unavailable()}.", where="backend 'spinnaker'")
        engine = MachineEngine if board.is_real else MappingEngine
        return engine(network, board, seed, options.timeout)


class PyNNSpinnakerBackend(SpinnakerBackend):
    """The same under PyNN's name."""

    name: ClassVar[str] = "pynn:spinnaker"
    summary: ClassVar[str] = "the same as 'spinnaker'"
