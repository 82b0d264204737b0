"""Export a network as a self-contained C project for a board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from neuro.backends.c.compiler import find_compiler
from neuro.backends.c.printer import REAL
from neuro.backends.firmware.generate import Firmware, generate
from neuro.backends.firmware.identifiers import prefix_of
from neuro.backends.firmware.rules import firmware_findings
from neuro.backends.rules import refuse
from neuro.deploy.board import Board
from neuro.deploy.demo import Demo, expected_sum, make_demo
from neuro.deploy.fits import board_findings
from neuro.deploy.project_files import write_folder
from neuro.deploy.startup import linker_script, startup_include, startup_sources
from neuro.deploy.toolchain import ZIG, Toolchain
from neuro.drive import drive_of
from neuro.formats.text_printer import print_network
from neuro.ir.network import Network
from neuro.resources import folder
from neuro.simulation.choose import choose_seed
from neuro.version import __version__

RUNTIME = (
    "neuro.h",
    "neuro_fixed.h",
    "neuro_math.h",
    "neuro_memory.h",
    "neuro_root.h",
    "neuro_net.h",
    "neuro_grid.h",
    "neuro_packed.h",
    "neuro_philox.h",
    "neuro_step.h",
    "neuro_device.h",
)
"""What the generated C includes."""


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """An exported project.

    Attributes
    ----------
    folder, board, firmware, demo
        Where it is, for which board, its network and what its demo plays.
    expected
        Check sum over the states of all steps of the demo; None without a C compiler.
    """

    folder: Path
    board: Board
    firmware: Firmware
    demo: Demo
    expected: int | None


def export(
    network: Network,
    board: Board,
    out: Path,
    *,
    name: str | None = None,
    steps: int = 100,
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    optimise: str = "-O2",
    force: bool = False,
) -> Export:
    """Write a C project that runs `network` on `board`.

    Parameters
    ----------
    network
        A verified network.
    board
        What it is for.
    out
        Folder to write.
    name
        C identifier that its functions start with; by default close to the network's name.
    steps, inputs
        What the demo plays; inputs as for `neuro.simulate`.
    seed
        Seed of connections, values and noise; by default the network's, or 0.
    optimise
        Such as ``"-O2"`` or ``"-Os"``.
    force
        True writes into a folder that is not empty; see `write_folder`.

    Raises
    ------
    UnsupportedError
        If the network has no C form, or will not fit the board; no compiler has run then.
    ParameterError
        If `name` is no C identifier.
    StorageError
        If the folder is not empty and `force` is False, or cannot be written.
    """
    chosen = choose_seed(network, seed)
    refuse("cortex-m", firmware_findings(network, "cortex-m"))
    refuse("cortex-m", board_findings(network, board, seed=chosen, optimise=optimise))
    firmware = generate(network, chosen, name or prefix_of(network.name))
    drive = drive_of(network, inputs)
    demo = make_demo(firmware, drive, steps)
    expected = expected_sum(firmware, demo) if find_compiler() is not None else None
    made = Export(out, board, firmware, demo, expected)
    facts = _facts(made, network, steps)
    write_folder(out, project_files(made, optimise), facts, force=force)
    return made


def _facts(made: Export, network: Network, steps: int) -> dict[str, Any]:
    """What stands in the folder about how it was made."""
    return {
        "neuro": __version__,
        "network": network.name,
        "network_hash": network.content_hash,
        "board": made.board.name,
        "prefix": made.firmware.prefix,
        "seed": made.firmware.tables.seed,
        "steps": steps,
        "expected": None if made.expected is None else f"{made.expected:08x}",
    }


def project_files(made: Export, optimise: str = "-O2") -> dict[str, str]:
    """Texts of all files of a project, by path."""
    firmware, board = made.firmware, made.board
    prefix = firmware.prefix
    runtime, common = folder("deploy") / "runtime", startup_include()
    files = {f"src/{name}": _text(runtime / name) for name in RUNTIME}
    files |= {f"src/{prefix}.h": firmware.header, f"src/{prefix}.c": firmware.source}
    files["network.txt"] = print_network(firmware.tables.network)
    sources = {*startup_sources(board), *(startup_sources(board, "uart"))}
    files |= {f"board/{path.name}": _text(path) for path in sorted(sources)}
    files["board/neuro_io.h"] = _text(common / "neuro_io.h")
    if board.processor.bare:
        files["board/linker.ld"] = linker_script(board)
    files |= {f"host/{name}": _text(common / name) for name in ("io_host.c", "io_format.c")}
    content = _context(made, optimise)
    templates = {
        "src/main.c": "main.c",
        "Makefile": "Makefile",
        "CMakeLists.txt": "CMakeLists.txt",
        "toolchain.cmake": "toolchain.cmake",
        "README.md": "README.md",
        "zephyr/module.yml": "module.yml",
        "zephyr/CMakeLists.txt": "zephyr.cmake",
        "library.properties": "library.properties",
    }
    environment = Environment(  # noqa: S701 - no HTML
        loader=FileSystemLoader(common / "project"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for path, name in templates.items():
        files[path] = environment.get_template(f"{name}.j2").render(content)
    return files


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _context(made: Export, optimise: str) -> dict[str, Any]:
    """What the templates of a project need."""
    firmware, board, demo = made.firmware, made.board, made.demo
    tables, bare = firmware.tables, board.processor.bare
    tool = Toolchain(board.toolchain, "gcc", (board.toolchain,), board.processor)
    network = tables.network
    inputs = list(firmware.static.own.spikes)
    script = Path("board/linker.ld")
    link = tool.link_flags(script) if bare else ()
    zig = Toolchain("zig", "zig", ("zig", "cc"), board.processor)
    return {
        "version": __version__,
        "prefix": firmware.prefix,
        "board": board,
        "bare": bare,
        "network": network.name,
        "cells": sum(population.size for population in network.populations),
        "synapses": sum(d.edges.count for d in (*tables.direct[0], *tables.sent[0])),
        "dt": f"{network.dt * 1e3:g}",
        "real": REAL[tables.dtype],
        "steps": demo.steps,
        "events": demo.events,
        "changes": demo.changes,
        "most_in": demo.most_in,
        "room": max(1, sum(source.size for source in network.sources.values())),
        "expected": made.expected,
        "names": tables.sources,
        "first_input": tables.sources.index(inputs[0]) if inputs else 0,
        "compiler": board.toolchain,
        "flags": " ".join(board.processor.gcc),
        "link": " ".join(link),
        "zig_flags": " ".join((*board.processor.zig, *ZIG)),
        "zig_link": " ".join(zig.link_flags(script)) if bare else "",
        "optimise": optimise,
        "board_sources": [f"board/{path.name}" for path in startup_sources(board)],
        "qemu": _qemu(board),
    }


def _qemu(board: Board) -> str:
    """The command that runs a program in QEMU, where the machine has the board's memory."""
    emulator = board.emulator
    if emulator is None or emulator.kind != "qemu" or emulator.memory:
        return ""
    riscv = board.processor.family == "riscv"
    system = "qemu-system-riscv32" if riscv else "qemu-system-arm"
    options = (
        "-display none -monitor none -serial none -no-reboot -chardev stdio,id=console "
        "-semihosting-config enable=on,target=native,chardev=console"
    )
    return " ".join([system, "-M", emulator.machine, options, *emulator.options, "-kernel"])
