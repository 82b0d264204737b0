"""Run a program in QEMU: on the board's machine, or as a Linux program of another processor.

QEMU has cores that unicorn lacks, and executes the start-up code, vectors and faults as the core
does; its machines often have more memory than the board.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

from neuro.backends.c.compiler import compiler_version, require_compiler
from neuro.cache import writable_cache
from neuro.deploy.board import Board, Emulator
from neuro.deploy.cores import Family
from neuro.deploy.emulator.outcome import Outcome, by_function, fault
from neuro.deploy.emulator.process import execute
from neuro.deploy.image import Image, check_fits
from neuro.errors import CompilerError, DeviceError, UnavailableError, UnsupportedError
from neuro.resources import folder

SECONDS = 60.0
"""Time limit of a run."""

FAULT_CODE = 99
"""Exit code of our start-up code after a fault."""

_FAULT = re.compile(r"neuro: fault ([0-9a-f]{8}) at ([0-9a-f]{8})\n")
_SYSTEM: dict[Family, str] = {"cortex-m": "qemu-system-arm", "riscv": "qemu-system-riscv32"}
_USER: dict[Family, str] = {"aarch64": "qemu-aarch64"}
_PACKAGES = {
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "qemu-aarch64": "qemu-user",
}
_EXCEPTIONS: dict[Family, dict[int, str]] = {
    "cortex-m": {
        2: "a non-maskable interrupt",
        3: "a hard fault",
        4: "a memory protection fault",
        5: "a bus fault",
        6: "a usage fault",
        7: "a secure fault",
        11: "a supervisor call",
    },
    "riscv": {
        1: "a jump to what is no code",
        2: "an undefined instruction",
        4: "a misaligned load",
        5: "a forbidden load",
        6: "a misaligned store",
        7: "a forbidden store",
    },
}


def qemu_program(board: Board) -> str:
    """Name of the QEMU that emulates `board`.

    Raises
    ------
    UnsupportedError
        If none does.
    """
    family = board.processor.family
    table = {"qemu": _SYSTEM, "qemu-user": _USER}.get(_emulator(board).kind, {})
    if family not in table:
        raise UnsupportedError(
            f"QEMU has no machine for {board.name}.", hint="Its programs run in unicorn instead."
        )
    return table[family]


def run_qemu(
    image: Image,
    board: Board,
    arguments: str = "",
    *,
    files: Path | None = None,
    seconds: float = SECONDS,
    count: bool = False,
) -> Outcome:
    """Run a program from reset to its exit.

    Parameters
    ----------
    image
        Program, built for ``board.emulated()``.
    board
        Board with a QEMU machine.
    arguments
        Text that the program can ask for.
    files
        Folder in which the program starts to look for files; unlike unicorn, QEMU does not keep
        it there.
    seconds
        Time after which it is taken to hang.
    count
        True to count instructions by function, exactly, with a plugin that is compiled on demand.

    Returns
    -------
    Outcome
        Exit code, text and instructions.

    Raises
    ------
    UnavailableError
        If QEMU is not installed.
    DeviceError
        If the program does not fit the machine, faults, or hangs; names the place.
    CompilerError
        If instructions are to be counted and there is no C compiler.
    """
    program = _found(qemu_program(board))
    if board.processor.bare:
        check_fits(image, board.emulated())
    with tempfile.TemporaryDirectory(prefix="neuro-qemu-") as work:
        counts = Path(work) / "counts"
        plugin = ("-plugin", f"{_plugin(program)},out={counts}") if count else ()
        command = [program, *plugin, *_options(image, board, arguments)]
        name = image.path.name
        done = execute(command, files or Path(work), arguments, name=name, seconds=seconds)
        executed = _counts(counts, board) if count else {}
    _check(done, image, board)
    functions = by_function(image, executed)
    total = sum(functions.values()) if count else None
    return Outcome(done.returncode, done.stdout, total, functions)


def _emulator(board: Board) -> Emulator:
    return board.emulator or Emulator(kind="unicorn")


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise UnavailableError(
            f"{program} is not installed.",
            where="deploy",
            hint=f"Debian: apt-get install {_PACKAGES[program]}; macOS: brew install qemu.",
        )
    return found


def _options(image: Image, board: Board, arguments: str) -> tuple[str, ...]:
    emulator = _emulator(board)
    program = str(image.path.resolve())
    if emulator.kind == "qemu-user":
        return (*emulator.options, program)
    words = "".join(f",arg={word.replace(',', ',,')}" for word in arguments.split(" ") if word)
    return (
        *("-M", emulator.machine, "-display", "none", "-monitor", "none", "-serial", "none"),
        *("-no-reboot", "-chardev", "stdio,id=console"),
        *("-semihosting-config", f"enable=on,target=native,chardev=console{words}"),
        *emulator.options,
        *("-kernel", program),
    )


def _check(done: subprocess.CompletedProcess[str], image: Image, board: Board) -> None:
    """Raise if the program faulted, or QEMU itself failed."""
    match = _FAULT.search(done.stdout)
    if match and done.returncode == FAULT_CODE:
        exception, pc = int(match[1], 16), int(match[2], 16)
        names = _EXCEPTIONS.get(board.processor.family, {})
        what = f"the program stopped with {names.get(exception, f'exception {exception}')}"
        if pc:
            raise fault(what, image, pc)
        raise DeviceError(f"{what} after its stack had overflowed.", where=image.path.name)
    complaint = next((line for line in done.stderr.splitlines() if "qemu" in line), "")
    if done.returncode < 0 or complaint:
        reason = complaint or done.stderr.strip().partition("\n")[0]
        raise DeviceError(
            f"QEMU stopped with {done.returncode}: {reason or 'no message'}.",
            where=image.path.name,
            hint=f"Machine: {_emulator(board).machine or board.processor.name}.",
        )


def _counts(file: Path, board: Board) -> dict[int, int]:
    """Instructions by address of a block; without those of a machine's boot ROM."""
    regions = board.emulated().memory.values()
    found: Counter[int] = Counter()
    for line in file.read_text(encoding="ascii").splitlines():
        address, count = (int(word, 16) for word in line.split())
        if not regions or any(region.holds(address) for region in regions):
            found[address] += count
    return found


@cache
def _plugin_version(program: str) -> int:
    """Version of the plugin interface that QEMU accepts: 1 before QEMU 9, then 2 and more."""
    done = subprocess.run(  # noqa: S603 - QEMU
        [program, "--version"], capture_output=True, text=True, check=False
    )
    major = re.search(r"version (\d+)", done.stdout)
    return 1 if major is None or int(major[1]) < 9 else 2


def _plugin(program: str) -> Path:
    """The plugin that counts instructions; compiled once."""
    source = folder("deploy") / "emulator" / "icnt.c"
    compiler, version = require_compiler(), _plugin_version(program)
    text = f"{source.read_text(encoding='utf-8')}\0{compiler_version(compiler)}\0{version}"
    place = writable_cache()
    plugin = place / f"icnt-{hashlib.sha256(text.encode()).hexdigest()[:32]}.so"
    if plugin.exists():
        return plugin
    with tempfile.TemporaryDirectory(prefix=".building-", dir=place) as work:
        built = Path(work) / plugin.name
        flags = ("-std=gnu99", "-O2", "-shared", "-fPIC", "-fvisibility=hidden")
        done = subprocess.run(  # noqa: S603 - the user's own compiler
            [compiler, *flags, f"-DNEURO_QEMU_PLUGIN_VERSION={version}", source, "-o", built],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CompilerError(f"{compiler.name} refused it:\n{done.stderr}\n", where=str(source))
        built.replace(plugin)
    return plugin
