"""What `neuro bench mcu` counts: our targets, and the classifier beside its peers."""

from __future__ import annotations

import shutil

import pytest

from neuro.deploy.board import load_board
from neuro.deploy.mcu_bench import Cost, measure_costs
from neuro.deploy.mcu_classifier import (
    LAYERS,
    classifier_costs,
    dense_instructions,
    emlearn_instructions,
)
from neuro.models import CA3Memory
from neuro.models.digits import typed_digit
from neuro.models.mnist_lif import STEPS, MnistLIF
from neuro.passes.quantise import quantise

pytest.importorskip("unicorn", reason="needs unicorn: pip install 'neuro-spiking[mcu]'")

PRODUCTS = LAYERS[0] * LAYERS[1] + LAYERS[1] * LAYERS[2]
gcc = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs arm-none-eabi-gcc")


def test_a_cost_says_whether_it_met_its_target() -> None:
    assert Cost("x", "instructions", 5.0).met is None
    assert Cost("x", "instructions", 5.0, 6.0).met is True
    assert Cost("x", "instructions", 7.0, 6.0).met is False


@gcc
def test_all_targets_are_met() -> None:
    costs = measure_costs(load_board("stm32f405"), CA3Memory(5, 10).network, toolchain="gcc")
    assert [cost for cost in costs if cost.met is False] == []
    assert sum(cost.met is True for cost in costs) >= 6


def test_dense_layers_take_an_instruction_or_more_per_product_without_simd() -> None:
    plain = dense_instructions(load_board("stm32f405"), simd=False, toolchain="zig")
    assert PRODUCTS < plain < 20 * PRODUCTS
    assert dense_instructions(load_board("stm32f405"), toolchain="zig") < plain
    old = load_board("microbit")
    assert dense_instructions(old, toolchain="zig") == dense_instructions(
        old, simd=False, toolchain="zig"
    )


@gcc
def test_emlearn_takes_more_than_one_instruction_per_product() -> None:
    pytest.importorskip("emlearn", reason="needs emlearn: pip install 'neuro-spiking[peers]'")
    found = emlearn_instructions(load_board("stm32f405"), toolchain="gcc")
    assert found is None or PRODUCTS < found < 20 * PRODUCTS


def test_the_spiking_classifier_stands_beside_them() -> None:
    model = MnistLIF()
    inputs = model.inputs(typed_digit(1))
    network = quantise(model.network, steps=STEPS, inputs=inputs, weight_bits=8).network
    costs = classifier_costs(load_board("stm32f405"), network, [inputs], STEPS, toolchain="zig")
    found = {cost.what.rpartition(", ")[2]: cost.value for cost in costs}
    assert found["input"] == len(inputs["Pixels"][0])
    first = next(c.value for c in costs if "spiking" in c.what)
    assert first > found["input"] * LAYERS[1]
