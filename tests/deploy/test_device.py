"""A firmware behind the engine's contract: parts of runs, snapshots, reading and writing, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.contract import Engine
from neuro.backends.firmware.generate import Firmware, generate
from neuro.backends.registry import get_backend
from neuro.deploy.backend import CortexMBackend, CortexMOptions
from neuro.deploy.board import load_board
from neuro.deploy.device import STATUS, DeviceEngine, check_status
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.deploy.host_device import HostDevice
from neuro.drive import Drive, drive_of
from neuro.errors import DeviceError, ParameterError, UnsupportedError
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from tests.firmware.networks import everything

SEED = 11
INPUTS = {"given": ([0, 1, 3, 8, 8, 20, 21], [0, 1, 2, 3, 4, 7, 0])}


def emulated(firmware: Firmware) -> EmulatedDevice:
    pytest.importorskip("unicorn")
    return EmulatedDevice(firmware, load_board("stm32f405"))


@pytest.fixture(params=[HostDevice, emulated], ids=["host", "emulated"])
def make(request: pytest.FixtureRequest) -> Callable[[], DeviceEngine]:
    """A way to make engines on a device."""

    def made() -> DeviceEngine:
        firmware = generate(everything(), SEED, "tested")
        return DeviceEngine(firmware, request.param(firmware))

    return made


@pytest.fixture
def drive() -> Drive:
    return drive_of(everything(), INPUTS)


def reference() -> Engine:
    backend = get_backend("reference")
    return backend.compile(everything(), backend.Options(), SEED)


def run(engine: Engine, steps: int, drive: Drive) -> Any:
    """The spikes of some steps."""
    sink = MemorySink()
    engine.advance(steps, drive, sink)
    return sink


# Going on ------------------------------------------------------------------------------------------


def test_a_snapshot_of_the_reference_goes_on_on_a_device(
    make: Callable[[], DeviceEngine], drive: Drive
) -> None:
    expected, found = reference(), make()
    run(expected, 15, drive)
    found.restore(expected.snapshot())
    assert found.step == 15
    assert first_difference(expected.snapshot(), found.snapshot(), 15) is None
    for step in range(15, 30):
        run(expected, 1, drive)
        run(found, 1, drive)
        assert first_difference(expected.snapshot(), found.snapshot(), step) is None


def test_a_snapshot_of_a_device_goes_on_on_the_reference(
    make: Callable[[], DeviceEngine], drive: Drive
) -> None:
    expected, found = reference(), make()
    run(found, 12, drive)
    expected.restore(found.snapshot())
    run(found, 10, drive)
    run(expected, 10, drive)
    assert first_difference(expected.snapshot(), found.snapshot(), 22) is None


def test_going_back_repeats_the_same(make: Callable[[], DeviceEngine], drive: Drive) -> None:
    engine = make()
    run(engine, 8, drive)
    before = engine.snapshot()
    run(engine, 9, drive)
    once = engine.snapshot()
    engine.restore(before)
    run(engine, 9, drive)
    assert first_difference(once, engine.snapshot(), 17) is None


def test_two_devices_do_not_disturb_each_other(
    make: Callable[[], DeviceEngine], drive: Drive
) -> None:
    alone, one, other = make(), make(), make()
    run(alone, 10, drive)
    for _ in range(5):
        run(one, 1, drive)
        run(other, 2, drive)
    assert first_difference(alone.snapshot(), other.snapshot(), 10) is None
    assert first_difference(alone.snapshot(), one.snapshot(), 10) is not None


# Reading and writing -------------------------------------------------------------------------------


def test_what_is_written_is_there(make: Callable[[], DeviceEngine], drive: Drive) -> None:
    expected, found = reference(), make()
    for engine in (expected, found):
        run(engine, 3, drive)
        engine.write("cells", "v", np.linspace(-0.5, 0.5, 37))
        engine.write("stdp", "w", engine.read("stdp", "w") * 0.5)
        run(engine, 5, drive)
    assert first_difference(expected.snapshot(), found.snapshot(), 8) is None


@pytest.mark.parametrize("projection", ["played_to_noisy", "given_to_cells", "short"])
def test_weights_in_flash_cannot_be_changed(
    make: Callable[[], DeviceEngine], projection: str
) -> None:
    """One per synapse, one for all, and those of a synapse whose other variables change."""
    engine = make()
    same = engine.read(projection, "w")
    engine.write(projection, "w", same)
    with pytest.raises(ParameterError, match=f"{projection}/w: is part of the firmware"):
        engine.write(projection, "w", same + 0.25)
    np.testing.assert_array_equal(engine.read(projection, "w"), same)
    other = engine.snapshot()
    other[f"synapse/{projection}/w"] = same + np.float32(0.25)
    with pytest.raises(ParameterError, match="is part of the firmware"):
        engine.restore(other)


def test_spikes_that_a_source_fires_by_itself_cannot_be_replaced(
    make: Callable[[], DeviceEngine],
) -> None:
    replaced = drive_of(everything(), {"played": ([1], [0])})
    with pytest.raises(ParameterError, match=r"cannot be replaced.*empty SpikeSourceArray"):
        run(make(), 1, replaced)


# The backend ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["host", "stm32f405"])
def test_a_session_on_a_device_records_what_the_reference_does(board: str) -> None:
    pytest.importorskip("unicorn")
    runs = [
        neuro.simulate(everything(), steps=30, inputs=INPUTS, backend=name, options=options)
        for name, options in (("reference", {}), ("cortex-m", {"board": board}))
    ]
    for name, spikes in runs[0].spikes.items():
        np.testing.assert_array_equal(spikes.step, runs[1].spikes[name].step)
        np.testing.assert_array_equal(spikes.index, runs[1].spikes[name].index)
    assert runs[1].provenance.device == ("host" if board == "host" else "emulated")


def test_what_a_device_ran_is_described() -> None:
    pytest.importorskip("unicorn")
    engine = CortexMBackend().compile(everything(), CortexMOptions(), SEED)
    found = dict(engine.describe())
    assert (found["board"], found["emulator"]) == ("stm32f405", "unicorn")
    assert int(found["flash"]) > 10_000


def test_a_network_too_large_for_the_board_is_refused() -> None:
    pytest.importorskip("unicorn")
    net = neuro.NetworkBuilder(dt=1.0, name="large")
    net.population(3000, neuro.IF_curr_exp(), label="cells")
    network = net.build()
    with pytest.raises(UnsupportedError, match=r"bytes of RAM, and microbit has 16,384"):
        CortexMBackend().compile(network, CortexMOptions(board="microbit"), 0)
    with pytest.raises(DeviceError, match=r"ram of microbit is [\d,]+ bytes too small"):
        EmulatedDevice(generate(network, 0, "net"), load_board("microbit"))


@pytest.mark.parametrize("status", [*range(1, len(STATUS)), 99])
def test_a_status_becomes_a_sentence(status: int) -> None:
    meaning = STATUS[status] if status < len(STATUS) else "an unknown status"
    with pytest.raises(DeviceError, match=f"^net_step: gave back status {status}: {meaning}"):
        check_status(status, "net_step")
    check_status(0, "net_step")


def test_a_device_passes_statuses_on(make: Callable[[], DeviceEngine]) -> None:
    engine = make()
    with pytest.raises(DeviceError, match="tested_step: gave back status 3"):
        engine._device.step([(0, 0)])
