"""Start-up code, linker script and input and output: clean, placed, and run from reset."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from neuro.deploy.board import Region, board_names, load_board
from neuro.deploy.emulator import choose, memory_for, run
from neuro.deploy.emulator.qemu import qemu_program
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.image import Image
from neuro.deploy.startup import linker_script, startup_include, startup_sources
from neuro.deploy.toolchain import find_toolchain
from neuro.errors import CompilerError, ParameterError, UnsupportedError
from neuro.resources import folder
from tests.deploy.programs import build, image, needs

EMPTY = "int main(void)\n{\n    return 0;\n}\n"
BARE = [name for name in board_names() if load_board(name).processor.bare]


def test_the_stack_lies_at_the_bottom_of_ram(tmp_path: Path) -> None:
    source = (
        "int32_t value = 5;\nint32_t zero[9];\nint main(void)\n{\n    return value + zero[3];\n}\n"
    )
    program = image(tmp_path, source, stack=512)
    ram = load_board("stm32l412").ram
    assert program.symbol("neuro_stack_bottom").address == ram.origin
    assert program.symbol("neuro_stack_top").address == ram.origin + 512
    assert program.symbol("value").address >= ram.origin + 512
    assert program.ram == 512 + 4 + 36 + (program.ram - 552)
    assert program.symbol("neuro_vectors").address == load_board("stm32l412").flash.origin


def test_start_up_code_takes_little_flash(tmp_path: Path) -> None:
    assert image(tmp_path, EMPTY).flash < 700


@pytest.mark.parametrize(("stack", "words"), [(0, "0 bytes"), (40960, "40960 bytes do not fit")])
def test_a_stack_that_does_not_fit_is_refused(stack: int, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        linker_script(load_board("stm32l412"), stack=stack)


def test_a_computer_has_no_linker_script() -> None:
    with pytest.raises(UnsupportedError, match="aarch64-linux has an operating system"):
        linker_script(load_board("aarch64-linux"))


def test_input_and_output_is_one_of_two() -> None:
    board = load_board("stm32f405")
    assert [path.name for path in startup_sources(board, "uart")][1] == "io_uart.c"
    with pytest.raises(ParameterError, match="Use 'semihosting' or 'uart'"):
        startup_sources(board, "usb")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declaration", "region"),
    [("static uint32_t big[16384]", "ram"), ("static const uint32_t big[65536] = {1u}", "flash")],
)
def test_what_is_too_large_does_not_link(tmp_path: Path, declaration: str, region: str) -> None:
    source = f"{declaration};\nint main(void)\n{{\n    return (int)((volatile const uint32_t *)big)[5];\n}}\n"
    with pytest.raises(CompilerError, match=rf"(?i)region '?`?{region}|{region}.* overflowed"):
        image(tmp_path, source)


def test_further_memory_has_a_section_of_its_own(tmp_path: Path) -> None:
    source = (
        '__attribute__((section(".ccm"))) uint32_t far[64];\n'
        "int main(void)\n{\n    far[3] = 7u;\n    return (int)far[3];\n}\n"
    )
    board = load_board("stm32f405")
    program = image(tmp_path, source, board)
    assert program.symbol("far").address == 0x1000_0000
    assert UnicornMachine(program, board).run().code == 7


UART = """
char sent[64];
static uint32_t count;
uint32_t set_up;
void neuro_uart_putc(char byte);
void neuro_uart_putc(char byte)
{
    sent[count++ & 63u] = byte;
}
void neuro_board_init(void);
void neuro_board_init(void)
{
    set_up = 1u;
}
"""


def test_a_serial_line_gets_text_and_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "kit.c").write_text("#include <stdint.h>\n" + UART)
    board = load_board("stm32f405").model_copy(update={"sources": (str(tmp_path / "kit.c"),)})
    assert str(tmp_path / "kit.c") not in map(str, startup_sources(board))
    (tmp_path / "main.c").write_text(
        '#include "neuro_io.h"\nint main(void)\n{\n    neuro_puts("a\\n");\n'
        '    return neuro_open("x", NEURO_READ);\n}\n'
    )
    script = tmp_path / "kit.ld"
    script.write_text(linker_script(board))
    out = find_toolchain(board, "zig").build(
        [tmp_path / "main.c", *startup_sources(board, "uart")],
        out=tmp_path / "kit.elf",
        include=[startup_include()],
        linker_script=script,
        keep=["neuro_exit"],
    )
    machine = UnicornMachine(Image.load(out), board)
    machine.start("neuro_exit")
    sent = machine.read(machine.address("sent"), 64).partition(b"\0")[0]
    assert sent == b"a\r\n"
    assert machine.read(machine.address("set_up"), 1) == b"\1"


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["stm32f405", "microbit", "mps3-an547", "riscv-virt"])
def test_programs_link_with_both_compilers(tmp_path: Path, kind: str, name: str) -> None:
    board = load_board(name)
    if kind == "gcc" and shutil.which(board.toolchain) is None:
        pytest.skip(f"{board.toolchain} is not installed")
    program = image(tmp_path, EMPTY, board, which=kind)
    assert program.entry & ~1 == program.symbol("neuro_reset").address
    assert board.flash.holds(program.symbol("neuro_return").address)


@pytest.mark.parametrize("name", BARE)
def test_every_board_runs_in_what_is_there(tmp_path: Path, name: str) -> None:
    board = load_board(name)
    if not board.processor.unicorn and shutil.which(qemu_program(board)) is None:
        pytest.skip(f"{qemu_program(board)} is not installed")
    emulator = choose(board)
    linked = memory_for(board, emulator)
    assert run(image(tmp_path, EMPTY, linked), board, emulator).code == 0


MEMORY = """
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *one, const void *other, size_t size);
int main(void)
{
    return 0;
}
"""


@pytest.mark.parametrize("name", ["stm32l412", "microbit", "riscv-virt"])
def test_memory_functions_agree_with_python(tmp_path: Path, name: str) -> None:
    functions = ("memcpy", "memmove", "memset", "memcmp")
    machine = UnicornMachine(image(tmp_path, MEMORY, name, keep=functions), load_board(name))
    machine.start()
    base = load_board(name).ram.end - 256
    pattern = bytes(range(7, 135))
    for to in range(0, 9, 3):
        for source in range(0, 9, 2):
            for size in (0, 1, 3, 4, 5, 8, 33):
                for function in ("memcpy", "memmove"):
                    start = to if function == "memmove" else to + 64
                    wanted = bytearray(pattern)
                    wanted[start : start + size] = pattern[source : source + size]
                    machine.write(base, pattern)
                    result = machine.call(function, base + start, base + source, size)
                    assert (result, machine.read(base, 128)) == (base + start, bytes(wanted))
                wanted = bytearray(pattern)
                wanted[to : to + size] = bytes([0x5A]) * size
                machine.write(base, pattern)
                assert machine.call("memset", base + to, 0xFFFF5A, size) == base + to
                assert machine.read(base, 128) == bytes(wanted)
    machine.write(base, b"abcdabce")
    signs = [machine.call("memcmp", base + a, base + b, 4) for a, b in ((0, 0), (0, 4), (4, 0))]
    assert signs == [0, 2**32 - 1, 1]


def checksum(data: bytes) -> int:
    """CRC-32/MPEG-2, which the boot ROM of an RP2040 wants."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C1_1DB7 if crc & 0x8000_0000 else 0)) & 0xFFFF_FFFF
    return crc


