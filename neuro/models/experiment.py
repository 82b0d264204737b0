"""An experiment: a network, what it is given, and how to read what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from neuro.errors import Finding
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
    counts = {name: (data.size, len(data)) for name, data in recording.spikes.items()}
    return count_table(counts, recording.duration)


def count_table(counts: Mapping[str, tuple[int, int]], duration: float) -> Report:
    """The table of cells and spikes by source, for a recording of `duration` ms."""
    rows = [
        (
            name,
            str(cells),
            str(spikes),
            f"{spikes / cells / duration * 1000:.2f}" if duration else "",
        )
        for name, (cells, spikes) in counts.items()
    ]
    return Report(title="Spikes", columns=("population", "cells", "spikes", "rate (Hz)"), rows=rows)


def _as_it_is(recording: Recording) -> Recording:
    return recording


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
    lag
        Steps that the network runs on after those asked for, until its last layer is done.
    findings
        What was found while the network was made.
    latency
        By source: steps that it runs later than in the framework that the network comes from.
    align
        Takes these off a recording.
    """

    network: Network
    steps: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    report: Callable[[Recording], Report] = spike_table
    shown: Sequence[str] = ()
    lag: int = 0
    findings: Sequence[Finding] = ()
    latency: Mapping[str, int] = field(default_factory=dict)
    align: Callable[[Recording], Recording] = _as_it_is

    def with_network(self, network: Network) -> Experiment:
        """The same experiment with another network, such as one with more probes."""
        return replace(self, network=network)

    def count(self, steps: int | None) -> int:
        """How many steps to run if `steps` are asked for."""
        return self.steps if steps is None else steps + self.lag
