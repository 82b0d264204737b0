"""The Brian2 backend: an independent simulator that runs what a network means."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any, ClassVar

from neuro.backends.contract import Backend, Engine
from neuro.backends.rules import missing, only_float, refuse
from neuro.errors import Finding
from neuro.ir.network import Network

INSTALL = "pip install 'neuro-spiking[brian2]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brian2Options:
    """Options of the Brian2 backend."""


class Brian2Backend(Backend):
    """Writes the network as a Brian2 program, and has Brian2 run it."""

    name: ClassVar[str] = "brian2"
    summary: ClassVar[str] = "Brian2, an independent simulator; slow for small networks"
    Options: ClassVar[type[Any]] = Brian2Options

    def unavailable(self) -> str:
        """Says so if Brian2 is not installed."""
        found = importlib.util.find_spec("brian2") is not None
        return "" if found else f"needs brian2: {INSTALL}"

    def check(self, network: Network, options: Brian2Options) -> list[Finding]:
        """Float networks run, where Brian2 is installed."""
        findings = only_float(network, self.name)
        if self.unavailable():
            what = "needs the package brian2, which is not installed."
            findings.append(missing(self.name, what, f"Install it with: {INSTALL}."))
        return findings

    def compile(self, network: Network, options: Brian2Options, seed: int) -> Engine:
        """Write the program and have Brian2 prepare it."""
        refuse(self.name, self.check(network, options))
        from neuro.backends.brian2.engine import Brian2Engine
        from neuro.backends.brian2.lower import lower

        machine, program = lower(network, seed)
        return Brian2Engine(machine, program)