@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_an_rp2040_is_booted(tmp_path: Path, kind: str) -> None:
    board = load_board("rp2040")
    if kind == "gcc" and shutil.which(board.toolchain) is None:
        pytest.skip(f"{board.toolchain} is not installed")
    program = image(tmp_path, EMPTY, board, which=kind)
    boot = program.segments[0].data[:256]
    assert checksum(boot[:252]) == int.from_bytes(boot[252:], "little")
    interface = Region(origin=0x1800_0000, length=4096, attributes="rw")
    more = board.model_copy(update={"memory": {**board.memory, "interface": interface}})
    machine = UnicornMachine(program, more)
    machine.write(0x2004_1F00, boot)  # what the boot ROM does
    machine._go(0x2004_1F00, until=program.symbol("neuro_reset").address, limit=0, seconds=5)

    def register(offset: int) -> int:
        return int.from_bytes(machine.read(interface.origin + offset, 4), "little")

    assert [register(offset) for offset in (0x00, 0x04, 0x08, 0x14, 0xF4)] == [
        0x001F_0300,
        0,
        1,
        4,
        0x0300_0218,
    ]
    assert machine._uc.mem_read(0xE000_ED08, 4) == (0x1000_0100).to_bytes(4, "little")


SUBNORMAL = """
static float values[64];
int main(void)
{
    for (int i = 0; i < 64; i++) {
        values[i] = (float)i * 0x1p-140f;
    }
    for (int i = 0; i < 64; i++) {
        values[i] = values[i] * 0.5f + 0x1p-141f;
    }
    int different = 0;
    for (int i = 0; i < 64; i++) {
        different += values[i] != (float)(i + 1) * 0x1p-141f;
    }
    return different;
}
"""


