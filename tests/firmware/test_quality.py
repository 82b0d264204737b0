"""The generated C: no warnings, nothing needed from outside, bounded stack, good company in a program."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import neuro
from neuro.backends.firmware.generate import generate
from neuro.deploy.startup import STACK
from neuro.ir.network import Network
from neuro.resources import folder
from tests.conftest import ROOT
from tests.firmware.api import Api
from tests.firmware.networks import everything, in_fixed_point, memory_demo
from tests.networks import ASTROCYTE, cell_case
from tests.structured import forms

RUNTIME = folder("deploy") / "runtime"
WARNINGS = (
    *("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wundef", "-Wpedantic", "-Wvla"),
    *("-Wstrict-prototypes", "-Wmissing-prototypes", "-Wdouble-promotion", "-Werror"),
)
M4F = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-ffreestanding")
COMPILERS: dict[str, tuple[str, ...]] = {
    "gcc": ("-O2",),
    "clang": ("-O1",),
    "arm-none-eabi-gcc": ("-O2", *M4F),
}


def tool(name: str) -> str:
    """The path of a program; the test is skipped where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: Any) -> str:
    """What a program prints; its messages if it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lone(cell: Any, inject: str = "") -> Network:
    """Three cells that nothing connects."""
    net = neuro.NetworkBuilder(dt=1.0, name="lone")
    cells = net.population(3, cell, label="cells")
    if inject:
        net.inject(neuro.DCSource(0.1), cells, port=inject)
    return net.build()


def inputs_only() -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="inputs")
    net.population(300, neuro.SpikeSourceArray([1.0]), label="inputs")
    return net.build()


NETWORKS: dict[str, Callable[[], Network]] = {
    "memory": lambda: memory_demo().network,
    "everything": everything,
    "everything64": lambda: everything(neuro.FLOAT64),
    "fixed8": lambda: in_fixed_point(8),
    "fixed16": lambda: in_fixed_point(16),
    "sliding": lambda: forms(names=("wide", "sum")),
    "sliding64": lambda: forms(neuro.FLOAT64, names=("pooled", "gaps"), delay=3),
    "refractory_per_cell": lambda: cell_case("coupled").network,
    "lone_lif": lambda: lone(neuro.LIF(), inject="input"),
    "lone_astrocyte": lambda: lone(neuro.CustomCell(ASTROCYTE)),
    "inputs_only": inputs_only,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the C of each network."""
    found = tmp_path_factory.mktemp("quality")
    for name, network in NETWORKS.items():
        firmware = generate(network(), 0, name)
        (found / f"{name}.h").write_text(firmware.header)
        (found / f"{name}.c").write_text(firmware.source)
    return found


def compile_c(place: Path, name: str, compiler: str, *flags: str) -> Path:
    """The object file of one network."""
    out = place / f"{name}-{compiler}.o"
    include = (f"-I{RUNTIME}", f"-I{place}")
    run(tool(compiler), "-std=c99", *flags, *include, "-c", place / f"{name}.c", "-o", out)
    return out


# Compilers and checkers ----------------------------------------------------------------------------


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_compiles_without_warnings(place: Path, name: str, compiler: str) -> None:
    compile_c(place, name, compiler, *COMPILERS[compiler], *WARNINGS)


CHECKED = ("memory", "everything")


@pytest.mark.parametrize("name", [*CHECKED, "fixed8"])
def test_cppcheck_finds_nothing(place: Path, name: str) -> None:
    """Some findings are left out; see docs/reference/c-deviations.md."""
    left_out = (
        *("knownConditionTrueFalse", "redundantInitialization", "duplicateExpression"),
        *("zerodiv", "shiftTooManyBitsSigned"),
    )
    run(
        *(tool("cppcheck"), "--std=c99", "--quiet", "--error-exitcode=1", f"-I{RUNTIME}"),
        "--enable=warning,style,performance,portability",
        *(f"--suppress={finding}" for finding in left_out),
        place / f"{name}.c",
    )


@pytest.mark.parametrize("name", ["everything", "fixed8"])
def test_deviations_from_misra_are_those_that_are_documented(place: Path, name: str) -> None:
    flags = ("--std=c99", "--quiet", "--max-configs=1", f"-I{RUNTIME}", "--addon=misra")
    short = place / "short.c"
    short.write_text(first_values((place / f"{name}.c").read_text()))
    done = subprocess.run(
        [tool("cppcheck"), *flags, short], capture_output=True, text=True, check=False
    )
    found = set(re.findall(r"misra-c2012-([\d.]+)\]", done.stderr))
    if not found:
        pytest.skip("cppcheck comes without its MISRA checks")
    page = (ROOT / "docs" / "reference" / "c-deviations.md").read_text()
    assert found <= set(re.findall(r"^\| (\d+\.\d+) \|", page, re.MULTILINE))


def first_values(source: str) -> str:
    """A source whose tables have one value each, which saves half a minute."""
    table = re.compile(r"(static const \w+ \w+)\[\d+\] = \{\n    ([^,]+),[^}]*\};")
    return table.sub(r"\1[1] = { \2 };", source)


def test_the_runtime_is_formatted() -> None:
    """Versions of clang-format differ in what they make of one configuration."""
    program = tool("clang-format")
    if "version 14." not in run(program, "--version"):
        pytest.skip("clang-format is not version 14")
    style = f"--style=file:{ROOT / '.clang-format'}"
    run(program, "--dry-run", "-Werror", style, *sorted(RUNTIME.glob("*.h")))


