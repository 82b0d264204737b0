"""Compilers that make programs for boards: GCC for each family of cores, or zig from PyPI."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from neuro.backends.c.compiler import find_compiler
from neuro.deploy.board import Board
from neuro.deploy.cores import Core
from neuro.errors import CompilerError, UnavailableError

log = logging.getLogger(__name__)

Kind = Literal["gcc", "zig"]

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wundef", "-Werror")
COMMON = (
    "-std=c99",
    "-ffp-contract=off",  # a fused multiply-add rounds once where the language rounds twice
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
_LINK = ("-Wl,--gc-sections", "-Wl,-e,neuro_reset")
ZIG = ("-fno-sanitize=undefined", "-Wno-unused-command-line-argument")
"""zig turns sanitisers on, and passes to clang what only its linker uses."""
TIMEOUT = 300.0
"""Seconds after which a compiler is taken to hang."""

_PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    "cc": "gcc libc6-dev",
}


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler for one core.

    Attributes
    ----------
    name
        What a person calls it, such as ``"arm-none-eabi-gcc"``.
    kind
        Which dialect of options it takes.
    command
        How it is called.
    core
        What it makes programs for.
    """

    name: str
    kind: Kind
    command: tuple[str, ...]
    core: Core

    def flags(self, optimise: str = "-O2") -> tuple[str, ...]:
        """Flags for compiling one file."""
        target = self.core.zig if self.kind == "zig" else self.core.gcc
        bare = ("-ffreestanding",) if self.core.bare else ()
        zig = ZIG if self.kind == "zig" else ()
        usage = ("-fstack-usage",) if self.kind == "gcc" else ()
        return (*target, *COMMON, optimise, *bare, *zig, *usage, *WARNINGS)

    def link_flags(self, linker_script: Path | None, *, library: bool = True) -> tuple[str, ...]:
        """Flags for linking; `library` is the compiler's own, with what the core cannot do."""
        script = () if linker_script is None else ("-T", str(linker_script))
        if not self.core.bare:
            return script
        gcc, zig = ("-nostdlib", "-lgcc"), ("-nostartfiles", "-nodefaultlibs")
        linked = {"gcc": gcc, "zig": zig}[self.kind] if library else ("-nostdlib",)
        return (*_LINK, *script, *linked)

    def version(self) -> str:
        """First line of what it says about itself, such as ``"zig 0.16.0"``."""
        return _version(self.command, self.kind)

    def build(
        self,
        sources: Sequence[Path],
        *,
        out: Path,
        include: Sequence[Path] = (),
        defines: Mapping[str, str | int] | None = None,
        linker_script: Path | None = None,
        keep: Sequence[str] = (),
        extra: Sequence[str] = (),
        optimise: str = "-O2",
    ) -> Path:
        """Compile and link `sources` into the ELF file `out`.

        Parameters
        ----------
        sources
            C files.
        out
            File to write; its folder is made.  GCC leaves the stack use of every function beside
            it (``*.su``); see `stack_usage`.
        include
            Folders of headers.
        defines
            Macros and their values.
        linker_script
            Needed for cores without an operating system.
        keep
            Functions that stay although nothing calls them, so that an emulator can.
        extra
            Further flags; they come last.
        optimise
            Such as ``"-Os"``.

        Returns
        -------
        Path
            `out`.

        Raises
        ------
        CompilerError
            If the compiler refuses the code; carries its messages.
        """
        out.parent.mkdir(parents=True, exist_ok=True)
        macros = (f"-D{name}={value}" for name, value in (defines or {}).items())
        folders = (f"-I{folder}" for folder in include)
        files = (str(source) for source in sources)
        kept = (f"-Wl,-u,{name}" for name in keep)
        arguments = (*self.flags(optimise), *folders, *macros, *files, *kept, "-o", str(out))
        log.info("building %s with %s", out.name, self.name)
        # zig takes ten seconds to make its library for a core, which many programs do not need.
        for library in (False, True) if self.kind == "zig" and self.core.bare else (True,):
            link = self.link_flags(linker_script, library=library)
            done = _call((*self.command, *arguments, *link, *extra), self.name)
            if "undefined symbol: __" not in done.stderr:
                break
        if done.returncode:
            raise _refused(self.name, done.stderr)
        return out


def find_toolchain(board: Board, which: str = "auto") -> Toolchain:
    """The compiler for `board`.

    Parameters
    ----------
    board
        Board that programs are for.
    which
        ``"auto"`` (the board's own compiler if it is installed, else zig), ``"gcc"`` (the board's
        own), ``"zig"``, or the name or path of a compiler that takes GCC's options.

    Raises
    ------
    CompilerError
        If it is not installed; says how to get one.
    """
    own = {"auto": board.toolchain, "gcc": board.toolchain}.get(which, which)
    command = _zig() if own == "zig" else _gcc(own)
    if command:
        return Toolchain(own, "zig" if own == "zig" else "gcc", command, board.processor)
    fallback = _zig() if which == "auto" else ()
    if fallback:
        return Toolchain("zig", "zig", fallback, board.processor)
    raise _missing(own, board)


def _gcc(name: str) -> tuple[str, ...]:
    found = find_compiler() if name == "cc" else shutil.which(name)
    return (str(found),) if found else ()


def _zig() -> tuple[str, ...]:
    """The zig of the package ziglang, else one on the path."""
    if importlib.util.find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "cc")
    found = shutil.which("zig")
    return (found, "cc") if found else ()


def _missing(name: str, board: Board) -> CompilerError:
    get_zig = "pip install ziglang gets zig, which compiles for every board"
    if name == "zig":
        return CompilerError("zig is not installed.", where=board.name, hint=f"{get_zig}.")
    package = _PACKAGES.get(name)
    debian = f" (Debian: apt-get install {package})" if package else ""
    return CompilerError(
        f"there is no compiler {name!r} on the path.",
        where=f"board {board.name!r}",
        hint=f"Install it{debian}; or {get_zig}.",
    )


def _call(command: Sequence[str], name: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - the user's own compiler
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompilerError(f"{name} could not be run: {error}.", where="toolchain") from error


def _refused(name: str, messages: str) -> CompilerError:
    """The error for code that the compiler or linker refused; carries its first messages."""
    lines = [line for line in messages.strip().splitlines() if line.strip()]
    telling = ("error:", "overflowed", "undefined")
    worst = [line for line in lines if any(word in line for word in telling)] or lines
    text = "\n    ".join(worst[:8])
    return CompilerError(f"{name} refused the code:\n    {text}\n", where="toolchain")


@cache
def _version(command: tuple[str, ...], kind: Kind) -> str:
    if kind == "zig":
        done = _call((*command[:-1], "version"), "zig")
        return f"zig {done.stdout.strip()}"
    done = _call((*command, "--version"), command[0])
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def stack_usage(out: Path) -> dict[str, int]:
    """Bytes of stack that each function takes for itself, of the program `out` that GCC built.

    Raises
    ------
    UnavailableError
        If there are no such figures beside `out`, since zig does not write them.
    """
    files = sorted(out.parent.glob(f"{out.name}-*.su"))
    if not files:
        raise UnavailableError(
            "there are no stack figures beside it.",
            where=str(out),
            hint="Build it with GCC: find_toolchain(board, 'gcc').",
        )
    rows = (line.split("\t") for file in files for line in file.read_text().splitlines())
    return {place.rpartition(":")[2]: int(size) for place, size, *_ in rows}
