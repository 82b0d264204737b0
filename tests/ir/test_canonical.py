"""Names of a type hide units of the same name in all its programs."""

from __future__ import annotations

import pytest

import neuro
from neuro.ir.declare import cell_type, synapse_type, trace

SHADOW = cell_type(
    "shadow",
    parameters="F : 1 = 3\n A : 1 = 5",
    state="s : 1 = 1\n V : 1 = 0",
    ports="S : 1",
    derived="Hz = F * A",
    update="ms = 2 * s; s = ms + S; V = Hz + F + A + ms",
    spike="s > 3",
    reset="s = 100 * A",
)
"""Everything in it is named like a unit."""


def after(cell: neuro.Cell, steps: int, variable: str) -> float:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(1, cell, label="cell")
    with neuro.Session(net.build(), backend="reference") as session:
        session.run(steps)
        return float(session.read("cell", variable)[0])


def test_parameters_states_derived_values_and_locals_hide_units() -> None:
    cell = neuro.CustomCell(SHADOW)
    assert after(cell, 1, "s") == 2
    assert after(cell, 1, "V") == 15 + 3 + 5 + 2
    assert after(cell, 2, "s") == 500


def test_a_local_hides_a_unit_from_its_assignment_on() -> None:
    kind = cell_type("late", state="v : 1 = 0", update="v = v + 8 * ms / ms; ms = 4; v = v + ms")
    assert after(neuro.CustomCell(kind), 1, "v") == 12


def test_a_local_of_one_program_leaves_units_to_the_others() -> None:
    kind = cell_type(
        "two", state="v : 1 = 0", update="ms = 4; v = ms", spike="t >= 1 * ms", reset="v = 9"
    )
    assert after(neuro.CustomCell(kind), 1, "v") == 4
    assert after(neuro.CustomCell(kind), 2, "v") == 9


def test_traces_and_synaptic_variables_hide_units() -> None:
    kind = synapse_type(
        "shadow",
        state="s : 1 = 7",
        pre=trace("V : 1 = 3", on_spike="V = V + 1", each_step="V = V"),
        on_pre="w = s + V",
    )
    net = neuro.NetworkBuilder(dt=1.0)
    source = net.population(1, neuro.SpikeSourceArray([[0]]), label="source")
    cell = net.population(1, neuro.LIF(), label="cell")
    synapse = neuro.CustomSynapse(kind)
    net.projection(source, cell, neuro.OneToOneConnector(), synapse, label="synapses")
    with neuro.Session(net.build(), backend="reference") as session:
        session.run(1)
        assert session.read("synapses").tolist() == pytest.approx([10])
