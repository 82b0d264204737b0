"""Run a Python script in a process of its own, with a home and a working folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from neuro.errors import DeviceError

LAST_LINES = 12


@contextmanager
def private_folder() -> Iterator[Path]:
    """A temporary folder that is gone afterwards; its ``home`` is the home of what runs in it."""
    with tempfile.TemporaryDirectory(prefix="neuro-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        yield folder


def run_script(
    script: Path,
    arguments: Sequence[str],
    folder: Path,
    *,
    where: str,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    launcher: Sequence[str] = (),
) -> str:
    """Run `script` in `folder` and return what it printed.

    Parameters
    ----------
    script, arguments
        What to run with this interpreter.
    folder
        Made by `private_folder`: its working folder; ``folder/home`` is its home.
    where
        Names what runs, in errors.
    timeout
        Seconds after which it is killed.
    environment
        Added to the environment.
    launcher
        Put before the command, such as ``("mpirun", "-n", "4")``.

    Raises
    ------
    DeviceError
        If it fails or takes too long; holds the end of what it printed.
    """
    command = [*launcher, sys.executable, "-W", "ignore", str(script), *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own script
        command,
        cwd=folder,
        env={**os.environ, **_home(folder), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        printed = _kill(process)
        raise DeviceError(
            f"did not end within {timeout:g} s and was stopped.{_tail(printed)}",
            where=where,
            hint="Give it longer with the option 'timeout', or a smaller network.",
        ) from None
    except BaseException:
        _kill(process)
        raise
    if process.returncode:
        raise DeviceError(f"failed (exit code {process.returncode}).{_tail(printed)}", where=where)
    return printed


def _home(folder: Path) -> dict[str, str]:
    home = str(folder / "home")
    return {
        "HOME": home,
        "USERPROFILE": home,
        "XDG_CACHE_HOME": str(folder / "home" / ".cache"),
        "XDG_CONFIG_HOME": str(folder / "home" / ".config"),
        "MPLCONFIGDIR": str(folder / "home" / ".config" / "matplotlib"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYNEST_QUIET": "1",
    }


def _kill(process: subprocess.Popen[str]) -> str:
    """Kill the process with all its children; return what it printed."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    printed, _ = process.communicate()
    return printed or ""


def _tail(printed: str) -> str:
    lines = [line for line in printed.strip().splitlines() if line.strip()]
    return "".join(f"\n    {line}" for line in lines[-LAST_LINES:]) + "\n" if lines else ""
