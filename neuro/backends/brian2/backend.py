"""The Brian2 backend: an independent simulator that runs what a network means."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from neuro.backends.contract import Backend, Engine
from neuro.backends.rules import missing, only_float, refuse
from neuro.errors import Finding, ParameterError, suggestion
from neuro.ir.network import Network

Mode = Literal["runtime", "cpp_standalone"]
INSTALL = "pip install 'neuro-spiking[brian2]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brian2Options:
    """Options of the Brian2 backend.

    Attributes
    ----------
    mode
        ``"runtime"``: Brian2 runs in this process, with numpy; nothing is compiled.
        ``"cpp_standalone"``: Brian2 writes a C++ program, which is built once per network and runs from
        step 0; float64 only.
    """

    mode: Mode = "runtime"


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
        if options.mode == "cpp_standalone":
            findings += _standalone_findings(network)
        elif options.mode != "runtime":
            raise ParameterError(
                f"is {options.mode!r}.",
                where="backend 'brian2', mode",
                hint=suggestion(options.mode, get_args(Mode)),
            )
        return findings

    def compile(self, network: Network, options: Brian2Options, seed: int) -> Engine:
        """Write the program and have Brian2 prepare it."""
        refuse(self.name, self.check(network, options))
        from neuro.backends.brian2.engine import Brian2Engine
        from neuro.backends.brian2.lower import lower
        from neuro.backends.brian2.standalone import StandaloneEngine

        machine, program = lower(network, seed)
        if options.mode == "cpp_standalone":
            return StandaloneEngine(machine, program)
        return Brian2Engine(machine, program)


def _standalone_findings(network: Network) -> list[Finding]:
    """What keeps a C++ program of Brian2 from being exact, or from being built."""
    findings = []
    if network.format.kind == "float32":
        findings.append(
            Finding(
                severity="error",
                rule="number-format",
                where=f"network {network.name!r}, format",
                what="Brian2's C++ computes float32 in double precision, to other bits.",
                hint="Use float64, or mode='runtime', which is exact in both.",
            )
        )
    lacking = [tool for tool in ("g++", "make") if shutil.which(tool) is None]
    if lacking:
        findings.append(
            Finding(
                severity="error",
                rule="no-compiler",
                where="backend 'brian2', mode",
                what=f"cpp_standalone needs {' and '.join(lacking)}.",
                hint="Install them, or use mode='runtime'.",
            )
        )
    return findings
