"""Command lines of the three tools, what they say, and a load through QEMU's debugger port."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from neuro.deploy.board import Board, Region, load_board
from neuro.deploy.flash import find_image, flash, plan
from neuro.deploy.image import Image
from neuro.errors import (
    DeviceError,
    FileFormatError,
    ParameterError,
    UnavailableError,
    UnsupportedError,
)
from tests.deploy.programs import build, needs

SOURCE = """
uint32_t table[200] = {1u, 2u};
const uint32_t constants[300] = {3u};
int main(void)
{
    uint32_t sum = 0;
    for (int i = 0; i < 200; i++) {
        sum += table[i] + constants[i];
    }
    return (int)sum;
}
"""
BOARD = load_board("stm32f405")
NO_PROBE = {
    "pyocd": ("0000714 E No target device available [load_cmd]", 1),
    "openocd": ("Error: open failed\n** OpenOCD init failed **", 1),
    "st-flash": ("2026-11-21 WARN usb.c: Couldn't find any ST-Link devices", 255),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A program for an STM32F405, in a folder whose name has a space."""
    return Image.load(build(tmp_path_factory.mktemp("a build"), SOURCE, BOARD))


Fake = Callable[..., Path]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Make an executable that notes its arguments, says something, and ends with a code."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))

    def make(name: str, says: str = "", code: int = 0) -> Path:
        log = tmp_path / f"{name}.log"
        script = place / name
        script.write_text(
            f"#!{sys.executable}\nimport sys\n"
            f"open({str(log)!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n"
            f"sys.stderr.write({says!r})\nsys.exit({code})\n"
        )
        script.chmod(0o755)
        return log

    return make


def expected(program: Image) -> dict[str, list[list[str]]]:
    elf, binary = str(program.path), str(program.path.with_suffix(".bin"))
    compare = f'compare 0x08000000 "{binary}"'
    target = ["--no-wait", "--target", "stm32f405rg"]
    scripts = ["-f", "interface/stlink.cfg", "-f", "target/stm32f4x.cfg"]
    return {
        "pyocd": [["flash", *target, elf], ["commander", *target, "--command", compare]],
        "openocd": [[*scripts, "-c", f"program {{{elf}}} verify reset exit"]],
        "st-flash": [["--reset", "write", binary, "0x08000000"]],
    }


@pytest.mark.parametrize("tool", ["pyocd", "openocd", "st-flash"])
def test_each_tool_is_called_with_its_command_lines(program: Image, fake: Fake, tool: str) -> None:
    log = fake(tool)
    made = flash(program, BOARD)
    assert made.tool == tool
    assert log.read_text().splitlines() == [repr(line) for line in expected(program)[tool]]
    assert [list(line[1:]) for line in made.commands] == expected(program)[tool]
    binary = program.path.with_suffix(".bin").read_bytes()
    assert len(binary) == program.flash
    assert int.from_bytes(binary[:4], "little") == program.symbol("neuro_stack_top").address


def test_the_first_tool_that_is_there_and_knows_the_board_is_taken(
    program: Image, fake: Fake
) -> None:
    for tool in ("st-flash", "openocd"):
        fake(tool)
    assert plan(program, BOARD).tool == "openocd"
    assert plan(program, BOARD, "st-flash").tool == "st-flash"


def test_openocd_takes_commands_among_its_files(program: Image, fake: Fake) -> None:
    fake("openocd")
    assert BOARD.flasher is not None
    entries = ("interface/jlink.cfg", "transport select swd", "target/stm32f4x.cfg")
    flasher = BOARD.flasher.model_copy(update={"openocd": entries})
    (command,) = plan(program, BOARD.model_copy(update={"flasher": flasher}), "openocd").commands
    assert command[1:7] == ("-f", entries[0], "-c", entries[1], "-f", entries[2])


@pytest.mark.parametrize("tool", ["pyocd", "openocd", "st-flash"])
def test_no_probe_is_one_sentence(program: Image, fake: Fake, tool: str) -> None:
    log = fake(tool, *NO_PROBE[tool])
    with pytest.raises(DeviceError) as caught:
        flash(program, BOARD, tool)
    assert str(caught.value) == f"{tool} finds no debug probe; is the board connected?"
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        ("E Target type 'stm32f405rg' not recognized.", 1, "pyocd pack install stm32f405rg"),
        ("Mismatched byte at 0x08000000", 0, "the board holds something else"),
        ("first\nError: target is locked\nbye", 3, "pyocd failed with 3: Error: target is locked."),
        ("", 4, "pyocd failed with 4: no message."),
    ],
)
def test_what_a_tool_says_is_passed_on(
    program: Image, fake: Fake, says: str, code: int, words: str
) -> None:
    fake("pyocd", says, code)
    with pytest.raises(DeviceError, match=re.escape(words)):
        flash(program, BOARD)


