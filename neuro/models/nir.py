"""NIR files as experiments of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from neuro.errors import Finding, ParameterError
from neuro.formats.nir.data import read_input
from neuro.models.experiment import Experiment, Report, spike_table
from neuro.recording.data import Recording
from neuro.simulation.nir import NIRModel, from_nir


def nir_experiment(
    path: Path, options: Mapping[str, Any], *, steps: int | None, data: Path | None
) -> Experiment:
    """An experiment with the network of a NIR file.

    Parameters
    ----------
    path
        The file.
    options
        Arguments of `from_nir`.
    steps
        The framework's steps; None takes them from `data`.
    data
        File with the input (see `neuro.formats.nir.data.read_input`); None for no input.

    Raises
    ------
    ParameterError
        If neither `steps` nor `data` says how long to run.
    """
    model = from_nir(path, **options)
    given = {} if data is None else read_input(data, model.network.dt, steps)
    count = steps if steps is not None else max(map(len, given.values()), default=None)
    if count is None:
        raise ParameterError(
            "a NIR file does not say how long to run.",
            where="--steps",
            hint="Give --steps, or --input with a file.",
        )
    values: Any = given.get("", given)
    return Experiment(
        network=model.network,
        steps=count + model.lag,
        inputs=model.inputs(values) if given else {},
        lag=model.lag,
        findings=model.findings,
        latency=model.latency,
        align=model.align,
        report=partial(_report, model),
    )


def _report(model: NIRModel, recording: Recording) -> Report:
    """Spikes, counted in the framework's own steps, and what was found while reading."""
    aligned = model.align(recording)
    notes = [*(_said(finding) for finding in model.findings), *_late(model)]
    return replace(spike_table(aligned), notes=notes)


def _said(finding: Finding) -> str:
    return str(finding)


def _late(model: NIRModel) -> list[str]:
    """How far the files count differently."""
    late = [f"{name} {steps}" for name, steps in model.latency.items() if steps]
    if not late:
        return []
    note = "The table counts the framework's steps. In the files, layers run later by these steps:"
    return [f"{note} {', '.join(late)}."]
