"""The verifier on cell and synapse types: names, kinds, units, ports, traces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neuro.ir.cell import CellType, Parameter, Port, StateVariable
from neuro.ir.declare import cell_type, synapse_type, trace
from neuro.ir.expressions.parser import parse_expression
from neuro.ir.network import Population
from tests.ir.test_verify import GATED, LIF, found, network, projection


def type_findings(cell: CellType) -> list[str]:
    return found(
        network(populations=(Population(name="a", size=3, cell=cell), *network().populations[1:]))
    )


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"update": "v = v * tau"}, "assigns s; 1 is needed"),
        ({"update": "v = v + tau"}, "mixes 1 and s"),
        ({"update": "v = exp(tau)"}, "in s, but a plain number is needed"),
        ({"update": "v = input + thr"}, "there is no name 'thr'"),
        ({"update": "vv = v"}, "'vv' is assigned but never used. Did you mean 'v'?"),
        ({"update": "tau = 2 * ms"}, "'tau' cannot be assigned"),
        ({"update": "v = v > 1"}, "condition where a number is needed"),
        ({"spike": "v + 1"}, "number where a condition is needed"),
        ({"spike": "v > 1 and v"}, "is a number where a condition is needed"),
        ({"reset": "v = input"}, "there is no name 'input'"),
        ({"reset": "v = uniform()"}, "draws random numbers"),
        ({"refractory": "v"}, "there is no name 'v'"),
        ({"refractory": "2"}, "assigns 1; s is needed"),
        ({"derived": "d = v"}, "there is no name 'v'"),
        ({"derived": "d = tau ** 0.5"}, "not a whole number"),
        ({"ports": "input : parsec"}, "'parsec' is not a unit"),
        ({"state": "v : 1 = tau"}, "assigns s; 1 is needed"),
        ({"state": "v : 1 = 0\nv : 1 = 0"}, "'v' is declared twice"),
        ({"state": "v : 1 = 0\ndt : 1 = 0"}, "'dt' cannot be declared"),
        ({"ports": "input : 1\nexc : 1 -> g"}, "there is no state variable 'g'"),
        (
            {"ports": "input : 1\nexc : 1 -> v", "state": "v : 1 = 0, held"},
            "held during the refractory",
        ),
        ({"ports": "input : 1\nexc : mV -> v"}, "is in mV, 'v' in 1"),
    ],
)
def test_findings_in_cell_types(parts: dict[str, str], words: str) -> None:
    good = {
        "parameters": "tau : ms = 10",
        "state": "v : 1 = 0",
        "ports": "input : 1",
        "update": "v = v + input",
        "spike": "v > 1",
        "reset": "v = 0",
    }
    cell = cell_type("c", **{**good, **parts})
    assert any(words in text for text in type_findings(cell)), type_findings(cell)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"on_pre": "w = w * tau"}, "assigns A*s; A is needed"),
        ({"on_pre": "w = w + y"}, "mixes"),
        ({"send": "y"}, "assigns 1; A is needed"),
        ({"on_post": "x = 0"}, "'x' cannot be assigned"),
        ({"on_post": "w = w * uniform()"}, "draws random numbers"),
        ({"each_step": "w = w * v"}, "there is no name 'v'"),
        ({"parameters": "tau : ms = 10, shared\nw : 1 = 0"}, "'w' cannot be declared"),
        ({"pre": trace("x : 1", on_spike="x = x + a", each_step="x = x")}, "there is no name 'a'"),
        ({"pre": trace("", on_spike="x = 1", each_step="")}, "programs but no variables"),
    ],
)
def test_findings_in_synapse_types(parts: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {
        "parameters": "tau : ms = 10, shared\na : 1 = 1",
        "pre": trace("x : 1", on_spike="x = x + 1", each_step="x = x * exp(-dt / tau)"),
        "post": trace("y : 1", on_spike="y = y + 1", each_step="y = y * exp(-dt / tau)"),
        "on_pre": "w = w * y",
    }
    synapse = synapse_type("s", **{**good, **parts})
    findings = found(network(projections=(projection(synapse=synapse),)))
    assert any(words in text for text in findings), findings


def test_a_missing_parameter_is_found() -> None:
    cell = CellType(
        name="c", parameters=(Parameter(name="k", unit="1"),), spike=parse_expression("1 > 0")
    )
    assert any("has no value and no default" in text for text in type_findings(cell))


def test_a_shared_parameter_takes_one_number() -> None:
    case = network(projections=(projection(synapse=GATED, parameters={"tau_plus": np.ones(12)}),))
    assert any("one number serves all" in text for text in found(case))


def test_two_types_of_one_name_are_found() -> None:
    other = replace(
        LIF, state=(StateVariable(name="v", unit="1"),), ports=(Port(name="input", unit="1"),)
    )
    populations = (*network().populations, Population(name="c", size=1, cell=other))
    assert any(
        "two different cell types" in text for text in found(network(populations=populations))
    )
