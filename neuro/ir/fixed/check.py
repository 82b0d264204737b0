"""What of a network has no integer form, as findings that name cell or synapse and expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from neuro.errors import Finding, UnsupportedError
from neuro.ir.cell import Derived, Parameter
from neuro.ir.fixed.compile import Problem
from neuro.ir.fixed.programs import fixed_cell, fixed_synapse
from neuro.ir.fixed.scales import Scales
from neuro.ir.network import Network, Population, Projection
from neuro.ir.resolve import Number, constants
from neuro.ir.values import Draw, Value


def fixed_findings(network: Network) -> list[Finding]:
    """Everything in `network` that fixed point cannot do; nothing for a float network."""
    if network.format.kind != "fixed":
        return []
    scales, dt, found = Scales(network, {}), network.dt, []
    for population in network.populations:
        cell = population.cell
        values = _values(cell.parameters, population.parameters, cell.derived, dt)
        found += cell_findings(population, fixed_cell(population, values, scales).problems)
    for projection in network.projections:
        kind = projection.synapse
        values = _values(kind.parameters, projection.parameters, kind.derived, dt)
        found += synapse_findings(projection, fixed_synapse(projection, values, scales).problems)
    return found


def cell_findings(node: Population, problems: Iterable[Problem]) -> list[Finding]:
    """Findings for the problems of a population."""
    return _findings(f"population {node.name!r}, cell type {node.cell.name!r}", problems)


def synapse_findings(node: Projection, problems: Iterable[Problem]) -> list[Finding]:
    """Findings for the problems of a projection."""
    return _findings(f"projection {node.name!r}, synapse type {node.synapse.name!r}", problems)


def refuse_problems(findings: list[Finding]) -> None:
    """Raise if there are any findings.

    Raises
    ------
    UnsupportedError
        With all of them.
    """
    if findings:
        raise UnsupportedError("The network has no form in fixed point:", findings)


def _findings(where: str, problems: Iterable[Problem]) -> list[Finding]:
    return [
        Finding(
            severity="error",
            rule="no-integer-form",
            where=f"{where}, {problem.program}",
            what=problem.what,
            hint="Compute it from parameters in 'derived', take another cell or synapse, or use "
            "float32.",
        )
        for problem in problems
    ]


def _values(
    declared: Iterable[Parameter],
    given: Mapping[str, Value],
    derived: Iterable[Derived],
    dt: float,
) -> dict[str, Number]:
    """Constants with one representative number for each parameter."""
    values: dict[str, Number] = {p.name: _one(given.get(p.name, p.default)) for p in declared}
    return {**values, **constants(derived, values, dt), "dt": dt}


def _one(value: Value | None) -> float:
    """A number, or one that stands for an array or a draw."""
    if isinstance(value, Draw):
        return value.a
    first = np.ravel(np.asarray(value, np.float64))[:1]
    return float(first[0]) if len(first) else 1.0
