"""Targets that a network is written for as a script which runs there without neuro."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol

from neuro.cli.console import out as console
from neuro.cli.console import print_json
from neuro.models.experiment import Experiment

EXPORTERS = {
    "brian2": "neuro.deploy.brian2_project:export_brian2",
    "loihi": "neuro.deploy.loihi:export_lava",
}
"""Module and function by target; the function takes what `Exporter` says."""


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
) -> None:
    """Write a script for `target`, and say which files."""
    module, _, function = EXPORTERS[target].partition(":")
    write: Exporter = getattr(import_module(module), function)
    files = write(
        experiment.network, out, steps=steps, inputs=experiment.inputs, seed=seed, force=force
    )
    if json:
        print_json({"target": target, "folder": str(out), "files": [str(path) for path in files]})
        return
    for path in files:
        console.print(f"wrote {path}", markup=False, soft_wrap=True)
