"""Rows of 8-bit weights added with SIMD instructions: the sums of one row after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neuro.deploy.board import load_board
from neuro.resources import folder
from tests.deploy.programs import image

pytest.importorskip("unicorn", reason="needs unicorn: pip install 'neuro-spiking[mcu]'")

ROWS, COLUMNS, LIST = 300, 48, 600
INT32 = np.iinfo(np.int32)
PROGRAM = f"""
#define NR_FIXED 1
#define NR_INDEX uint16_t
#include "neuro_packed.h"

extern int8_t weights[{ROWS * COLUMNS}];
extern nr_index cells[{LIST}];
extern int32_t sums[{COLUMNS}];
int8_t weights[{ROWS * COLUMNS}];
nr_index cells[{LIST}];
int32_t sums[{COLUMNS}];

uint32_t add(uint32_t width, uint32_t count);
uint32_t add(uint32_t width, uint32_t count)
{{
    return nr_add_rows(weights, width, cells, count, sums);
}}

int main(void)
{{
    return 0;
}}
"""
Add = Callable[
    [NDArray[np.int8], NDArray[np.uint16], NDArray[np.int32]], tuple[int, NDArray[np.int32]]
]


def adder(place: Path, board: str, *extra: str) -> Add:
    """`nr_add_rows` on a board."""
    from neuro.deploy.emulator.unicorn_machine import UnicornMachine

    include = f"-I{folder('deploy') / 'runtime'}"
    loaded = image(
        place, PROGRAM, board, keep=("add", "weights", "cells", "sums"), extra=(include, *extra)
    )
    machine = UnicornMachine(loaded, load_board(board))
    machine.start()

    def add(
        weights: NDArray[np.int8], cells: NDArray[np.uint16], sums: NDArray[np.int32]
    ) -> tuple[int, NDArray[np.int32]]:
        for name, array in (("weights", weights), ("cells", cells), ("sums", sums)):
            machine.write(machine.address(name), array.tobytes())
        done = machine.call("add", weights.shape[1], len(cells))
        found = machine.read(machine.address("sums"), 4 * len(sums))
        return done, np.frombuffer(found, np.int32)

    return add


def one_by_one(
    weights: NDArray[np.int8], cells: NDArray[np.uint16], sums: NDArray[np.int32]
) -> NDArray[np.int32]:
    total = sums.astype(np.int64)
    for cell in cells:
        total = np.clip(total + weights[cell], INT32.min, INT32.max)
    return total.astype(np.int32)


@pytest.fixture(scope="module")
def simd(tmp_path_factory: pytest.TempPathFactory) -> Add:
    return adder(tmp_path_factory.mktemp("simd"), "stm32l412")


@pytest.mark.parametrize("width", [8, 13, 16, 40, 47, 48])
@pytest.mark.parametrize("count", [0, 1, 7, 255, 256, 600])
@pytest.mark.parametrize("around", [0, INT32.max - 3000, INT32.min + 3000])
def test_sums_are_those_of_one_row_after_the_other(
    simd: Add, width: int, count: int, around: int
) -> None:
    draw = np.random.default_rng(width + count)
    weights = draw.integers(-128, 128, (ROWS, width), np.int8)
    cells = draw.integers(0, ROWS, count).astype(np.uint16)
    sums = (around + draw.integers(-2000, 2000, width)).astype(np.int32)
    done, found = simd(weights, cells, sums)
    assert done == width - width % 8
    np.testing.assert_array_equal(found[:done], one_by_one(weights, cells, sums)[:done])
    np.testing.assert_array_equal(found[done:], sums[done:])


@pytest.mark.parametrize("weight", [-128, 127])
def test_the_largest_sums_fit(simd: Add, weight: int) -> None:
    weights = np.full((ROWS, 8), weight, np.int8)
    cells = np.arange(255, dtype=np.uint16)
    _, found = simd(weights, cells, np.zeros(8, np.int32))
    assert set(found.tolist()) == {255 * weight}


@pytest.mark.parametrize(("board", "extra"), [("stm32l412", ["-DNR_NO_SIMD"]), ("lm3s6965evb", [])])
def test_without_simd_nothing_is_done(tmp_path: Path, board: str, extra: list[str]) -> None:
    draw = np.random.default_rng(0)
    weights = draw.integers(-128, 128, (16, 16), np.int8)
    sums = draw.integers(-99, 99, 16).astype(np.int32)
    done, found = adder(tmp_path, board, *extra)(weights, np.arange(4, dtype=np.uint16), sums)
    assert done == 0
    np.testing.assert_array_equal(found, sums)
