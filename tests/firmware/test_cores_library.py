"""Every cell and synapse of the library and random networks, in float32 and fixed point, on all cores.

Cores take turns, and of the networks in fixed point every third is tried; with ``NEURO_ALL_CORES=1``
all networks are tried on all cores, which takes half an hour.  Cores that unicorn has are compared with
the reference in every step; the others run the exported demo in QEMU, which sums over the states of all
steps.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from neuro.deploy.board import Board, load_board
from neuro.deploy.emulated_device import EmulatedDevice, build_image
from neuro.deploy.emulator import run
from neuro.deploy.export import export
from neuro.passes.quantise import quantise
from tests.firmware.compare import difference
from tests.networks import (
    INTEGER_CELLS,
    LIBRARY_CELLS,
    SYNAPSES,
    Case,
    cases,
    cell_case,
    synapse_case,
)

pytest.importorskip("unicorn", reason="needs unicorn: pip install 'neuro-spiking[mcu]'")

ALL = bool(os.environ.get("NEURO_ALL_CORES"))
STEPS = 40
FLOAT = ("stm32l412", "mps2-an500", "mps2-an505")
"""Boards with M4F, M7 and M33, whose floats are in hardware."""
FIXED = ("microbit", "rp2040", "lm3s6965evb", "stm32l412", "mps2-an500", "mps2-an505", "riscv-virt")
"""Boards with every core that unicorn has."""
QEMU = {"mps3-an547": "qemu-system-arm", "aarch64-linux": "qemu-aarch64"}
"""Boards with the M55 and with AArch64, and what runs each."""
RANDOM = 50 if ALL else 10


def in_fixed_point(case: Case) -> Case:
    made = quantise(case.network, steps=case.steps, weight_bits=8, backend="reference")
    return replace(case, network=made.network)


def float_makers() -> Iterator[tuple[str, Callable[[], Case]]]:
    for name in LIBRARY_CELLS:
        yield f"cell {name}", lambda name=name: cell_case(name)  # type: ignore[misc]
    for name in SYNAPSES:
        yield f"synapse {name}", lambda name=name: synapse_case(name)  # type: ignore[misc]
    for number in range(RANDOM):
        yield f"random {number}", lambda number=number: drawn(number)  # type: ignore[misc]


def fixed_makers() -> Iterator[tuple[str, Callable[[], Case]]]:
    for name in INTEGER_CELLS:
        yield f"cell {name}", lambda name=name: in_fixed_point(cell_case(name))  # type: ignore[misc]
    for name in SYNAPSES:
        yield f"synapse {name}", lambda name=name: in_fixed_point(synapse_case(name))  # type: ignore[misc]
    for number in range(RANDOM):
        yield f"random {number}", lambda number=number: drawn(number, fixed=True)  # type: ignore[misc]


def drawn(number: int, *, fixed: bool = False) -> Case:
    """A random network by number."""
    found: list[Case] = []

    @seed(1000 + number)
    @settings(max_examples=2, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases(fixed=fixed))
    def take(case: Case) -> None:
        found.append(case)

    take()
    return found[-1]


def chosen(
    makers: Iterator[tuple[str, Callable[[], Case]]], boards: Sequence[str], every: int = 1
) -> list[object]:
    """Every network, or every third one, with one board in turn; or all with all."""
    some = list(makers) if ALL else list(makers)[::every]
    return [
        pytest.param(board, make, id=f"{name}-{board}")
        for place, (name, make) in enumerate(some)
        for board in (boards if ALL else [boards[place % len(boards)]])
    ]


def compiler(board: str) -> str:
    return "gcc" if shutil.which(load_board(board).toolchain) else "zig"


@pytest.mark.parametrize(("board", "make"), chosen(float_makers(), [*FLOAT, *QEMU]))
def test_float32_on_cores_with_an_fpu(board: str, make: Callable[[], Case], tmp_path: Path) -> None:
    if board not in QEMU:
        same_as_reference(make(), board)
        return
    if shutil.which(QEMU[board]) is None:
        pytest.skip(f"{QEMU[board]} is not installed")
    same_sum(make(), board, tmp_path)


@pytest.mark.parametrize(("board", "make"), chosen(fixed_makers(), FIXED, every=3))
def test_fixed_point_on_every_core(board: str, make: Callable[[], Case]) -> None:
    same_as_reference(make(), board)


def same_as_reference(case: Case, board: str) -> None:
    def device(firmware: object) -> EmulatedDevice:
        loaded, tool = roomy(load_board(board)), compiler(board)
        return EmulatedDevice(firmware, loaded, toolchain=tool)  # type: ignore[arg-type]

    steps = min(STEPS, case.steps)
    assert difference(case.network, steps, case.inputs, case.seed, device) is None


def roomy(board: Board) -> Board:
    """The same board with a megabyte of each memory, for networks that are not made for it."""
    grown = {
        name: region.model_copy(update={"length": max(region.length, 1 << 20)})
        for name, region in board.memory.items()
    }
    return board.model_copy(update={"memory": grown})


def same_sum(case: Case, name: str, place: Path) -> None:
    """The demo in QEMU ends with the sum that this computer's firmware has."""
    board = load_board(name).emulated()
    made = export(
        case.network, board, place, steps=STEPS, inputs=playable(case), seed=case.seed, name="demo"
    )
    main = (place / "src" / "main.c").read_text()
    image = build_image(made.firmware, board, place, main=main)
    outcome = run(image, load_board(name), "qemu")
    assert outcome.code == 0, outcome.output
    assert f"states {made.expected:08x}" in outcome.output


def playable(case: Case) -> dict[str, object]:
    """Inputs that a demo can play: not those that replace what the network has itself."""
    silent = {i.name for i in case.network.inputs if not len(getattr(i, "step", ()))}
    return {name: value for name, value in case.inputs.items() if name in silent}
