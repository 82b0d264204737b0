"""Programs in unicorn: their end, their text, their files, and every way to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro.deploy.board import Region, load_board
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.image import Image
from neuro.errors import DeviceError, ParameterError, UnknownNameError
from tests.deploy.programs import image

BOARD = load_board("stm32l412")

SOURCE = """
int32_t counter = 40;
int32_t weights[3] = {1, -2, 3};
static float noise[64];

int32_t add(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f);
int32_t add(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f)
{
    counter++;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}
int32_t poke(uint32_t address);
int32_t poke(uint32_t address)
{
    *(volatile uint32_t *)address = 1u;
    return 1;
}
int32_t peek(uint32_t address);
int32_t peek(uint32_t address)
{
    return *(volatile int32_t *)address;
}
int32_t jump(uint32_t address);
int32_t jump(uint32_t address)
{
    ((void (*)(void))address)();
    counter--;
    return 0;
}
int32_t deep(int32_t n);
int32_t deep(int32_t n)
{
    volatile int32_t here[8];
    here[n & 7] = n;
    return n > 0 ? deep(n - 1) + here[n & 7] : 0;
}
int32_t hang(void);
int32_t hang(void)
{
    while (*(volatile int32_t *)&counter >= 0) {
    }
    return 0;
}
int32_t leave(void);
int32_t leave(void)
{
    neuro_exit(5);
}
int32_t undefined(void);
int32_t undefined(void)
{
    __builtin_trap();
}
int32_t scale(void);
int32_t scale(void)
{
    for (int i = 0; i < 64; i++) {
        noise[i] = noise[i] * 0.5f + (float)i;
    }
    return (int32_t)noise[63];
}
int main(void)
{
    char text[32];
    neuro_puts("weights");
    for (int i = 0; i < 3; i++) {
        neuro_puts(" ");
        neuro_put_int(weights[i]);
    }
    neuro_puts(" ");
    neuro_put_hex(0xBEEFu);
    neuro_puts("\\n");
    if (neuro_arguments(text, sizeof text) > 0) {
        neuro_puts(text);
    }
    return counter + 2;
}
"""
FUNCTIONS = ("add", "poke", "peek", "jump", "deep", "hang", "leave", "undefined", "scale")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The program above for a chip with 40 KB of RAM."""
    return image(tmp_path_factory.mktemp("program"), SOURCE, BOARD, keep=FUNCTIONS)


@pytest.fixture
def machine(program: Image) -> UnicornMachine:
    """The program, stopped at main()."""
    made = UnicornMachine(program, BOARD)
    made.start()
    return made


def test_a_program_runs_to_its_exit_code(program: Image) -> None:
    outcome = UnicornMachine(program, BOARD).run("abc def")
    assert (outcome.code, outcome.output) == (42, "weights 1 -2 3 0000beef\nabc def")
    assert outcome.instructions is None


def test_a_run_starts_from_fresh_memory(program: Image) -> None:
    machine = UnicornMachine(program, BOARD)
    assert [machine.run().code, machine.run().code] == [42, 42]


def test_functions_are_called_with_any_number_of_integers(machine: UnicornMachine) -> None:
    assert machine.call("add", 1, 2, 3, 4, 5, 6) == 91
    assert machine.call("add", -1, 0, 0, 0, 0, 0) == 2**32 - 1
    assert machine.read(machine.address("counter"), 4) == (42).to_bytes(4, "little")


def test_memory_is_read_and_written(machine: UnicornMachine) -> None:
    counter = machine.address("counter")
    machine.write(counter, (7).to_bytes(4, "little"))
    assert machine.call("peek", counter) == 7


def test_floats_stay_in_hardware(machine: UnicornMachine) -> None:
    with machine.counting() as functions:
        assert machine.call("scale") == 63
    assert set(functions) == {"scale"}
    assert 64 * 4 < functions["scale"] < 64 * 12


def test_stack_use_is_measured(machine: UnicornMachine) -> None:
    before = machine.stack_used()
    machine.call("deep", 5)
    assert before + 5 * 32 <= machine.stack_used() <= 1024


@pytest.mark.parametrize(
    ("function", "argument", "words"),
    [
        (
            "poke",
            0x2000_A000,
            r"write 4 bytes at 0x2000a000, where stm32l412 has no memory, at .* in poke",
        ),
        ("poke", 0x0800_0000, r"write 4 bytes at 0x08000000, in flash \(rx\)"),
        ("peek", 0, r"read 4 bytes at 0x00000000, where stm32l412 has no memory"),
        ("jump", 0x2100_0001, r"execute . bytes at 0x21000000, where .* at .* in jump"),
        ("deep", 1000, r"just below the stack, which has overflowed, at .* in deep"),
        ("undefined", 0, r"stopped with an undefined instruction at .* in undefined"),
        ("leave", 0, r"leave\(\) ended the program with exit code 5"),
    ],
)
def test_a_fault_names_address_and_function(
    machine: UnicornMachine, function: str, argument: int, words: str
) -> None:
    with pytest.raises(DeviceError, match=words):
        machine.call(function, argument)
    machine.start()
    assert machine.call("add", 1, 0, 0, 0, 0, 0) == 1


