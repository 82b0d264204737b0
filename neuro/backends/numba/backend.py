"""The numba backend, for machines without a C compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neuro.backends.contract import Backend, Engine
from neuro.backends.numba.engine import NumbaEngine
from neuro.backends.rules import only_float, refuse
from neuro.errors import Finding
from neuro.ir.network import Network
from neuro.lowering.lower import lower


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbaOptions:
    """The numba backend has no options."""


class NumbaBackend(Backend):
    """Generates Python for the network's kinds of cells and synapses and has numba compile it."""

    name: ClassVar[str] = "numba"
    summary: ClassVar[str] = "generated Python, compiled by numba; needs no C compiler"
    Options: ClassVar[type[Any]] = NumbaOptions

    def check(self, network: Network, options: NumbaOptions) -> list[Finding]:
        """Float networks run."""
        return only_float(network, self.name)

    def compile(self, network: Network, options: NumbaOptions, seed: int) -> Engine:
        """Generate the kernels and have numba compile them (or take them from its cache)."""
        refuse(self.name, self.check(network, options))
        return NumbaEngine(lower(network, seed, threads=1, defer=False))
