"""Targets that a network is written for as a script which runs there without neuro."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol

from neuro.cli.console import out as console
from neuro.cli.console import print_json
from neuro.errors import ParameterError
from neuro.models.experiment import Experiment

EXPORTERS = {
    "brian2": "neuro.deploy.brian2_project:export_brian2",
    "loihi": "neuro.deploy.loihi:export_lava",
    "spinnaker": "neuro.deploy.spinnaker.export:export_files",
}
"""Module and function by target; the function takes what `Exporter` says."""

WITH_BOARD = ("spinnaker",)
"""Targets whose function also takes the name or path of a board, as ``board``."""


class Exporter(Protocol):
    """Writes a folder and returns its files."""

    def __call__(
        self,
        network: object,
        out: Path,
        *,
        steps: int,
        inputs: object,
        seed: int | None,
        force: bool,
        **more: str,
    ) -> list[Path]:
        """Write `network` into the folder `out`."""
        ...


def export_script(
    target: str,
    experiment: Experiment,
    out: Path,
    *,
    steps: int,
    seed: int | None,
    force: bool,
    json: bool,
    board: str | None = None,
) -> None:
    """Write a script for `target`, and say which files.

    Raises
    ------
    ParameterError
        If there is a `board`, but the target has none.
    """
    if board is not None and target not in WITH_BOARD:
        raise ParameterError(f"{target!r} has no boards.", where="--board", hint="Leave it out.")
    module, _, function = EXPORTERS[target].partition(":")
    write: Exporter = getattr(import_module(module), function)
    more = {} if board is None else {"board": board}
    inputs = experiment.inputs
    files = write(
        experiment.network, out, steps=steps, inputs=inputs, seed=seed, force=force, **more
    )
    if json:
        print_json({"target": target, "folder": str(out), "files": [str(path) for path in files]})
        return
    for path in files:
        console.print(f"wrote {path}", markup=False, soft_wrap=True)