def test_a_function_that_hangs_is_stopped(machine: UnicornMachine) -> None:
    with pytest.raises(DeviceError, match=r"still running after 0\.05 seconds, at .* in hang"):
        machine.call("hang", seconds=0.05)


def test_a_run_has_a_limit_of_instructions(program: Image) -> None:
    with pytest.raises(DeviceError, match="still running after 100 instructions"):
        UnicornMachine(program, BOARD).run(limit=100)


def test_only_memory_of_the_board_is_read_and_written(machine: UnicornMachine) -> None:
    with pytest.raises(ParameterError, match="no memory of stm32l412"):
        machine.read(0x2000_9FFE, 4)
    with pytest.raises(ParameterError, match="no memory of stm32l412"):
        machine.write(0xE000_0000, b"\0")


def test_an_unknown_function_offers_the_nearest(machine: UnicornMachine) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'add'"):
        machine.call("addd")


FILES = """
int main(void)
{
    char bytes[8];
    int32_t from = neuro_open("in.bin", NEURO_READ);
    int32_t to = neuro_open("out.bin", NEURO_WRITE);
    int32_t n;
    if (neuro_open("../secret.bin", NEURO_READ) >= 0 || neuro_open("absent", NEURO_READ) >= 0) {
        return 1;
    }
    while ((n = neuro_read(from, bytes, sizeof bytes)) > 0) {
        if (neuro_write(to, bytes, (uint32_t)n) != n) {
            return 2;
        }
    }
    return neuro_close(from) + neuro_close(to) + (neuro_close(to) == -1 ? 0 : 3);
}
"""


def test_files_are_those_of_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(b"secret")
    (folder / "in.bin").write_bytes(bytes(range(20)))
    machine = UnicornMachine(image(tmp_path / "build", FILES), BOARD)
    assert machine.run(files=folder).code == 0
    assert (folder / "out.bin").read_bytes() == bytes(range(20))
    assert machine.run().code != 0


MANY = """
uint32_t many(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g,
              uint32_t h, uint32_t i, uint32_t j);
uint32_t many(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g,
              uint32_t h, uint32_t i, uint32_t j)
{
    return a + (b << 1) + (c << 2) + (d << 3) + (e << 4) + (f << 5) + (g << 6) + (h << 7) +
           (i << 8) + (j << 9);
}
int32_t deep(int32_t n);
int32_t deep(int32_t n)
{
    volatile int32_t here[8];
    here[n & 7] = n;
    return n > 0 ? deep(n - 1) + here[n & 7] : 0;
}
int main(void)
{
    neuro_puts("here");
    return 3;
}
"""


@pytest.mark.parametrize(
    "name", ["microbit", "rp2040", "lm3s6965evb", "mps2-an500", "mps2-an505", "riscv-virt"]
)
def test_every_core_of_unicorn_runs_and_is_called(tmp_path: Path, name: str) -> None:
    board = load_board(name)
    machine = UnicornMachine(image(tmp_path, MANY, board, keep=("many", "deep")), board)
    outcome = machine.run(count=True)
    assert (outcome.code, outcome.output) == (3, "here")
    assert outcome.instructions == sum(outcome.functions.values()) > 30
    machine.start()
    for bit in range(10):
        assert machine.call("many", *(int(i == bit) for i in range(10))) == 1 << bit
    assert machine.call("deep", 3) == 6
    with pytest.raises(DeviceError, match=r"overflow|forbidden store at .* in deep"):
        machine.call("deep", 100000)


def test_a_bad_address_given_to_semihosting_is_a_fault(tmp_path: Path) -> None:
    source = "int main(void)\n{\n    neuro_puts((const char *)0x40000000);\n    return 0;\n}\n"
    machine = UnicornMachine(image(tmp_path, source), BOARD)
    with pytest.raises(DeviceError, match="semihosting operation 0x4 was given a bad address"):
        machine.run()


def test_memory_need_not_be_a_multiple_of_4_kb(tmp_path: Path) -> None:
    ram = Region(origin=0x2000_0000, length=10 * 1024)
    board = BOARD.model_copy(update={"memory": {"flash": BOARD.flash, "ram": ram}})
    program = image(tmp_path, SOURCE, board, keep=FUNCTIONS)
    machine = UnicornMachine(program, board)
    machine.start()
    assert machine.call("poke", ram.end - 4) == 1
    with pytest.raises(DeviceError, match="write 4 bytes at 0x20002800"):
        machine.call("poke", ram.end)
    odd = Region(origin=0x2000_0000, length=10 * 1024 + 100)
    with pytest.raises(ParameterError, match="no multiple of 1024 bytes"):
        UnicornMachine(program, BOARD.model_copy(update={"memory": {**board.memory, "ram": odd}}))