def smaller(flash_bytes: int, ram_bytes: int) -> Board:
    """The board with less memory."""
    memory = {
        "flash": Region(origin=0x0800_0000, length=flash_bytes, attributes="rx"),
        "ram": Region(origin=0x2000_0000, length=ram_bytes),
    }
    return BOARD.model_copy(update={"memory": memory})


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (
            smaller(1024, 65536),
            r"flash of stm32f405 is \d+ bytes too small: \d+ are needed, and it has 1024",
        ),
        (smaller(65536, 1024), r"ram of stm32f405 is 800 bytes too small"),
        (load_board("rp2040"), "lie in no memory of rp2040, which has flash from 0x10000000"),
    ],
)
def test_an_image_that_does_not_fit_is_refused_before_any_tool_starts(
    program: Image, fake: Fake, board: Board, words: str
) -> None:
    log = fake("openocd")
    with pytest.raises(DeviceError, match=words):
        flash(program, board)
    assert not log.exists()


def test_an_image_that_the_chip_would_not_start_is_refused(program: Image, fake: Fake) -> None:
    fake("openocd")
    region = Region(origin=0x0700_0000, length=0x0200_0000, attributes="rx")
    board = BOARD.model_copy(update={"memory": {**BOARD.memory, "flash": region}})
    with pytest.raises(
        DeviceError, match="starts at 0x08000000, but stm32f405 starts at 0x07000000"
    ):
        flash(program, board)


def test_a_tool_that_is_missing_or_unsuited_is_named(program: Image, fake: Fake) -> None:
    del fake
    with pytest.raises(UnavailableError, match=r"pyocd: pip install pyocd; openocd: apt-get"):
        flash(program, BOARD)
    with pytest.raises(UnavailableError, match="st-flash is needed to write stm32f405"):
        flash(program, BOARD, "st-flash")
    with pytest.raises(ParameterError, match="there is no 'dfu'"):
        flash(program, BOARD, "dfu")
    only = Board.model_validate({**BOARD.model_dump(), "flasher": {"pyocd": "x"}})
    with pytest.raises(
        UnsupportedError, match=r"openocd is not known to write stm32f405\. Use pyocd"
    ):
        flash(program, only, "openocd")
    with pytest.raises(UnsupportedError, match="no tool is known to write"):
        flash(program, BOARD.model_copy(update={"flasher": None}))
    with pytest.raises(UnsupportedError, match="host is a computer"):
        flash(program, load_board("host"))


def test_a_program_is_found_in_a_folder(tmp_path: Path, program: Image) -> None:
    with pytest.raises(ParameterError, match="no such file or folder"):
        find_image(tmp_path / "absent")
    with pytest.raises(ParameterError, match="Run make there first"):
        find_image(tmp_path)
    (tmp_path / "cmake").mkdir()
    (tmp_path / "cmake" / "a.elf").write_bytes(program.path.read_bytes())
    assert find_image(tmp_path).flash == program.flash
    (tmp_path / "cmake" / "b.elf").write_bytes(b"no program")
    with pytest.raises(ParameterError, match=r"several programs: cmake/a\.elf, cmake/b\.elf"):
        find_image(tmp_path)
    with pytest.raises(FileFormatError, match="is no ELF file"):
        find_image(tmp_path / "cmake" / "b.elf")


@pytest.mark.skipif(find_spec("pyocd") is None, reason="pyocd is not installed")
@pytest.mark.parametrize("name", ["nrf52840", "rp2040", "microbit"])
def test_pyocd_knows_the_memory_that_the_board_file_says(name: str) -> None:
    look = (
        "from pyocd.target import TARGET; import sys\n"
        "for region in TARGET[sys.argv[1]].MEMORY_MAP.regions:\n"
        "    print(region.type.name, region.start, region.length)\n"
    )
    board = load_board(name)
    assert board.flasher is not None
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", look, board.flasher.pyocd],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    flashes = {int(start): int(size) for kind, start, size in rows if kind == "FLASH"}
    rams = {int(start): int(size) for kind, start, size in rows if kind == "RAM"}
    assert flashes[board.flash.origin] >= board.flash.length
    assert board.ram.origin in rams


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@needs("qemu-system-arm", "gdb-multiarch")
def test_a_program_loaded_through_a_debugger_is_the_one_that_was_built(program: Image) -> None:
    """What a probe does, through QEMU's debugger port: load, compare every section, run."""
    port = free_port()
    console = ("-display", "none", "-monitor", "none", "-serial", "none")
    semihosting = ("-semihosting-config", "enable=on,target=native")
    debugger = ("-S", "-gdb", f"tcp:127.0.0.1:{port}")
    with subprocess.Popen(
        ["qemu-system-arm", "-M", "netduinoplus2", *console, *semihosting, *debugger],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as machine:
        try:
            steps = (
                "set tcp connect-timeout 20",
                f"target remote 127.0.0.1:{port}",
                "load",
                "compare-sections",
                "set $sp=*(unsigned*)0x08000000",
                "set $pc=*(unsigned*)0x08000004",
                "continue",
            )
            options = [word for step in steps for word in ("-ex", step)]
            said = subprocess.run(
                ["gdb-multiarch", "-batch", *options, str(program.path)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            ).stdout
            code = machine.wait(timeout=20)
        finally:
            machine.kill()
    assert re.search(r"Section \.text.*: matched\.", said), said
    assert re.search(r"Section \.data.*: matched\.", said), said
    assert "MIS-MATCHED" not in said
    assert code == 6
