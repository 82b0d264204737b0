"""What of a network has a form in Loihi's format, and what has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neuro.errors import Finding
from neuro.ir.generators import is_generator, used_ports
from neuro.ir.loihi import WHOLE
from neuro.ir.network import Network, Population
from neuro.passes.current_based import CurrentBased, NoMatchError, current_based

Refractory = Literal["keep", "drop"]


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
            findings += [] if is_generator(network, node, WHOLE) else [_no_cell(node, error)]
            continue
        findings += _threshold(node, cells[node.name])
    return Matches(cells, tuple(findings))


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
