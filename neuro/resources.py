"""Find what ships beside the code: models, board files, what goes onto devices, benchmarks.

The folders lie inside the package in a wheel, and beside it in a checkout (editable or bare).
"""

from __future__ import annotations

from pathlib import Path

from neuro.errors import NeuroError

FOLDERS = ("models", "hw_configs", "deploy", "benchmarks")

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `name`, one of `FOLDERS`.

    Raises
    ------
    NeuroError
        If the installation lacks it.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise NeuroError(
        f"the folder {name!r} is missing from this installation.",
        where=str(_PACKAGE),
        hint="Install neuro-spiking again.",
    )
