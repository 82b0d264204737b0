"""Arguments and options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from neuro.errors import ParameterError
from neuro.formats.network_file import load_network
from neuro.models.experiment import Experiment
from neuro.models.spec import load_model

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model's name, a folder with model.toml, or a network file (.txt, .h5).",
    ),
]
ProtocolOption = Annotated[
    str | None, typer.Option("--protocol", "-p", help="Which of the model's protocols.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change a parameter of the model; repeatable."
    ),
]
BackendOption = Annotated[
    str, typer.Option("--backend", "-b", help="Backend to run on; 'auto' takes the soonest.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", "-s", help="Seed of the run.")]
StepsOption = Annotated[int | None, typer.Option("--steps", "-n", help="Number of steps.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

_NETWORK_FILES = (".txt", ".h5", ".hdf5")


def load_experiment(
    model: str, protocol: str | None, changes: list[str] | None, steps: int | None
) -> Experiment:
    """The experiment behind a model's name or path, or a network file.

    Raises
    ------
    ParameterError
        If a network file comes without `steps`, or with what only a model has.
    """
    if not model.endswith(_NETWORK_FILES):
        return load_model(model).experiment(protocol, parse_changes(changes))
    if protocol or changes:
        raise ParameterError(
            "a network file has no protocols or parameters.", where="--protocol, --set"
        )
    if steps is None:
        raise ParameterError(
            "a network file does not say how long to run.", where="--steps", hint="Give --steps."
        )
    return Experiment(network=load_network(Path(model)), steps=steps)


def parse_changes(changes: list[str] | None) -> dict[str, Any]:
    """Names and values from texts ``name=value``; values are JSON or plain text."""
    result: dict[str, Any] = {}
    for change in changes or []:
        name, equals, value = change.partition("=")
        if not equals:
            raise ParameterError(f"{change!r} is not NAME=VALUE.", where="--set")
        try:
            result[name] = json.loads(value)
        except json.JSONDecodeError:
            result[name] = value
    return result
