"""The same bits on every core: state and spikes of each step, in unicorn with the board's memory.

This computer's firmware, which equals the reference in `test_bits`, says what is right.
"""

from __future__ import annotations

import importlib.util
import shutil

import pytest
from hypothesis import HealthCheck, given, seed, settings

from neuro.backends.firmware.generate import generate
from neuro.deploy.board import load_board
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.deploy.host_device import HostDevice
from neuro.ir.network import Network
from tests.firmware.networks import Event, events_by_step, everything, in_fixed_point, memory_demo
from tests.networks import Case, cases

pytest.importorskip("unicorn")

CORES = {
    "cortex-m0": "microbit",
    "cortex-m0plus": "rp2040",
    "cortex-m3": "lm3s6965evb",
    "cortex-m4f": "stm32l412",
    "cortex-m7": "mps2-an500",
    "cortex-m33": "mps2-an505",
    "rv32imafc": "riscv-virt",
}
"""A board with each core that unicorn has."""


def compilers(board: str) -> list[str]:
    """GCC where it is installed and zig otherwise; zig for the M4F in any case."""
    zig = importlib.util.find_spec("ziglang") is not None
    gcc = shutil.which(load_board(board).toolchain) is not None
    return ["gcc"] * gcc + ["zig"] * (zig and (not gcc or board == "stm32l412"))


BUILDS = [(board, which) for board in CORES.values() for which in compilers(board)]


def assert_same(
    network: Network,
    events: dict[int, list[Event]],
    steps: int,
    board: str,
    which: str,
    seed: int = 0,
) -> None:
    """The device and this computer do the same in each step."""
    firmware = generate(network, seed, "tested")
    host = HostDevice(firmware)
    device = EmulatedDevice(firmware, load_board(board), toolchain=which)
    spikes = 0
    for step in range(steps):
        expected = host.step(events.get(step, []))
        assert device.step(events.get(step, [])) == expected, f"spikes of step {step}"
        assert device.read_state() == host.read_state(), f"state after step {step}"
        spikes += len(expected)
    assert spikes or not events


def test_boards_have_these_cores() -> None:
    assert {core: load_board(board).core for core, board in CORES.items()} == {c: c for c in CORES}


@pytest.mark.parametrize(("board", "which"), BUILDS)
def test_the_memory_learns_recalls_and_forgets(board: str, which: str) -> None:
    demo = memory_demo()
    events = events_by_step(demo.network, dict(demo.inputs))
    assert_same(demo.network, events, demo.steps, board, which)


@pytest.mark.parametrize(("board", "which"), BUILDS)
def test_noise_plasticity_graded_projections_and_currents(board: str, which: str) -> None:
    events = {step: [(3, step % 8), (4, 0)] for step in range(40)}
    assert_same(everything(), events, 40, board, which)


@pytest.mark.parametrize(("board", "which"), BUILDS)
def test_fixed_point_with_narrow_weights(board: str, which: str) -> None:
    events = {step: [(2, step % 8), (3, 0)] for step in range(40)}
    assert_same(in_fixed_point(8), events, 40, board, which)


@pytest.mark.parametrize("board", ["lm3s6965evb", "riscv-virt"])
def test_networks_drawn_at_random(board: str) -> None:
    """With floats in software and in hardware."""
    if not compilers(board):
        pytest.skip("there is no compiler for it")

    @seed(7)
    @settings(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases())
    def check(case: Case) -> None:
        events = events_by_step(case.network, case.inputs)
        assert_same(case.network, events, case.steps, board, compilers(board)[0], case.seed)

    check()
