"""The classifier with 8-bit weights fits 128 KB of flash and 40 KB of RAM, and answers the same there."""

from __future__ import annotations

import pytest

from neuro.backends.firmware.generate import generate
from neuro.deploy.board import load_board
from neuro.deploy.device import DeviceEngine
from neuro.drive import drive_of
from neuro.ir.network import Network
from neuro.models.digits import typed_digit
from neuro.models.mnist_lif import STEPS, MnistLIF
from neuro.passes.quantise import quantise
from neuro.recording.collect import MemorySink
from tests.firmware.compare import difference

pytest.importorskip("unicorn", reason="needs unicorn: pip install 'neuro-spiking[mcu]'")


@pytest.fixture(scope="module")
def network() -> Network:
    model = MnistLIF()
    inputs = model.inputs(typed_digit(3))
    return quantise(model.network, steps=STEPS, inputs=inputs, weight_bits=8).network


def test_it_fits_and_gives_the_bits_of_the_reference(network: Network) -> None:
    from neuro.deploy.emulated_device import EmulatedDevice

    board, made = load_board("stm32l412"), []

    def device(firmware: object) -> EmulatedDevice:
        made.append(EmulatedDevice(firmware, board))  # type: ignore[arg-type]
        return made[0]

    inputs = MnistLIF().inputs(typed_digit(3))
    assert difference(network, STEPS, inputs, device=device) is None
    assert made[0].image.flash < 90_000
    assert made[0].image.ram < 8_192


def test_weights_are_stored_once_in_eight_bits(network: Network) -> None:
    firmware = generate(network, 0, "digits")
    sizes = [c.nbytes for c in firmware.static.memory.constants]
    assert max(sizes) == 784 * 96
    assert sum(sizes) < 784 * 96 + 96 * 10 + 2_000


def test_the_class_on_the_device(network: Network) -> None:
    from neuro.deploy.emulated_device import EmulatedDevice

    firmware = generate(network, 0, "digits")
    engine = DeviceEngine(firmware, EmulatedDevice(firmware, load_board("stm32l412")))
    sink = MemorySink()
    engine.advance(STEPS, drive_of(network, MnistLIF().inputs(typed_digit(3))), sink)
    spikes = sink.spike_data("Out", 10)
    assert set(spikes.index.tolist()) == {3}
