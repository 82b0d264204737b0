"""The backends ``pynn:nest``, ``pynn:neuron``, ``pynn:brian2`` and ``pynn:mock``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from neuro.backends.contract import Backend, Engine
from neuro.backends.pynn.engine import PyNNEngine
from neuro.backends.pynn.rules import findings, missing, unavailable
from neuro.backends.pynn.simulators import BRIAN2, MOCK, NEST, NEURON, Simulator
from neuro.backends.rules import refuse
from neuro.errors import Finding
from neuro.ir.network import Network
from neuro.recording.provenance import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class PyNNOptions:
    """Options of the backends of PyNN.

    Attributes
    ----------
    approximate
        True runs networks that the simulator does in another order than ours, to other spikes;
        ``check`` then warns of what it would refuse.
    timeout
        Seconds that one run may take.
    """

    approximate: bool = False
    timeout: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NestOptions(PyNNOptions):
    """Options of ``pynn:nest``.

    Attributes
    ----------
    processes
        Processes of MPI, where NEST was built with it.
    """

    processes: int = 1


class PyNNBackend(Backend):
    """A simulator behind PyNN, in a process of its own."""

    simulator: ClassVar[Simulator]
    comparison: ClassVar[Literal["state", "spikes"]] = "spikes"
    Options: ClassVar[type[Any]] = PyNNOptions

    def unavailable(self) -> str:
        """Says what has to be installed."""
        return missing(self.simulator)

    def check(self, network: Network, options: PyNNOptions) -> list[Finding]:
        """What PyNN or the simulator lacks, and where its steps go in another order."""
        seed = network.seed or 0
        return [
            *unavailable(self.simulator),
            *self._more(options),
            *findings(network, self.simulator, seed, approximate=options.approximate),
        ]

    def _more(self, options: Any) -> Iterator[Finding]:
        """Findings that depend on options alone."""
        yield from ()

    def compile(self, network: Network, options: PyNNOptions, seed: int) -> Engine:
        """An engine; the simulator is started when it is known how many steps there are."""
        found = self.check(network, options)
        refuse(self.name, found)
        inexact = sorted({f.rule for f in found if f.severity == "warning"})
        facts = {"approximate": ", ".join(inexact)} if inexact else {}
        return PyNNEngine(
            network,
            self.simulator,
            seed,
            timeout=options.timeout,
            processes=getattr(options, "processes", 1),
            facts=facts,
        )


class NestBackend(PyNNBackend):
    """NEST through PyNN, spikes on the grid."""

    name: ClassVar[str] = "pynn:nest"
    summary: ClassVar[str] = "NEST, through PyNN"
    simulator: ClassVar[Simulator] = NEST
    Options: ClassVar[type[Any]] = NestOptions

    def _more(self, options: NestOptions) -> Iterator[Finding]:
        if options.processes < 1:
            yield _processes(f"is {options.processes}.", "Use 1 or more.")
        elif options.processes > 1 and not has_mpi():
            yield _processes(
                f"is {options.processes}, but this NEST was built without MPI.",
                "The wheel has none; conda install -c conda-forge 'nest-simulator=*=mpi_openmpi*' "
                "has it. Use 1 here.",
            )


def _processes(what: str, hint: str) -> Finding:
    return Finding(
        severity="error", rule="mpi", where="backend 'pynn:nest', processes", what=what, hint=hint
    )


def has_mpi() -> bool:
    """Whether NEST can run in several processes here: ``mpirun`` exists, and NEST was built with it.

    NEST's own record of how it was built is read from its files, for importing it starts it.
    """
    import importlib.util

    if shutil.which("mpirun") is None:
        return False
    spec = importlib.util.find_spec("nest")
    if spec is None or spec.origin is None:
        return False
    from pathlib import Path

    folder = Path(spec.origin).parent
    libraries = [*folder.glob("nestkernel_api*"), *folder.glob("../**/libnest*")]
    return any(b"MPI_Init" in library.read_bytes() for library in libraries)


class NeuronBackend(PyNNBackend):
    """NEURON through PyNN."""

    name: ClassVar[str] = "pynn:neuron"
    summary: ClassVar[str] = "NEURON, through PyNN"
    simulator: ClassVar[Simulator] = NEURON


class Brian2Backend(PyNNBackend):
    """Brian2 through PyNN; the backend ``brian2`` is exact where this one is not."""

    name: ClassVar[str] = "pynn:brian2"
    summary: ClassVar[str] = "Brian2 through PyNN; 'brian2' is exact"
    simulator: ClassVar[Simulator] = BRIAN2


class MockBackend(PyNNBackend):
    """PyNN's mock: the network is built, nothing runs."""

    name: ClassVar[str] = "pynn:mock"
    summary: ClassVar[str] = "builds the network with PyNN's mock; nothing runs"
    device: ClassVar[Device] = "mapping only"
    simulator: ClassVar[Simulator] = MOCK
