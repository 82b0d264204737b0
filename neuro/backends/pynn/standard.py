"""PyNN's standard cells and synapses, and the types of our library that mean the same.

A type of a network is looked up here by its equations (see `matching`), so a cell of the user's own
with the equations of a standard cell is one, whatever it is called, and a changed one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from neuro.backends.pynn.matching import (
    Renaming,
    cell_difference,
    match_cell,
    match_synapse,
    synapse_difference,
)
from neuro.cells import (
    AdEx,
    IF_cond_exp,
    IF_curr_alpha,
    IF_curr_delta,
    IF_curr_exp,
    Izhikevich,
    SpikeSourcePoisson,
)
from neuro.ir.cell import CellType
from neuro.ir.synapse import STATIC, SynapseType
from neuro.synapses import PairSTDP

Scheme = Literal["exact", "spinnaker", "exponential", "euler", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardCell:
    """A standard cell of PyNN, in one discrete form.

    Attributes
    ----------
    name
        Class of PyNN.
    scheme
        How the form integrates the cell's equations; simulators differ in it.
    cell
        The type of our library with these equations.
    parameters
        PyNN's name by ours, where they differ; "" for one that PyNN lacks.
    capacitance
        Of PyNN's cell, in F, where it is no parameter there: currents are scaled to it.  0 where
        the cell has the parameter ``cm``.
    variables
        PyNN's names of the state variables that it records or sets.
    signs
        Sign of PyNN's weights by port.
    conductance
        True if weights are conductances.
    """

    name: str
    scheme: Scheme
    cell: CellType
    parameters: Mapping[str, str] = field(default_factory=dict)
    capacitance: float = 0.0
    variables: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, int] = field(default_factory=lambda: {"excitatory": 1, "inhibitory": -1})
    conductance: bool = False

    @property
    def key(self) -> str:
        """Name and scheme, such as ``"IF_curr_exp/exact"``."""
        return f"{self.name}/{self.scheme}"


_CONDUCTANCE = {"excitatory": 1, "inhibitory": 1}
_G = {"v": "v", "g_exc": "gsyn_exc", "g_inh": "gsyn_inh"}

STANDARD_CELLS = (
    StandardCell(
        name="IF_curr_exp", scheme="exact", cell=IF_curr_exp().cell_type, variables={"v": "v"}
    ),
    StandardCell(
        name="IF_curr_exp",
        scheme="spinnaker",
        cell=IF_curr_exp(scheme="spinnaker").cell_type,
        variables={"v": "v"},
    ),
    StandardCell(
        name="IF_curr_delta", scheme="exact", cell=IF_curr_delta.cell_type, variables={"v": "v"}
    ),
    StandardCell(
        name="IF_curr_alpha", scheme="exact", cell=IF_curr_alpha.cell_type, variables={"v": "v"}
    ),
    StandardCell(
        name="IF_cond_exp",
        scheme="exponential",
        cell=IF_cond_exp().cell_type,
        variables=_G,
        signs=_CONDUCTANCE,
        conductance=True,
    ),
    StandardCell(
        name="IF_cond_exp",
        scheme="euler",
        cell=IF_cond_exp(scheme="euler").cell_type,
        variables=_G,
        signs=_CONDUCTANCE,
        conductance=True,
    ),
    StandardCell(
        name="EIF_cond_exp_isfa_ista",
        scheme="exponential",
        cell=AdEx.cell_type,
        variables=_G | {"w": "w"},
        signs=_CONDUCTANCE,
        conductance=True,
    ),
    StandardCell(
        name="Izhikevich",
        scheme="euler",
        cell=Izhikevich.cell_type,
        parameters={"cm": ""},
        capacitance=1e-12,
        variables={"v": "v", "u": "u"},
    ),
)
"""The cells, in the order in which they are tried."""

POISSON = StandardCell(
    name="SpikeSourcePoisson", scheme="own", cell=SpikeSourcePoisson.cell_type, signs={}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardSynapse:
    """A synapse of PyNN.

    Attributes
    ----------
    name
        ``"static"``, ``"additive"`` or ``"multiplicative"``.
    synapse
        The type of our library with these equations.
    """

    name: Literal["static", "additive", "multiplicative"]
    synapse: SynapseType


STANDARD_SYNAPSES = (
    StandardSynapse(name="static", synapse=STATIC),
    StandardSynapse(name="additive", synapse=PairSTDP().synapse_type),
    StandardSynapse(
        name="multiplicative", synapse=PairSTDP(dependence="multiplicative").synapse_type
    ),
)


@dataclass(frozen=True, slots=True)
class CellMatch:
    """A standard cell, and what its names are called in the network's type."""

    standard: StandardCell
    renaming: Renaming


@dataclass(frozen=True, slots=True)
class SynapseMatch:
    """A standard synapse, and what its names are called in the network's type."""

    standard: StandardSynapse
    renaming: Renaming


@cache
def find_cell(cell: CellType) -> CellMatch | None:
    """The standard cell with the equations of `cell`; None if there is none."""
    for standard in (*STANDARD_CELLS, POISSON):
        renaming = match_cell(standard.cell, cell)
        if renaming is not None:
            return CellMatch(standard, renaming)
    return None


@cache
def find_synapse(synapse: SynapseType) -> SynapseMatch | None:
    """The standard synapse with the equations of `synapse`; None if there is none."""
    for standard in STANDARD_SYNAPSES:
        renaming = match_synapse(standard.synapse, synapse)
        if renaming is not None:
            return SynapseMatch(standard, renaming)
    return None


def why_no_cell(cell: CellType) -> str:
    """The nearest standard cell and what of it differs; "" if none is near."""
    found = [cell_difference(standard.cell, cell) for standard in STANDARD_CELLS]
    place = min(range(len(found)), key=lambda k: len(found[k]))
    return _nearest(STANDARD_CELLS[place].name, found[place], len(cell.state))


def why_no_synapse(synapse: SynapseType) -> str:
    """The nearest standard synapse and what of it differs; "" if none is near."""
    found = [synapse_difference(standard.synapse, synapse) for standard in STANDARD_SYNAPSES]
    place = min(range(1, len(found)), key=lambda k: len(found[k]))
    name = f"STDP with {STANDARD_SYNAPSES[place].name} weight dependence"
    return _nearest(name, found[place], 3)


def _nearest(name: str, differences: list[str], few: int) -> str:
    if not differences or len(differences) > few:
        return ""
    return (
        f"the nearest is {name}, but {', '.join(differences)} differ{'s' * (len(differences) == 1)}"
    )
