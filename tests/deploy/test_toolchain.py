"""Which compiler is taken, what it is given, and what it says."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from neuro.deploy import toolchain
from neuro.deploy.board import load_board
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.toolchain import find_toolchain, stack_usage
from neuro.errors import CompilerError, UnavailableError
from tests.deploy.programs import build, image, needs

BOARD = load_board("stm32l412")
EMPTY = "int main(void)\n{\n    return 0;\n}\n"


def executable(place: Path, name: str) -> Path:
    place.mkdir(exist_ok=True)
    path = place / name
    path.write_text("#!/bin/sh\necho test compiler 1.2\n")
    path.chmod(0o755)
    return path


def test_the_boards_own_compiler_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_toolchain(BOARD).name == "zig"
    gcc = executable(tmp_path, "arm-none-eabi-gcc")
    found = find_toolchain(BOARD)
    assert (found.name, found.kind, found.command) == ("arm-none-eabi-gcc", "gcc", (str(gcc),))
    assert find_toolchain(BOARD, "gcc") == found
    assert found.version() == "test compiler 1.2"
    assert find_toolchain(BOARD, "zig").kind == "zig"
    assert find_toolchain(BOARD, "zig").version().startswith("zig ")


def test_a_compiler_of_ones_own_is_given_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = executable(tmp_path, "my-gcc")
    assert find_toolchain(BOARD, str(own)).command == (str(own),)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_toolchain(BOARD, "my-gcc").kind == "gcc"


@pytest.mark.parametrize(
    ("board", "which", "words"),
    [
        (
            "stm32l412",
            "auto",
            r"no compiler 'arm-none-eabi-gcc'.*apt-get install gcc-arm-none-eabi",
        ),
        ("riscv-virt", "gcc", r"apt-get install gcc-riscv64-unknown-elf\); or pip install ziglang"),
        ("aarch64-linux", "auto", r"apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
        ("host", "auto", r"no compiler 'cc' on the path.*apt-get install gcc libc6-dev"),
        ("stm32l412", "zig", r"zig is not installed\. pip install ziglang"),
        ("stm32l412", "tcc", r"no compiler 'tcc' on the path\. Install it; or pip install ziglang"),
    ],
)
def test_without_a_compiler_the_message_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: str, which: str, words: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CompilerError, match=words):
        find_toolchain(load_board(board), which)


def test_zig_on_the_path_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = executable(tmp_path, "zig")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert find_toolchain(BOARD).command == (str(own), "cc")


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("int main(void)\n{\n    return x;\n}\n", r"refused the code:\n.*program\.c.*'x'"),
        ("int8_t f(int x);\nint8_t f(int x)\n{\n    return x;\n}\n" + EMPTY, "onversion"),
        ("void absent(void);\nint main(void)\n{\n    absent();\n    return 0;\n}\n", "absent"),
        ("#if UNKNOWN\n#endif\n" + EMPTY, "Wundef|Werror=undef"),
    ],
)
def test_code_that_is_refused_comes_with_the_compilers_words(
    tmp_path: Path, kind: str, source: str, words: str
) -> None:
    if kind == "gcc" and shutil.which(BOARD.toolchain) is None:
        pytest.skip(f"{BOARD.toolchain} is not installed")
    with pytest.raises(CompilerError, match=words):
        build(tmp_path, source, BOARD, which=kind)


def test_a_compiler_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken-gcc"
    broken.write_text("not a program")
    broken.chmod(0o755)
    with pytest.raises(CompilerError, match="broken-gcc could not be run"):
        build(tmp_path, EMPTY, BOARD, which=str(broken))


def test_macros_folders_and_further_flags_are_passed(tmp_path: Path) -> None:
    (tmp_path / "own.h").write_text("#define ANSWER (BASE + 2)\n")
    (tmp_path / "main.c").write_text('#include "own.h"\nint main(void)\n{\n    return ANSWER;\n}\n')
    host = load_board("host")
    out = find_toolchain(host).build(
        [tmp_path / "main.c"],
        out=tmp_path / "deeper" / "main",
        include=[tmp_path],
        defines={"BASE": 40, "NAME": "main"},
        optimise="-O0",
        extra=["-UBASE", "-DBASE=1"],
    )
    assert out.is_file()


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["stm32l412", "mps2-an500", "mps2-an505", "riscv-virt"])
def test_floats_stay_in_hardware_and_are_not_fused(tmp_path: Path, name: str, kind: str) -> None:
    source = """
volatile float a = 0x1.000002p0f, b = 0x1.000002p0f, c = -0x1.000004p0f;
int main(void)
{
    return a * b + c != 0.0f;
}
"""
    board = load_board(name)
    if kind == "gcc" and shutil.which(board.toolchain) is None:
        pytest.skip(f"{board.toolchain} is not installed")
    program = image(tmp_path, source, board, which=kind)
    assert not [symbol for symbol in program.symbols if "mul" in symbol or "add" in symbol]
    assert UnicornMachine(program, board).run().code == 0


@needs("arm-none-eabi-gcc")
def test_gcc_may_be_told_to_fuse_and_the_result_differs(tmp_path: Path) -> None:
    source = """
volatile float a = 0x1.000002p0f, b = 0x1.000002p0f, c = -0x1.000004p0f;
int main(void)
{
    return a * b + c != 0.0f;
}
"""
    fused = image(tmp_path, source, BOARD, which="gcc", extra=("-ffp-contract=fast",))
    assert UnicornMachine(fused, BOARD).run().code == 1


def test_what_a_core_lacks_comes_from_the_compilers_library(tmp_path: Path) -> None:
    source = """
volatile float a = 3.0f;
volatile uint32_t n = 100u;
int main(void)
{
    return (int)(a * 2.5f) + (int)(n / 7u);
}
"""
    program = image(tmp_path, source, "microbit", which="zig")
    assert UnicornMachine(program, load_board("microbit")).run().code == 7 + 14


@needs("arm-none-eabi-gcc")
def test_gcc_says_how_much_stack_functions_take(tmp_path: Path) -> None:
    source = """
int32_t deep(int32_t n);
int32_t deep(int32_t n)
{
    volatile int32_t here[64];
    here[n & 63] = n;
    return here[(n + 1) & 63];
}
"""
    path = build(tmp_path, source + EMPTY, BOARD, which="gcc", keep=("deep",))
    usage = stack_usage(path)
    assert 256 <= usage["deep"] < 300
    assert usage["main"] < 16
    assert "neuro_puts" in usage


def test_zig_does_not_say_it(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="Build it with GCC"):
        stack_usage(build(tmp_path, EMPTY, BOARD, which="zig"))


def test_every_compiler_has_a_package() -> None:
    from neuro.deploy.board import board_names

    assert {load_board(name).toolchain for name in board_names()} == set(toolchain._PACKAGES)
