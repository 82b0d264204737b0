"""An experiment: a network, what it is given, and how to read what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuro.ir.network import Network
from neuro.recording.data import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came out of an experiment, as a table.

    Attributes
    ----------
    title, columns, rows
        The table.
    passed
        True or False if there is a right answer; None if not.
    notes
        Sentences below the table.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    passed: bool | None = None
    notes: Sequence[str] = ()


def spike_table(recording: Recording) -> Report:
    """Spikes and rates of all recorded sources; what is shown where a model has no own report."""
    rows = [
        (name, str(data.size), str(len(data)), f"{recording.rate(name):.2f}")
        for name, data in recording.spikes.items()
    ]
    return Report(title="Spikes", columns=("population", "cells", "spikes", "rate (Hz)"), rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What ``neuro run`` runs.

    Attributes
    ----------
    network
        The network.
    steps
        How many steps.
    inputs
        Inputs as for `neuro.simulate`.
    report
        Makes the table from the recording.
    shown
        Sources in the raster, from top to bottom; empty for all.
    """

    network: Network
    steps: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    report: Callable[[Recording], Report] = spike_table
    shown: Sequence[str] = ()
