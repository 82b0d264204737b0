"""Find and call the host's C compiler; keep what it made under a hash of everything that went in."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from neuro.cache import cache_folder, writable_cache
from neuro.errors import CompilerError
from neuro.files import storage_error
from neuro.resources import folder

log = logging.getLogger(__name__)

FLAGS = (
    "-std=gnu99",
    "-O3",
    "-march=native",
    "-ffp-contract=off",  # a fused multiply-add rounds once where the language rounds twice
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
    "-pthread",
)
TIMEOUT = 300.0
"""Seconds after which a compiler is taken to hang."""


@dataclass(frozen=True, slots=True)
class Library:
    """A compiled engine.

    Attributes
    ----------
    path
        The shared library.
    compiler
        Name and version of the compiler.
    cached
        True if nothing had to be compiled.
    """

    path: Path
    compiler: str
    cached: bool


def find_compiler() -> Path | None:
    """The C compiler: ``$CC``, else gcc, clang or cc on the path; None if there is none."""
    candidates = [os.environ["CC"]] if os.environ.get("CC") else ["gcc", "clang", "cc"]
    for name in candidates:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def require_compiler() -> Path:
    """The C compiler.

    Raises
    ------
    CompilerError
        If there is none; says how to get one, and what works without.
    """
    compiler = find_compiler()
    if compiler is None:
        named = (
            f"$CC is {os.environ['CC']!r}, which is not on the path" if os.environ.get("CC") else ""
        )
        raise CompilerError(
            f"no C compiler was found{': ' + named if named else ''}.",
            where="backend 'c'",
            hint="Install gcc or clang (Debian: apt-get install gcc; macOS: xcode-select --install), "
            "or use backend='numba' or 'reference'.",
        )
    return compiler


def is_cached(source: str) -> bool:
    """True if `source` has been compiled before."""
    compiler = find_compiler()
    return compiler is not None and _library_path(compiler, source, cache_folder()).exists()


def compile_library(source: str) -> Library:
    """Compile `source` into a shared library, or take it from the cache.

    Raises
    ------
    CompilerError
        If there is no compiler, or it refuses the code; carries its messages.
    StorageError
        If the result cannot be written.
    """
    compiler = require_compiler()
    path = _library_path(compiler, source, writable_cache())
    if path.exists():
        return Library(path, compiler_version(compiler), cached=True)
    _compile(compiler, source, path)
    return Library(path, compiler_version(compiler), cached=False)


def _library_path(compiler: Path, source: str, place: Path) -> Path:
    digest = hashlib.sha256()
    parts = (source, _runtime_text(), compiler_version(compiler), *FLAGS, _processor())
    for part in parts:
        digest.update(part.encode() + b"\0")
    return place / f"engine-{digest.hexdigest()[:32]}.so"


def _compile(compiler: Path, source: str, path: Path) -> None:
    """Compile beside `path` and rename, so that processes that race get whole libraries."""
    try:
        with tempfile.TemporaryDirectory(prefix=".building-", dir=path.parent) as work:
            code, built = Path(work) / "engine.c", Path(work) / "engine.so"
            code.write_text(source, encoding="utf-8")
            include = f"-I{folder('deploy') / 'runtime'}"
            log.info("compiling %s", path.name)
            done = _call(compiler, *FLAGS, include, "-o", str(built), str(code))
            if done.returncode:
                _check_disk(done.stderr, path.parent)
                raise _refused(compiler, done.stderr, code.replace(path.with_suffix(".c")))
            built.replace(path)
    except OSError as error:
        safe = "The cache can be moved with NEURO_CACHE_DIR."
        raise storage_error(path.parent, error, safe=safe) from error


def _call(compiler: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - the user's own compiler
            [str(compiler), *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompilerError(
            f"{compiler} could not be run: {error}.",
            where="backend 'c'",
            hint="Try another compiler with CC=..., or backend='numba'.",
        ) from error


def _check_disk(messages: str, place: Path) -> None:
    """Tell a full disk, which compilers only mention, from code that is wrong."""
    full = os.strerror(errno.ENOSPC)
    if full.lower() in messages.lower():
        raise OSError(errno.ENOSPC, full, str(place))


def _refused(compiler: Path, messages: str, kept: Path) -> CompilerError:
    """The error for code that the compiler refused; the code is kept for a look."""
    first = "\n    ".join(messages.strip().splitlines()[:8])
    return CompilerError(
        f"{compiler.name} refused the generated code:\n    {first}\n",
        where="backend 'c'",
        hint=f"The code is in {kept}. Try another compiler with CC=..., or backend='numba'.",
    )


@cache
def _runtime_text() -> str:
    headers = sorted((folder("deploy") / "runtime").glob("*.h"))
    return "\0".join(header.read_text(encoding="utf-8") for header in headers)


@cache
def compiler_version(compiler: Path) -> str:
    """First line of what ``--version`` prints."""
    done = _call(compiler, "--version")
    return (done.stdout or done.stderr).strip().partition("\n")[0]


@cache
def _processor() -> str:
    """What ``-march=native`` depends on, so that machines can share a cache."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    chosen = (line for line in lines if line.startswith(("model name", "flags", "Features")))
    return "\n".join(sorted(set(chosen)))
