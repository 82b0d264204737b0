"""What Lava's fixed-point simulator runs of a network, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neuro.cells.loihi_lif import LoihiLIF
from neuro.errors import Finding
from neuro.ir.fixed.scales import Scales
from neuro.ir.generators import is_generator
from neuro.ir.loihi import (
    LIMIT,
    MAX_BIAS,
    MAX_BIAS_EXPONENT,
    MAX_DECAY,
    MAX_DELAY,
    MAX_THRESHOLD,
    WHOLE,
    as_mantissas,
)
from neuro.ir.network import Network, Population, Projection
from neuro.ir.resolve import (
    constants,
    initial_state,
    parameters,
    refractory_steps,
    synapses,
)

QUANTISE = "Make one with: neuro quantise MODEL --to loihi --refractory drop."


def is_loihi_cell(node: Population) -> bool:
    """True if a population computes what Lava's ``LIF`` does; its name does not matter."""
    kind, known = node.cell, LoihiLIF.cell_type
    fields = ("parameters", "state", "ports", "derived", "update", "spike", "reset", "refractory")
    return all(getattr(kind, field) == getattr(known, field) for field in fields)


def lava_findings(network: Network, seed: int) -> list[Finding]:
    """Everything in `network` that Lava does not run."""
    findings = list(_format(network))
    for node in network.populations:
        findings += _cell(network, node, seed)
    for projection in network.projections:
        findings += _synapses(network, projection, seed)
    return findings + [
        _error(
            "lava-graded", f"graded projection {g.name!r}", "only spikes are sent.", "Remove it."
        )
        for g in network.graded
    ]


def _error(rule: str, where: str, what: str, hint: str) -> Finding:
    return Finding(severity="error", rule=rule, where=where, what=what, hint=hint)


def _format(network: Network) -> Iterator[Finding]:
    if network.format.kind != "float64" and network.format != WHOLE:
        yield _error(
            "number-format",
            f"network {network.name!r}, format",
            "is not one of whole numbers, as Loihi has.",
            QUANTISE,
        )


def _cell(network: Network, node: Population, seed: int) -> list[Finding]:
    where = f"population {node.name!r}"
    if is_loihi_cell(node):
        return [*_values(network, node, where, seed), *_scales(network, node, where)]
    if is_generator(network, node, network.format):
        return []
    return [
        _error(
            "lava-cell",
            f"{where}, cell type {node.cell.name!r}",
            "is not Loihi's integer cell.",
            QUANTISE,
        )
    ]


def _values(network: Network, node: Population, where: str, seed: int) -> Iterator[Finding]:
    """Parameters are whole, in range, and alike where Lava has one for all."""
    given = parameters(
        node.cell.parameters, node.parameters, node.size, seed, f"{node.name}/parameter"
    )
    for name, low, high in (
        ("du", 0, MAX_DECAY),
        ("dv", 0, MAX_DECAY),
        ("vth", 0, MAX_THRESHOLD),
        ("bias_mant", -MAX_BIAS - 1, MAX_BIAS),
        ("bias_exp", 0, MAX_BIAS_EXPONENT),
    ):
        values = np.asarray(given[name])
        if not _whole_within(values, low, high):
            what = f"is not a whole number from {low} to {high}."
            yield _error("lava-value", f"{where}, {name}", what, "Change it, or quantise again.")
        elif not name.startswith("bias") and np.ptp(values) > 0:
            what = "differs between its cells; Lava has one value for all."
            yield _error("lava-value", f"{where}, {name}", what, "Split the population.")
    if np.any(refractory_steps(node, given, network.dt)):
        what = "Lava's fixed-point cells have no refractory period."
        hint = "Quantise with --refractory drop, and look at the spikes that change."
        yield _error("lava-refractory", where, what, hint)
    values_ = {**given, **constants(node.cell.derived, given, network.dt), "dt": network.dt}
    start = initial_state(
        node.cell.state, node.initial, values_, node.size, seed, f"{node.name}/initial"
    )
    for name, array in start.items():
        if not _whole_within(array, 1 - LIMIT, LIMIT - 1):
            what = "does not start from whole numbers of 24 bits."
            yield _error("lava-value", f"{where}, {name}", what, "Change its initial value.")


def _whole_within(values: NDArray[np.float64], low: int, high: int) -> bool:
    return bool(np.all((values == np.rint(values)) & (values >= low) & (values <= high)))


def _scales(network: Network, node: Population, where: str) -> Iterator[Finding]:
    if network.format.kind != "fixed":
        return
    scales = Scales(network, {})
    for name in ("u", "v", "input"):
        if scales.of(node.name, name) != 0:
            what = "has an exponent; Loihi's numbers are whole."
            yield _error("lava-value", f"{where}, {name}", what, "Remove its scale.")


def _synapses(network: Network, node: Projection, seed: int) -> list[Finding]:
    where = f"projection {node.name!r}"
    if not node.synapse.is_static:
        return [
            _error(
                "lava-learning",
                f"{where}, synapse type {node.synapse.name!r}",
                "does not learn on Lava: its fixed-point learning rounds at random, and by its own "
                "tag only approximates Loihi's.",
                "Learn on another backend, and put the weights into static synapses "
                "(`neuro.freeze`).",
            )
        ]
    expanded = synapses(network, node, seed)
    found = []
    # Where the cells are to be quantised, their weights will be.
    post = network.sources[node.post]
    if (
        isinstance(post, Population)
        and is_loihi_cell(post)
        and as_mantissas(expanded.weight) is None
    ):
        what = "has weights that are no 8-bit mantissas with one exponent from 0 to 7."
        hint = (
            "Round them with neuro.ir.loihi.quantise_weights, or quantise the float network again."
        )
        found.append(_error("lava-weight", f"{where}, weight", what, hint))
    longest = int(np.max(expanded.delay, initial=1))
    if longest > MAX_DELAY:
        what = f"has a delay of {longest} steps; Loihi's synapses reach {MAX_DELAY}."
        hint = "Shorten it, or put cells in between that pass spikes on."
        found.append(_error("lava-delay", f"{where}, delay", what, hint))
    return found
