"""Arguments and options that several commands share."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
        help="A model's name, a folder with model.toml, or a network file (.txt, .h5, .nir).",
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
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="NIR: the framework whose conventions hold, such as norse."),
]
DtOption = Annotated[float | None, typer.Option("--dt", help="NIR: seconds in a step.")]
ResetOption = Annotated[
    str | None, typer.Option("--reset", help="NIR: what a spike does: value, subtract or none.")
]
InputOption = Annotated[
    Path | None,
    typer.Option("--input", help="NIR: the input; NIR data, or .csv or .npy with a row per step."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

_NETWORK_FILES = (".txt", ".h5", ".hdf5")


@dataclass(frozen=True, slots=True)
class NIROptions:
    """What ``--profile``, ``--dt``, ``--reset`` and ``--input`` say; for NIR files alone."""

    profile: str | None = None
    dt: float | None = None
    reset: str | None = None
    data: Path | None = None


def load_experiment(
    model: str,
    protocol: str | None,
    changes: list[str] | None,
    steps: int | None,
    nir: NIROptions | None = None,
) -> Experiment:
    """The experiment behind a model's name or path, a network file, or a NIR file.

    Raises
    ------
    ParameterError
        If a network file comes without `steps`, or with what only a model has.
    """
    if model.endswith(".nir"):
        return _load_nir(Path(model), protocol, parse_changes(changes), steps, nir or NIROptions())
    if nir is not None and nir != NIROptions():
        raise ParameterError(
            "is for NIR files (.nir).", where="--profile, --dt, --reset or --input"
        )
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


def _load_nir(
    path: Path, protocol: str | None, changes: dict[str, Any], steps: int | None, nir: NIROptions
) -> Experiment:
    """The experiment of a NIR file; ``--set`` gives any other argument of `from_nir`."""
    from neuro.models.nir import nir_experiment

    if protocol:
        raise ParameterError("a NIR file has no protocols.", where="--protocol")
    named = {"profile": nir.profile, "dt": nir.dt, "reset": nir.reset}
    given = {name: value for name, value in named.items() if value is not None}
    return nir_experiment(path, changes | given, steps=steps, data=nir.data)


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
