"""The backend ``lava``: Intel's simulator of Loihi, in an environment and a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neuro.backends.contract import Backend, Engine
from neuro.backends.lava.environment import MAKE, find_environment, require_environment
from neuro.backends.lava.rules import lava_findings
from neuro.backends.rules import refuse
from neuro.errors import Finding, ParameterError
from neuro.ir.network import Network
from neuro.recording.provenance import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class LavaOptions:
    """Options of the backend ``lava``.

    Attributes
    ----------
    timeout
        Seconds to wait for Lava to start, or to do up to 64 steps.
    """

    timeout: float = 120.0

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ParameterError(
                f"is {self.timeout}.", where="timeout", hint="Give a number of seconds."
            )


class LavaBackend(Backend):
    """Runs networks in Loihi's format on Lava's fixed-point simulator."""

    name: ClassVar[str] = "lava"
    summary: ClassVar[str] = "Lava's simulator of Loihi, in fixed point"
    device: ClassVar[Device] = "emulated"
    Options: ClassVar[type[Any]] = LavaOptions

    def unavailable(self) -> str:
        """Says how the environment is made, if it is not there."""
        return "" if find_environment() else f"needs its own environment: {MAKE}"

    def check(self, network: Network, options: LavaOptions) -> list[Finding]:
        """Networks in Loihi's format run, if Lava's environment is there."""
        findings = lava_findings(network, network.seed or 0)
        if find_environment() is None:
            findings.append(
                Finding(
                    severity="error",
                    rule="unavailable",
                    where=f"backend {self.name!r}",
                    what="Lava's environment has not been made.",
                    hint=f"Run: {MAKE}",
                )
            )
        return findings

    def compile(self, network: Network, options: LavaOptions, seed: int) -> Engine:
        """Start Lava with the network.

        Raises
        ------
        UnavailableError
            If its environment has not been made.
        DeviceError
            If it does not start.
        """
        from neuro.backends.lava.engine import LavaEngine

        refuse(self.name, lava_findings(network, seed))
        return LavaEngine(network, seed, require_environment(), options.timeout)
