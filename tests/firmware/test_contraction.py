"""The negative control: where a compiler fuses multiplications and additions, the comparison sees it."""

from __future__ import annotations

import functools
import importlib.util
import shutil
from pathlib import Path

import pytest

from neuro.backends.c import compiler
from neuro.deploy import toolchain
from neuro.deploy.board import load_board
from neuro.deploy.emulated_device import EmulatedDevice
from tests.firmware.compare import difference
from tests.networks import Case, cell_case

FUSED = "-ffp-contract=fast"
CASE: Case = cell_case("IF_curr_exp")
STEPS = 30


def fused(flags: tuple[str, ...]) -> tuple[str, ...]:
    """The same flags, but for the one that keeps roundings apart."""
    assert "-ffp-contract=off" in flags
    return tuple(FUSED if flag == "-ffp-contract=off" else flag for flag in flags)


def has_fma() -> bool:
    """True if this processor multiplies and adds in one instruction."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return " fma " in text or "asimd" in text


def test_on_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    if compiler.find_compiler() is None or not has_fma():
        pytest.skip("needs a C compiler and a processor with fused multiply-add")
    assert difference(CASE.network, STEPS, CASE.inputs, CASE.seed) is None
    monkeypatch.setattr(compiler, "FLAGS", fused(compiler.FLAGS))
    found = difference(CASE.network, STEPS, CASE.inputs, CASE.seed)
    assert found is not None
    assert found.step < 5


@pytest.mark.parametrize(
    ("board", "which"), [("stm32f405", "gcc"), ("mps2-an500", "zig")], ids=["m4f-gcc", "m7-zig"]
)
def test_on_a_board(board: str, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GCC fuses wherever it can; the clang in zig does so for the M7, but not for the M4."""
    pytest.importorskip("unicorn")
    if which == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    if which == "zig" and importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang is not installed")
    device = functools.partial(EmulatedDevice, board=load_board(board), toolchain=which)
    assert difference(CASE.network, STEPS, CASE.inputs, CASE.seed, device) is None
    monkeypatch.setattr(toolchain, "COMMON", fused(toolchain.COMMON))
    found = difference(CASE.network, STEPS, CASE.inputs, CASE.seed, device)
    assert found is not None
    assert found.step < 5
