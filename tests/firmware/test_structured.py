"""A firmware walks through convolutions and pooling: the reference's bits, weights stored once."""

from __future__ import annotations

from functools import cache
from math import prod

import pytest

import neuro
from neuro.backends.firmware.generate import lay_out
from neuro.ir.network import Network
from tests.firmware.compare import difference
from tests.firmware.test_cores import assert_same, compilers
from tests.structured import STEPS, forms, in_fixed_point

MAKE = {
    "float32": forms,
    "delayed": lambda: forms(neuro.FLOAT64, delay=3),
    "8 bits": lambda: in_fixed_point(8, delay=2),
    "16 bits": lambda: in_fixed_point(16),
}


_FOUND = compilers("stm32l412")
M4F = [("float32", which) for which in _FOUND[-1:]] + [("8 bits", which) for which in _FOUND[:1]]
"""Different compilers, if there are two."""


@cache
def network(kind: str) -> Network:
    return MAKE[kind]()


@pytest.mark.parametrize("kind", MAKE)
def test_a_firmware_gives_the_bits_of_the_reference(kind: str) -> None:
    made = network(kind)
    assert difference(made, STEPS, seed=made.seed or 0) is None


@pytest.mark.parametrize(("kind", "which"), M4F)
def test_the_same_on_a_cortex_m4f(kind: str, which: str) -> None:
    pytest.importorskip("unicorn")
    made = network(kind)
    assert_same(made, {}, STEPS // 2, "stm32f405", which, made.seed or 0)


def test_the_same_where_there_is_no_divider() -> None:
    pytest.importorskip("unicorn")
    board = "microbit"
    if not compilers(board):
        pytest.skip("there is no compiler for it")
    made = forms(names=("wide", "same"))
    assert_same(made, {}, STEPS // 2, board, compilers(board)[0], made.seed or 0)


def test_flash_holds_each_weight_once() -> None:
    made = network("float32")
    constants = lay_out(made, made.seed or 0).memory.constants
    weights = {c.owner: c.array.size for c in constants if c.part == "w"}
    assert weights["plain"] == 6 * 4 * 9
    assert "sum" not in weights
    assert weights["dense"] == prod((4, 5, 7)) * 90
    listed = [c.name for c in constants if c.part in {"start", "target"}]
    assert [name for name in listed if "plain" in name or "sum" in name] == []
