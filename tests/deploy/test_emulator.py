"""What runs a board's programs here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from neuro.deploy.board import load_board
from neuro.deploy.emulator import choose, memory_for, run
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.image import Image
from neuro.errors import DeviceError, ParameterError, UnavailableError, UnsupportedError
from tests.deploy.programs import image


def executable(place: Path, name: str) -> None:
    (place / name).write_text("#!/bin/sh\n")
    (place / name).chmod(0o755)


def test_unicorn_comes_first_since_it_has_the_boards_memory() -> None:
    board = load_board("stm32l412")
    assert choose(board) == "unicorn"
    assert memory_for(board, "unicorn") is board
    assert memory_for(board, "qemu").flash.origin == 0


def test_qemu_serves_where_unicorn_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        UnavailableError, match=r"qemu-system-arm is not installed, and unicorn lacks"
    ):
        choose(load_board("mps3-an547"))
    executable(tmp_path, "qemu-system-arm")
    assert choose(load_board("mps3-an547")) == "qemu"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert choose(load_board("stm32l412")) == "qemu"
    with pytest.raises(UnavailableError, match=r"pip install 'neuro-spiking\[mcu\]'"):
        choose(load_board("riscv-virt"))


def test_the_choice_can_be_made() -> None:
    assert choose(load_board("stm32l412"), "qemu") == "qemu"
    assert choose(load_board("mps3-an547"), "unicorn") == "unicorn"
    assert choose(load_board("host")) == "host"
    with pytest.raises(ParameterError, match="Use 'auto', 'unicorn' or 'qemu'"):
        choose(load_board("stm32l412"), "renode")


def test_a_core_that_unicorn_lacks_says_so(tmp_path: Path) -> None:
    board = load_board("mps3-an547")
    program = image(tmp_path, "int main(void)\n{\n    return 0;\n}\n", board, which="zig")
    with pytest.raises(UnsupportedError, match="unicorn does not emulate cortex-m55"):
        UnicornMachine(program, board)


def test_packages_that_are_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = load_board("stm32l412")
    program = image(tmp_path, "int main(void)\n{\n    return 0;\n}\n", board)
    for module in ("unicorn", "elftools.elf.elffile"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnavailableError, match=r"pip install 'neuro-spiking\[mcu\]'"):
        UnicornMachine(program, board)
    with pytest.raises(UnavailableError, match=r"pip install 'neuro-spiking\[mcu\]'"):
        Image.load(program.path)


def test_a_program_of_this_computer_that_breaks_or_hangs_is_an_error(tmp_path: Path) -> None:
    source = """
int main(void)
{
    char text[8];
    if (neuro_arguments(text, sizeof text) > 0) {
        for (;;) {
        }
    }
    __builtin_trap();
}
"""
    host = load_board("host")
    program = image(tmp_path, source, host, which="auto")
    with pytest.raises(DeviceError, match="was ended by SIG"):
        run(program, host, "host")
    with pytest.raises(DeviceError, match=r"still running after 0\.3 seconds"):
        run(program, host, "host", "hang", seconds=0.3)