# What it needs and takes ---------------------------------------------------------------------------


@pytest.mark.parametrize("optimise", ["-O0", "-O2"])
@pytest.mark.parametrize("name", ["everything", "everything64", "fixed8"])
def test_needs_three_functions_of_memory_only(place: Path, name: str, optimise: str) -> None:
    """No heap, no libm, no standard output."""
    out = run(tool("nm"), "--undefined-only", compile_c(place, name, "gcc", optimise))
    assert set(re.findall(r"U (\w+)", out)) <= {"memcpy", "memmove", "memset"}


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4"])
def test_without_hardware_for_floats_it_needs_the_compilers_own_library(
    place: Path, core: str
) -> None:
    flags = ("-O2", f"-mcpu={core}", "-mthumb", "-mfloat-abi=soft", "-ffreestanding")
    made = compile_c(place, "everything64", "arm-none-eabi-gcc", *flags)
    names = re.findall(r"U (\w+)", run(tool("arm-none-eabi-nm"), "--undefined-only", made))
    own = re.compile(r"mem(cpy|move|set)|__(aeabi|gnu)_\w+|__\w+[sd]i2")
    assert [name for name in names if not own.fullmatch(name)] == []


@pytest.mark.parametrize("name", ["memory", "everything"])
def test_symbols_start_with_the_prefix(place: Path, name: str) -> None:
    made = compile_c(place, name, "gcc", "-O2")
    names = re.findall(r"\w+$", run(tool("nm"), "-g", "--defined-only", made), re.MULTILINE)
    assert names
    assert all(symbol.startswith(f"{name}_") for symbol in names)


def test_stack_is_bounded_and_nothing_calls_itself(place: Path) -> None:
    """A call through a pointer may reach every kernel."""
    flags = ("-O2", *M4F, "-fcallgraph-info=su")
    made = compile_c(place, "everything", "arm-none-eabi-gcc", *flags)
    frames, calls = call_graph(made.with_suffix(".ci").read_text())
    entries = [name for name in frames if name.startswith("everything_")]
    assert len(entries) == 10
    assert max(deepest(name, frames, calls) for name in entries) <= STACK * 3 // 4


def call_graph(text: str) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Bytes of each function's frame, and what it calls."""
    node = re.compile(r'node: { title: "([^"]+)" label: "([^"]+)"')
    frames, calls = {}, defaultdict(set)
    for title, label in node.findall(text):
        size = re.search(r"(\d+) bytes \((\w+)\)", label)
        if size is not None:
            assert size[2] == "static", f"{title} has a frame of varying size"
            frames[title] = int(size[1])
    for caller, called in re.findall(r'sourcename: "([^"]+)" targetname: "([^"]+)"', text):
        calls[caller].add(called)
    kernel = re.compile(r"nr_(update|reset|on_pre|on_post|each_step|raise_\w+|decay_\w+)_\d+$")
    calls["__indirect_call"] = {name for name in frames if kernel.search(name)}
    assert len(calls["__indirect_call"]) > 10
    return frames, calls


def deepest(
    name: str, frames: dict[str, int], calls: dict[str, set[str]], above: Iterable[str] = ()
) -> int:
    """Bytes of stack of a function and all that it calls; fails if it calls itself."""
    assert name not in (*above,), f"{name} calls itself"
    inner = (deepest(called, frames, calls, (*above, name)) for called in calls.get(name, ()))
    return frames.get(name, 0) + max(inner, default=0)


# Programs ------------------------------------------------------------------------------------------

CPLUSPLUS = """
#include <cstdio>
#include "memory.h"
#include "everything.h"

int main()
{
    memory_net one = {};
    everything_net other = {};
    nr_event out[EVERYTHING_MAX_OUT];
    const nr_event in[] = {{EVERYTHING_given, 2}};
    bool good = memory_init(&one) == NR_OK && everything_init(&other) == NR_OK;
    for (int step = 0; step < 40 && good; ++step) {
        const nr_event cue[] = {{memory_InCue_number, static_cast<uint16_t>(step % 5)}};
        uint32_t count = EVERYTHING_MAX_OUT;
        good = memory_step(&one, cue, 1, nullptr, nullptr) == NR_OK
            && everything_step(&other, in, 1, out, &count) == NR_OK;
    }
    std::printf("%u %u\\n", memory_check(&one), everything_check(&other));
    return good ? 0 : 1;
}
""".replace("memory_InCue_number", "MEMORY_InCue")


@pytest.mark.parametrize("pair", [("g++", "gcc"), ("clang++", "clang")], ids=["g++", "clang++"])
def test_two_networks_run_side_by_side_in_a_cpp_program(place: Path, pair: tuple[str, str]) -> None:
    """Each computes what it computes alone."""
    (place / "main.cpp").write_text(CPLUSPLUS)
    objects = [compile_c(place, name, pair[1], "-O2") for name in CHECKED]
    flags = ("-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Werror")
    include = (f"-I{RUNTIME}", f"-I{place}")
    program = place / f"program-{pair[0]}"
    run(tool(pair[0]), *flags, *include, place / "main.cpp", *objects, "-o", program)
    memory, other = Api(memory_demo().network), Api(everything())
    memory.play([[(memory.sources.index("InCue"), step % 5)] for step in range(40)])
    other.play([[(other.sources.index("given"), 2)]] * 40)
    assert run(program).split() == [str(memory.check), str(other.check)]
