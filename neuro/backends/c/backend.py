"""The C backend: the fast engine on a computer with a C compiler."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from neuro.backends.c.compiler import compile_library, find_compiler, is_cached, require_compiler
from neuro.backends.c.engine import CEngine
from neuro.backends.c.generate import generate
from neuro.backends.contract import Backend, Engine
from neuro.backends.rules import refuse
from neuro.errors import CompilerError, Finding, ParameterError
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.network import Network
from neuro.lowering.edges import Defer
from neuro.lowering.lower import lower
from neuro.lowering.tables import Tables

MAX_THREADS = 64
CELLS_PER_THREAD = 10_000
"""Below this many cells a thread, waiting for one another costs more than it gains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class COptions:
    """Options of the C backend.

    Attributes
    ----------
    threads
        How many threads share a step; ``"auto"`` takes as many as pay.  Results do not depend on
        it.
    defer
        True lets postsynaptic updates wait for the next presynaptic spike, where that gives the
        same bits; it needs half the memory.  False does them at once, with an index of the synapses
        by postsynaptic cell.  ``"auto"`` waits where the weights are far beyond a cache.
    """

    threads: int | Literal["auto"] = "auto"
    defer: Defer = "auto"


class CBackend(Backend):
    """Generates C for the network's kinds of cells and synapses, compiles it, runs it in process."""

    name: ClassVar[str] = "c"
    summary: ClassVar[str] = "generated C, compiled here; fast"
    Options: ClassVar[type[Any]] = COptions

    def unavailable(self) -> str:
        """Says so if there is no compiler."""
        return "" if find_compiler() is not None else "no C compiler was found"

    def check(self, network: Network, options: COptions) -> list[Finding]:
        """Networks run, in fixed point if they have an integer form; without a compiler none does."""
        findings = fixed_findings(network)
        try:
            require_compiler()
        except CompilerError as error:
            findings.append(
                Finding(
                    severity="error",
                    rule="no-compiler",
                    where=error.where,
                    what=error.what,
                    hint=error.hint,
                )
            )
        return findings

    def compile(self, network: Network, options: COptions, seed: int) -> Engine:
        """Generate, compile (or take from the cache) and bind."""
        require_compiler()
        refuse(self.name, self.check(network, options))
        tables, source = _generated(network, options, seed)
        return CEngine(tables, compile_library(source))

    def is_ready(self, network: Network, options: COptions, seed: int) -> bool:
        """True if the engine is in the cache."""
        if not self.unavailable() and not fixed_findings(network):
            return is_cached(_generated(network, options, seed)[1])
        return False


def _generated(network: Network, options: COptions, seed: int) -> tuple[Tables, str]:
    """The tables of `network` and the code for its kinds."""
    tables = lower(network, seed, threads=_threads(network, options), defer=options.defer)
    return tables, generate(tables.cell_kernels, tables.synapse_kernels, tables.dtype)


def _threads(network: Network, options: COptions) -> int:
    if options.threads == "auto":
        cells = sum(population.size for population in network.populations)
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        return max(1, min(available, cells // CELLS_PER_THREAD, MAX_THREADS))
    if not isinstance(options.threads, int) or not 1 <= options.threads <= MAX_THREADS:
        raise ParameterError(
            f"is {options.threads!r}.",
            where="backend 'c', threads",
            hint=f"Use 1 to {MAX_THREADS}, or 'auto'.",
        )
    return options.threads
