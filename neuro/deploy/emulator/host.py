"""Run a program that was built for this very computer."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

from neuro.deploy.emulator.outcome import Outcome
from neuro.deploy.emulator.process import execute
from neuro.deploy.image import Image
from neuro.errors import DeviceError

SECONDS = 60.0
"""Time limit of a run."""


def run_host(
    image: Image, arguments: str = "", *, files: Path | None = None, seconds: float = SECONDS
) -> Outcome:
    """Run a program to its exit.

    Parameters
    ----------
    image
        Program, built for the board ``host``.
    arguments
        Text that the program can ask for.
    files
        Folder in which it starts to look for files; None for an empty one.
    seconds
        Time after which it is taken to hang.

    Raises
    ------
    DeviceError
        If it is ended by a signal, or hangs.
    """
    command = [str(image.path.resolve())]
    with tempfile.TemporaryDirectory(prefix="neuro-host-") as work:
        place = files or Path(work)
        done = execute(command, place, arguments, name=image.path.name, seconds=seconds)
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise DeviceError(f"the program was ended by {name}.", where=image.path.name)
    return Outcome(done.returncode, done.stdout)
