"""What of a network has a form in Loihi's format, and what has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neuro.errors import Finding
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.network import (
    CurrentInput,
    Network,
    PoissonInput,
    Population,
    fixed_point,
)
from neuro.passes.current_based import CurrentBased, NoMatchError, current_based

Refractory = Literal["keep", "drop"]
WHOLE = fixed_point(31, 0)
"""The number format: whole numbers, with weights of an exponent each."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Populations as Loihi's cells, and what stands in the way of the rest.

    Attributes
    ----------
    cells
        Matched populations by name; those that are missing are generators, which nothing reaches,
        and stay as they are.
    findings
        Everything that has no form.
    """

    cells: Mapping[str, CurrentBased]
    findings: tuple[Finding, ...]


def match(network: Network, seed: int) -> Matches:
    """Match every population, projection and input of `network`."""
    cells: dict[str, CurrentBased] = {}
    findings = _graded(network)
    for node in network.populations:
        used = used_ports(network, node.name)
        try:
            cells[node.name] = current_based(node, used, network.dt, seed)
        except NoMatchError as error:
            findings += [] if not used and _is_generator(network, node) else [_no_cell(node, error)]
            continue
        findings += _threshold(node, cells[node.name])
    return Matches(cells, tuple(findings))


def used_ports(network: Network, population: str) -> set[str]:
    """Names of the ports of a population that something arrives on."""
    inputs = (i for i in network.inputs if isinstance(i, PoissonInput | CurrentInput))
    ends: list[Any] = [*network.projections, *network.graded, *inputs]
    return {end.port for end in ends if end.post == population}


def _is_generator(network: Network, node: Population) -> bool:
    """A source of spikes by itself; it runs as it is if it has an integer form."""
    alone = Network(name=network.name, dt=network.dt, populations=(node,), format=WHOLE)
    return node.cell.spike is not None and not fixed_findings(alone)


def _no_cell(node: Population, error: NoMatchError) -> Finding:
    return Finding(
        severity="error",
        rule="loihi-cell",
        where=f"population {node.name!r}, cell type {node.cell.name!r}",
        what=f"is no leaky integrate-and-fire cell with one current and a reset to a value: {error}",
        hint="Use IF_curr_exp with equal tau_syn_E and tau_syn_I, IF_curr_delta, or LIF with reset "
        "'value'.",
    )


def _threshold(node: Population, cell: CurrentBased) -> list[Finding]:
    if np.all(cell.threshold > 0):
        return []
    return [
        Finding(
            severity="error",
            rule="loihi-threshold",
            where=f"population {node.name!r}",
            what="its threshold is not above its reset, but Loihi's thresholds are positive and its "
            "reset is zero.",
            hint="Raise the threshold, or lower the reset.",
        )
    ]


def _graded(network: Network) -> list[Finding]:
    return [
        Finding(
            severity="error",
            rule="loihi-graded",
            where=f"graded projection {graded.name!r}",
            what="Loihi's format sends spikes only.",
            hint="Remove it, or use spikes.",
        )
        for graded in network.graded
    ]
