"""What a backend is: it checks a network, and makes an engine that runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.drive import Drive
from neuro.errors import Finding
from neuro.ir.network import Network
from neuro.recording.collect import Sink
from neuro.recording.provenance import Device

Snapshot: TypeAlias = dict[str, NDArray[Any]]
"""The complete state of a running network; the same names and shapes on every engine."""


class Engine(ABC):
    """A network while it runs on one backend.

    Attributes
    ----------
    step
        The next step to be done.
    """

    step: int = 0

    def prepare(self, steps: int, drive: Drive) -> None:  # noqa: B027 - most engines need not know
        """Say that the next calls of `advance` will do `steps` steps with `drive`.

        An engine that runs whole stretches does so here.
        """

    @abstractmethod
    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do up to `steps` steps and return how many were done, at least one.

        An engine may return early, for instance because its buffers are full.
        """

    @abstractmethod
    def read(self, target: str, variable: str) -> NDArray[Any]:
        """Values of a state variable, or of a synaptic one (``"w"`` is the weight).

        Weights are one per synapse; those of a convolution or pooling that `is_structured` are as they
        are stored: a flat kernel, or one number.
        """

    @abstractmethod
    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set what `read` reads."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The complete state, from which a run goes on bit for bit; see `neuro.snapshot`."""

    @abstractmethod
    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or on) to the state of `snapshot`, of this or any other engine."""

    def describe(self) -> Mapping[str, str]:
        """What the provenance should say of this engine."""
        return {}

    def close(self) -> None:  # noqa: B027 - most engines hold nothing
        """Free what the engine holds; it is not used afterwards."""


class Backend(ABC):
    """One way to run networks.

    Attributes
    ----------
    name
        Name under which it is chosen.
    summary
        One line for people who choose.
    device
        What runs: this machine, a device, or an emulation of one.
    comparison
        What `verify` can compare: the complete ``"state"`` after every step, or only ``"spikes"``.
    Options
        Frozen dataclass of options; its fields become command-line flags.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    device: ClassVar[Device] = "host"
    comparison: ClassVar[Literal["state", "spikes"]] = "state"
    Options: ClassVar[type[Any]]

    def unavailable(self) -> str:
        """Why the backend cannot be used on this machine; "" if it can."""
        return ""

    def runs_on(self, options: Any) -> Device:
        """What runs with these `options`, where it depends on them."""
        return self.device

    def is_ready(self, network: Network, options: Any, seed: int) -> bool:
        """True if `compile` only has to load what was compiled before."""
        return False

    @abstractmethod
    def check(self, network: Network, options: Any) -> list[Finding]:
        """Everything that keeps `network` from running here, or will be changed; all at once."""

    @abstractmethod
    def compile(self, network: Network, options: Any, seed: int) -> Engine:
        """An engine at rest before step 0.

        Raises
        ------
        UnsupportedError
            If `check` has a finding of severity ``"error"``.
        """
