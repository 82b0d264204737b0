"""What of a network has a form in SpiNNaker's arithmetic, and what has not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuro.cells.if_curr_exp import IF_curr_exp
from neuro.errors import Finding
from neuro.ir.cell import CellType
from neuro.ir.generators import is_generator
from neuro.ir.network import Network, Population, Projection, fixed_point
from neuro.ir.spinnaker import FRACTION_BITS
from neuro.ir.synapse import SynapseType
from neuro.synapses.pair_stdp import PairSTDP

S1615 = fixed_point(31 - FRACTION_BITS, FRACTION_BITS)
"""The number format of state."""
_CELLS = tuple(
    replace(cell.cell_type, name="") for cell in (IF_curr_exp(), IF_curr_exp(scheme="spinnaker"))
)
_STDP = replace(PairSTDP().synapse_type, name="")


def has_form(cell: CellType) -> bool:
    """True if `cell` is ``IF_curr_exp``, by what it computes; its name does not matter."""
    return replace(cell, name="") in _CELLS


def is_additive_stdp(synapse: SynapseType) -> bool:
    """True if `synapse` is additive pair STDP that counts all pairs, whatever its name."""
    return replace(synapse, name="") == _STDP


def findings_of(network: Network) -> list[Finding]:
    """Everything in `network` that has no form in the board's arithmetic."""
    found = [finding for node in network.populations for finding in _cell(network, node)]
    found += [finding for node in network.projections for finding in _synapse(node)]
    return found + [
        Finding(
            severity="error",
            rule="spinnaker-graded",
            where=f"graded projection {graded.name!r}",
            what="SpiNNaker sends spikes only.",
            hint="Remove it, or use spikes.",
        )
        for graded in network.graded
    ]


def _cell(network: Network, node: Population) -> list[Finding]:
    if has_form(node.cell) or is_generator(network, node, S1615):
        return []
    return [
        Finding(
            severity="error",
            rule="spinnaker-cell",
            where=f"population {node.name!r}, cell type {node.cell.name!r}",
            what="only the arithmetic of IF_curr_exp is simulated.",
            hint="Use IF_curr_exp (of either scheme), or another format.",
        )
    ]


def _synapse(node: Projection) -> list[Finding]:
    kind, where = node.synapse, f"projection {node.name!r}"
    if not kind.is_static and not is_additive_stdp(kind):
        return [
            Finding(
                severity="error",
                rule="spinnaker-synapse",
                where=f"{where}, synapse type {kind.name!r}",
                what="only static synapses and additive pair STDP of all pairs are simulated.",
                hint="Use PairSTDP(pairing='all_to_all', dependence='additive'), without a gate.",
            )
        ]
    values = (node.parameters.get(name, 0.0) for name in ("A_plus", "A_minus", "w_min", "w_max"))
    if kind.is_static or all(np.ndim(value) == 0 for value in values):  # type: ignore[arg-type]
        return []
    return [
        Finding(
            severity="error",
            rule="spinnaker-synapse",
            where=where,
            what="amplitudes and bounds differ between its synapses; the board has one for all.",
            hint="Give one number each.",
        )
    ]
