"""An exported project: written without harm to a person's files, and built by its own make and cmake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import neuro
from neuro.backends.c.compiler import find_compiler
from neuro.deploy.board import load_board
from neuro.deploy.emulator import choose, memory_for
from neuro.deploy.emulator import run as emulate
from neuro.deploy.export import Export, export
from neuro.deploy.image import Image
from neuro.deploy.project_files import MANIFEST, write_folder, written_before
from neuro.errors import FileFormatError, StorageError
from tests.deploy.programs import needs
from tests.firmware.networks import everything, memory_demo

# Writing -------------------------------------------------------------------------------------------

FACTS = {"network": "mine"}


def content(place: Path) -> dict[str, str]:
    """All files below a folder but the manifest."""
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {str(p.relative_to(place)): p.read_text() for p in files if p.name != MANIFEST}


def test_a_folder_is_made_with_a_manifest(tmp_path: Path) -> None:
    out = tmp_path / "not" / "there"
    write_folder(out, {"a.txt": "a", "b/c.txt": "c"}, FACTS, force=False)
    assert content(out) == {"a.txt": "a", "b/c.txt": "c"}
    manifest = json.loads((out / MANIFEST).read_text())
    assert manifest["network"] == "mine"
    assert set(manifest["files"]) == set(written_before(out)) == {"a.txt", "b/c.txt"}


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a.txt": "a"}, FACTS, force=False)
    assert content(tmp_path) == {"a.txt": "a"}


@pytest.mark.parametrize("what", ["an earlier export", "files that neuro did not write"])
def test_what_is_there_is_not_touched_without_force(tmp_path: Path, what: str) -> None:
    if what == "an earlier export":
        write_folder(tmp_path, {"a.txt": "a"}, FACTS, force=False)
    else:
        (tmp_path / "a.txt").write_text("a")
    with pytest.raises(StorageError, match=what):
        write_folder(tmp_path, {"a.txt": "new", "b.txt": "b"}, FACTS, force=False)
    assert content(tmp_path) == {"a.txt": "a"}


def test_force_replaces_what_neuro_wrote_and_keeps_what_a_person_did(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": "1", "b": "1", "same": "s"}, FACTS, force=False)
    (tmp_path / "b").write_text("changed")
    (tmp_path / "own").write_text("own")
    write_folder(tmp_path, {"a": "2", "b": "2", "same": "s", "own": "2"}, FACTS, force=True)
    new = {"a": "2", "b": "2", "same": "s", "own": "2"}
    assert content(tmp_path) == new | {"b.before": "changed", "own.before": "own"}


def test_nothing_that_was_kept_is_lost_the_next_time(tmp_path: Path) -> None:
    for k in range(3):
        write_folder(tmp_path, {"a": f"{k}"}, FACTS, force=True)
        (tmp_path / "a").write_text(f"change {k}")
    kept = {"a.before": "change 0", "a.before2": "change 1"}
    assert content(tmp_path) == kept | {"a": "change 2"}


def test_a_change_to_what_would_be_written_is_no_change(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": "1"}, FACTS, force=False)
    (tmp_path / "a").write_text("2")
    write_folder(tmp_path, {"a": "2"}, FACTS, force=True)
    assert content(tmp_path) == {"a": "2"}


def test_files_that_are_no_text_are_kept_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\x00")
    write_folder(tmp_path, {"a": "1"}, FACTS, force=True)
    assert (tmp_path / "a.before").read_bytes() == b"\xff\x00"


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}', "\xff"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(FileFormatError, match="is no manifest of an export"):
        write_folder(tmp_path, {"a": "1"}, FACTS, force=True)
    assert content(tmp_path) == {}


@pytest.mark.skipif(os.getuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="could not be written"):
        write_folder(tmp_path, {"a": "1"}, FACTS, force=False)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(StorageError, match="could not be written"):
        write_folder(tmp_path, {"a": "1"}, FACTS, force=True)


# Building ------------------------------------------------------------------------------------------

ODD = "a folder/with ünlauts & 'quotes'"


def run(*command: Any, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program as a person would, without what the tests' environment or `make test` sets."""
    theirs = {"CC", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    environment = {name: value for name, value in os.environ.items() if name not in theirs}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def project(place: Path, board: str, *, steps: int = 60) -> Export:
    """The memory, exported into a folder with an odd name."""
    demo = memory_demo()
    return export(demo.network, load_board(board), place / ODD, steps=steps, inputs=demo.inputs)


def states(output: str) -> int:
    """The check sum that a demo prints."""
    return int(output.rpartition("states ")[2].split()[0], 16)


@needs("make", "cc")
def test_make_host_runs_and_finds_the_same_bits(tmp_path: Path) -> None:
    made = project(tmp_path, "stm32l412")
    run("make", "host", cwd=made.folder)
    done = run("./ca3_5x10-host", cwd=made.folder)
    assert states(done.stdout) == made.expected
    assert "InCue 0; InCont 0 1 8 9" in done.stdout.splitlines()[0]


@needs("make", "cc")
def test_the_demo_of_a_changed_network_says_that_bits_differ(tmp_path: Path) -> None:
    made = project(tmp_path, "host", steps=30)
    source = made.folder / "src" / "main.c"
    text = source.read_text()
    assert f"0x{made.expected:08X}u" in text
    source.write_text(text.replace(f"0x{made.expected:08X}u", "0x12345678u"))
    run("make", "host", cwd=made.folder)
    assert run("./ca3_5x10-host", cwd=made.folder, check=False).returncode == 3


@pytest.mark.parametrize(
    "board",
    ["stm32l412", "microbit", "rp2040", "riscv-virt", "host", "mps3-an547", "aarch64-linux"],
)
def test_make_builds_what_the_emulator_runs_to_the_same_bits(tmp_path: Path, board: str) -> None:
    pytest.importorskip("unicorn")
    chosen = load_board(board)
    for tool in ("make", chosen.toolchain):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    made = project(tmp_path, board)
    run("make", cwd=made.folder)
    check_program(made, made.folder / "ca3_5x10.elf")


def check_program(made: Export, program: Path) -> None:
    """A program of a project ends with the check sum that neuro found."""
    emulator = choose(made.board)
    if memory_for(made.board, emulator) is not made.board:
        pytest.skip("what emulates it has other memory")
    outcome = emulate(Image.load(program), made.board, emulator)
    assert outcome.code == 0
    assert states(outcome.output) == made.expected


@needs("make")
def test_make_builds_with_zig(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    pytest.importorskip("unicorn")
    made = project(tmp_path, "stm32l412")
    run("make", f"CC={sys.executable} -m ziglang cc", cwd=made.folder)
    check_program(made, made.folder / "ca3_5x10.elf")


@pytest.mark.parametrize("board", ["stm32l412", "microbit", "host"])
def test_cmake_builds_the_same(tmp_path: Path, board: str) -> None:
    pytest.importorskip("unicorn")
    for tool in ("cmake", "make", load_board(board).toolchain):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    made = project(tmp_path, board)
    bare = made.board.processor.bare
    chain = ["-DCMAKE_TOOLCHAIN_FILE=toolchain.cmake"] * bare
    run("cmake", "-B", "cmake", "-G", "Unix Makefiles", *chain, cwd=made.folder)
    run("cmake", "--build", "cmake", cwd=made.folder)
    check_program(made, made.folder / "cmake" / f"ca3_5x10{'.elf' if bare else ''}")


@needs("make", "arm-none-eabi-gcc")
def test_a_serial_line_takes_the_place_of_a_debugger(tmp_path: Path) -> None:
    made = project(tmp_path, "stm32l412", steps=3)
    run("make", "IO=uart", cwd=made.folder)
    assert "neuro_uart_putc" in Image.load(made.folder / "ca3_5x10.elf").symbols


@needs("make", "arm-none-eabi-gcc", "qemu-system-arm")
def test_make_emulate_runs_it_in_qemu(tmp_path: Path) -> None:
    made = project(tmp_path, "mps2-an386", steps=20)
    done = run("make", "emulate", cwd=made.folder)
    assert states(done.stdout) == made.expected


@needs("make", "cc")
@pytest.mark.parametrize("format", [neuro.FLOAT32, neuro.FLOAT64], ids=["float32", "float64"])
def test_a_demo_plays_trains_currents_and_noise(tmp_path: Path, format: Any) -> None:
    """Currents per cell that replace a schedule, and one whose schedule is the network's own."""
    if find_compiler() is None:
        pytest.skip("there is no C compiler")
    network = everything(format)
    rows = [[0.01 * cell for cell in range(37)], [0.2] * 37]
    inputs = {"given": ([2, 3, 11], [1, 0, 7]), "step_of_cells": ([4, 9], rows)}
    made = export(network, load_board("host"), tmp_path / "build", steps=40, inputs=inputs)
    run("make", "host", cwd=made.folder)
    done = run("./everything-host", cwd=made.folder)
    assert states(done.stdout) == made.expected