@pytest.mark.parametrize("optimise", ["-O2", "-O3"])
@pytest.mark.parametrize("name", ["stm32l412", "mps2-an500", "mps2-an505", "mps3-an547"])
def test_subnormal_floats_are_kept(tmp_path: Path, name: str, optimise: str) -> None:
    board = load_board(name)
    if not board.processor.unicorn and shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    emulator = choose(board)
    linked = memory_for(board, emulator)
    program = image(tmp_path, SUBNORMAL, linked, which="auto", extra=(optimise,))
    assert run(program, board, emulator).code == 0


@needs("arm-none-eabi-gcc", "qemu-system-arm")
def test_the_vector_unit_of_an_m55_would_lose_them(tmp_path: Path) -> None:
    """Why its floating-point half is off; if this fails, it may be used."""
    board = load_board("mps3-an547")
    flags = ("-O3", "-mcpu=cortex-m55")
    program = image(tmp_path, SUBNORMAL, board, which="gcc", extra=flags)
    assert run(program, board, "qemu").code > 0


@pytest.mark.parametrize("place", ["cortex_m", "riscv", "emulator"])
def test_the_c_is_licensed_and_narrow(place: str) -> None:
    files = sorted(path for path in (folder("deploy") / place).iterdir() if path.is_file())
    assert files
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "/* SPDX-License-Identifier: Apache-2.0 */", file
        assert max(map(len, lines)) <= 100, file


def test_the_host_has_the_same_functions(tmp_path: Path) -> None:
    source = """
int main(void)
{
    char text[8];
    uint8_t bytes[4] = {1, 2, 3, 4};
    int32_t length = neuro_arguments(text, sizeof text);
    int32_t file = neuro_open("out.bin", NEURO_WRITE);
    if (neuro_write(file, bytes, 4) != 4 || neuro_close(file) != 0 || neuro_close(file) != -1) {
        return 1;
    }
    neuro_puts(text);
    neuro_put_int(-2147483647 - 1);
    neuro_put_hex(0x12ABCDEFu);
    return length == 7 && neuro_open("absent", NEURO_READ) == -1 ? 42 : 2;
}
"""
    board = load_board("host")
    program = build(tmp_path / "build", source, board, which="auto")
    outcome = run(Image.load(program), board, choose(board), "abcdefghij", files=tmp_path)
    assert (outcome.code, outcome.output) == (42, "abcdefg-214748364812abcdef")
    assert (tmp_path / "out.bin").read_bytes() == bytes([1, 2, 3, 4])
