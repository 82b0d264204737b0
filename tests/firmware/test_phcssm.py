"""The state-space network of 56 neurons fits 128 KB of flash and 40 KB of RAM, and answers the same."""

from __future__ import annotations

import pytest

from neuro.deploy.board import load_board
from neuro.models.digits import typed_digit
from neuro.models.phcssm_rows import STEPS, PHCRows
from tests.firmware.compare import difference

pytest.importorskip("unicorn", reason="needs unicorn: pip install 'neuro-spiking[mcu]'")


def test_it_fits_and_gives_the_bits_of_the_reference() -> None:
    from neuro.deploy.emulated_device import EmulatedDevice

    model, made = PHCRows(), []

    def device(firmware: object) -> EmulatedDevice:
        made.append(EmulatedDevice(firmware, load_board("stm32l412")))  # type: ignore[arg-type]
        return made[0]

    inputs = model.inputs(typed_digit(3))
    assert difference(model.network, STEPS, inputs, device=device) is None
    assert made[0].image.flash < 32_768
    assert made[0].image.ram < 8_192
