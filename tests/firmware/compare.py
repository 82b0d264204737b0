"""Compare a firmware with the reference, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuro.backends.firmware.generate import Firmware, generate
from neuro.backends.registry import get_backend
from neuro.deploy.device import Device, DeviceEngine
from neuro.deploy.host_device import HostDevice
from neuro.drive import drive_of
from neuro.ir.network import Network
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import Divergence, first_difference


def difference(
    network: Network,
    steps: int,
    inputs: dict[str, Any] | None = None,
    seed: int = 0,
    device: Callable[[Firmware], Device] = HostDevice,
) -> Divergence | None:
    """The first number that differs from the reference after any step."""
    firmware = generate(network, seed, "tested")
    backend = get_backend("reference")
    expected = backend.compile(network, backend.Options(), seed)
    found = DeviceEngine(firmware, device(firmware))
    drive = drive_of(network, inputs)
    for step in range(steps):
        expected.advance(1, drive, MemorySink())
        found.advance(1, drive, MemorySink())
        divergence = first_difference(expected.snapshot(), found.snapshot(), step)
        if divergence is not None:
            return divergence
    return None
