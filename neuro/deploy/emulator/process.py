"""Run a process until it ends or takes too long."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from neuro.errors import DeviceError


def execute(
    command: Sequence[str], place: Path, arguments: str, *, name: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run `command` in the folder `place`; ``$NEURO_ARGUMENTS`` is `arguments`.

    Raises
    ------
    DeviceError
        If it takes longer than `seconds`; names the program as `name`.
    """
    try:
        return subprocess.run(  # noqa: S603 - an emulator, or a program that we built
            list(command),
            cwd=place,
            env={**os.environ, "NEURO_ARGUMENTS": arguments},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"the program was still running after {seconds:g} seconds.",
            where=name,
            hint="It hangs, or needs a higher limit.",
        ) from error
