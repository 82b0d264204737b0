"""The programs of populations and projections in integers, with their constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuro.ir.canonical_types import (
    CanonicalCell,
    CanonicalSynapse,
    CanonicalTrace,
    canonical_cell,
    canonical_synapse,
)
from neuro.ir.cell import StateVariable
from neuro.ir.fixed.compile import Compiler, Problem, Range, Target, stored
from neuro.ir.fixed.constants import Constants
from neuro.ir.fixed.scales import Scales
from neuro.ir.network import Population, Projection
from neuro.ir.resolve import Number
from neuro.ir.synapse import WEIGHT

UNIFORM_BITS = 31
"""A uniform draw is this many random bits."""


@dataclass(frozen=True, slots=True, eq=False)
class FixedCell:
    """A population: integer programs, the constants that they read, and what has no integer form."""

    programs: CanonicalCell
    constants: dict[str, NDArray[np.int32]]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FixedSynapse:
    """A projection, as `FixedCell`."""

    programs: CanonicalSynapse
    constants: dict[str, NDArray[np.int32]]
    problems: tuple[Problem, ...]


def fixed_cell(node: Population, values: Mapping[str, Number], scales: Scales) -> FixedCell:
    """Compile the programs of a population.

    Parameters
    ----------
    node
        The population.
    values
        Its parameters and derived constants, and ``dt``.
    scales
        Exponents of its variables.
    """
    cell, canonical, constants = node.cell, canonical_cell(node.cell), Constants(values)
    targets = {v.name: scales.target(node.name, v.name) for v in cell.state}
    free = {p.name: stored(scales.of(node.name, p.name)) for p in cell.ports if p.into is None}
    draws = {name: Range(UNIFORM_BITS, 1.0) for name in canonical.draws}
    state = {name: stored(target.exponent) for name, target in targets.items()}
    compiler = Compiler(constants, {**state, **free, **draws})
    spike = canonical.spike
    programs = replace(
        canonical,
        update=compiler.program("update", canonical.update, targets),
        spike=None if spike is None else compiler.condition("spike", spike),
        reset=compiler.program("reset", canonical.reset, targets),
    )
    return FixedCell(programs, constants.stored, tuple(compiler.problems))


def fixed_synapse(node: Projection, values: Mapping[str, Number], scales: Scales) -> FixedSynapse:
    """Compile the programs of a projection; parameters as for `fixed_cell`."""
    kind, canonical, constants = node.synapse, canonical_synapse(node.synapse), Constants(values)
    own = _targets(node.name, (WEIGHT, *_names(kind.state)), scales)
    traces = _targets(node.name, (*_names(kind.pre.state), *_names(kind.post.state)), scales)
    factors = _targets(node.name, [factor.name for factor in kind.factors], scales)
    known = {name: stored(t.exponent) for name, t in {**own, **traces, **factors}.items()}
    compiler = Compiler(constants, known)

    def side(name: str, programs: CanonicalTrace) -> CanonicalTrace:
        return CanonicalTrace(
            compiler.program(f"{name}, on_spike", programs.on_spike, traces),
            compiler.program(f"{name}, each_step", programs.each_step, traces),
        )

    programs = CanonicalSynapse(
        on_pre=compiler.program("on_pre", canonical.on_pre, own),
        send=compiler.value("send", canonical.send, scales.of(node.post, node.port)),
        on_post=compiler.program("on_post", canonical.on_post, own),
        each_step=compiler.program("each_step", canonical.each_step, own),
        pre=side("pre", canonical.pre),
        post=side("post", canonical.post),
    )
    return FixedSynapse(programs, constants.stored, tuple(compiler.problems))


def _names(state: tuple[StateVariable, ...]) -> list[str]:
    return [variable.name for variable in state]


def _targets(
    node: str, variables: list[str] | tuple[str, ...], scales: Scales
) -> dict[str, Target]:
    return {name: scales.target(node, name) for name in variables}
