"""Where a recording came from: enough to run it again, and to know what it can be compared with."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Device = Literal["host", "device", "emulated", "mapping only"]

_PACKAGES = ("neuro-spiking", "numpy", "numba", "h5py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What ran, where, and with which seed and versions.

    Attributes
    ----------
    network, network_hash
        Name and content hash of the network.
    backend, reason
        The backend, and why it was chosen if that was left to neuro.
    device
        ``"host"``: simulated on this machine; ``"device"``: a real device; ``"emulated"``: its
        emulator; ``"mapping only"``: placed but not run.
    engine
        What the backend says of itself: compiler, flags, threads, ...
    dt, seed, number_format
        Step in seconds, seed, number format.
    started
        UTC time at which the run started, ISO 8601.
    wall
        Seconds spent, by phase.
    versions, machine
        Versions of packages; processor architecture and operating system.
    completed
        False if the run was interrupted.
    """

    network: str = ""
    network_hash: str = ""
    backend: str = ""
    reason: str = ""
    device: Device = "host"
    engine: dict[str, str] = field(default_factory=dict)
    dt: float = 0.001
    seed: int = 0
    number_format: str = "float32"
    started: str = ""
    wall: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    completed: bool = True

    def to_json(self) -> str:
        """The provenance as a JSON object."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Provenance:
        """Read what `to_json` wrote; fields that this version does not know are left out."""
        known = set(Provenance.__dataclass_fields__)
        data: dict[str, Any] = json.loads(text)
        return Provenance(**{name: value for name, value in data.items() if name in known})


def now() -> str:
    """The UTC time, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that take part."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """Processor architecture and operating system."""
    return {"architecture": platform.machine(), "system": platform.system()}
