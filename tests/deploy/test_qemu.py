"""Programs in QEMU: every machine, faults, limits, and instructions equal to unicorn's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from neuro.deploy.board import Board, board_names, load_board
from neuro.deploy.emulator.qemu import qemu_program, run_qemu
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.image import Image
from neuro.errors import DeviceError, UnavailableError, UnsupportedError
from tests.deploy.programs import image, needs

SOURCE = """
#if defined(__riscv)
#define NOWHERE 0xF0000000u
#else
#define NOWHERE 0x60000000u
#endif
static int32_t numbers[16];
int32_t start = 3;
int32_t deep(int32_t n);
int32_t deep(int32_t n)
{
    volatile int32_t here[8];
    here[n & 7] = n;
    return n > 0 ? deep(n - 1) + here[n & 7] : 0;
}
static int32_t copy(void)
{
    char bytes[8];
    int32_t from = neuro_open("in.bin", NEURO_READ);
    int32_t to = neuro_open("out.bin", NEURO_WRITE);
    int32_t n;
    while ((n = neuro_read(from, bytes, sizeof bytes)) > 0) {
        if (neuro_write(to, bytes, (uint32_t)n) != n) {
            return 1;
        }
    }
    return neuro_close(from) + neuro_close(to);
}
int main(void)
{
    char text[32];
    int32_t sum = start;
    if (neuro_arguments(text, sizeof text) <= 0) {
        return 1;
    }
    neuro_puts(text);
    for (int i = 0; i < 16; i++) {
        numbers[i] += i;
        sum += numbers[i];
    }
    switch (text[0]) {
    case 'd':
        return deep(100000);
    case 'w':
        *(volatile int32_t *)(uintptr_t)NOWHERE = 1;
        break;
    case 'u':
        __builtin_trap();
    case 'h':
        for (;;) {
        }
    case 'f':
        return copy();
    default:
        break;
    }
    return sum;
}
"""
BOARDS = [name for name in board_names() if load_board(name).emulator is not None]
BARE = [name for name in BOARDS if load_board(name).processor.bare]
FEW = ("netduinoplus2", "microbit", "mps2-an505", "riscv-virt")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image]:
    """Programs by board, as far as they have been built."""
    return {}


@pytest.fixture
def program(
    request: pytest.FixtureRequest, built: dict[str, Image], tmp_path: Path
) -> tuple[Image, Board]:
    """The program above, for the board that the test names, with the compiler that is there."""
    board = load_board(request.param)
    if shutil.which(qemu_program(board)) is None:
        pytest.skip(f"{qemu_program(board)} is not installed")
    if board.name not in built:
        built[board.name] = image(tmp_path, SOURCE, board.emulated(), which="auto")
    return built[board.name], board


@pytest.mark.parametrize("program", BOARDS, indirect=True)
def test_every_board_with_a_machine_runs(program: tuple[Image, Board]) -> None:
    outcome = run_qemu(*program, "abc def")
    assert (outcome.code, outcome.output, outcome.instructions) == (123, "abc def", None)


@pytest.mark.parametrize("program", BARE, indirect=True)
def test_instructions_are_those_that_unicorn_counts(program: tuple[Image, Board]) -> None:
    loaded, board = program
    counted = run_qemu(loaded, board, "abc def", count=True)
    assert counted.instructions == sum(counted.functions.values()) > 100
    assert "main" in counted.functions
    if board.processor.unicorn:
        assert counted == UnicornMachine(loaded, board.emulated()).run("abc def", count=True)


@pytest.mark.parametrize("program", ["aarch64-linux"], indirect=True)
def test_instructions_of_a_linux_program_are_counted(program: tuple[Image, Board]) -> None:
    counted = run_qemu(*program, "abc def", count=True)
    assert counted.functions["main"] > 16


@pytest.mark.parametrize("program", FEW, indirect=True)
def test_an_overflowing_stack_is_a_fault(program: tuple[Image, Board]) -> None:
    with pytest.raises(DeviceError, match=r"overflowed|forbidden store at .* in deep"):
        run_qemu(*program, "deep")


@pytest.mark.parametrize("program", FEW, indirect=True)
@pytest.mark.parametrize("how", ["undefined", "write"])
def test_a_fault_names_the_function(program: tuple[Image, Board], how: str) -> None:
    with pytest.raises(DeviceError, match=r"the program stopped with .* in main"):
        run_qemu(*program, how)


@pytest.mark.parametrize("program", ["microbit"], indirect=True)
def test_a_program_that_hangs_is_stopped(program: tuple[Image, Board]) -> None:
    with pytest.raises(DeviceError, match=r"still running after 0\.5 seconds"):
        run_qemu(*program, "hang", seconds=0.5)


@pytest.mark.parametrize("program", ["mps2-an386", "riscv-virt", "aarch64-linux"], indirect=True)
def test_files_are_read_and_written(program: tuple[Image, Board], tmp_path: Path) -> None:
    (tmp_path / "in.bin").write_bytes(bytes(range(30)))
    assert run_qemu(*program, "files", files=tmp_path).code == 0
    assert (tmp_path / "out.bin").read_bytes() == bytes(range(30))


@needs("qemu-system-arm")
def test_a_machine_that_qemu_does_not_have_is_named(tmp_path: Path) -> None:
    board = load_board("microbit")
    assert board.emulator is not None
    other = board.model_copy(
        update={"emulator": board.emulator.model_copy(update={"machine": "mikrobit"})}
    )
    with pytest.raises(DeviceError, match="mikrobit"):
        run_qemu(image(tmp_path, SOURCE, board, which="auto"), other, "abc")


def test_without_qemu_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = image(tmp_path, SOURCE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="apt-get install qemu-system-arm"):
        run_qemu(loaded, load_board("stm32l412"))


def test_a_board_without_a_machine_says_so() -> None:
    with pytest.raises(UnsupportedError, match="QEMU has no machine for host"):
        qemu_program(load_board("host"))
