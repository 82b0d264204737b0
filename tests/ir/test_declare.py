"""Types as short texts: units, flags, defaults; lines that are none are refused."""

from __future__ import annotations

from typing import Any

import pytest

from neuro.errors import ExpressionError, UnitError
from neuro.ir.cell import Port
from neuro.ir.declare import (
    cell_type,
    parse_derived,
    parse_factors,
    parse_parameters,
    parse_ports,
    parse_state,
    synapse_type,
    trace,
)
from neuro.ir.expressions.nodes import Literal, Name
from neuro.ir.expressions.printer import print_program


def test_parameters_have_si_defaults_and_flags() -> None:
    found = parse_parameters(
        """
        tau : ms = 20          # a comment
        v_th : mV = -50, shared
        w_max : weight = 2
        k : nA/mV
        """
    )
    assert [(p.name, p.unit, p.default, p.shared) for p in found] == [
        ("tau", "ms", 0.02, False),
        ("v_th", "mV", -0.05, True),
        ("w_max", "weight", 2.0, False),
        ("k", "nA/mV", None, False),
    ]


def test_state_starts_at_zero_a_number_or_an_expression() -> None:
    zero, number, expression = parse_state("a : 1\nb : mV = -65, held\nc : mV = v_rest")
    assert (zero.initial, zero.held) == (Literal(0.0), False)
    assert (number.initial, number.held) == (Literal(-0.065), True)
    assert expression.initial == Name("v_rest")


def test_ports_are_free_or_bound() -> None:
    assert parse_ports("i : nA\nexc : nA -> i_exc, nonnegative") == (
        Port(name="i", unit="nA"),
        Port(name="exc", unit="nA", into="i_exc", nonnegative=True),
    )


def test_factors_are_shared_or_per_cell() -> None:
    shared, own = parse_factors("reward : 1\ngate : mV, per_post")
    assert (shared.per_post, own.per_post, own.unit) == (False, True, "mV")


def test_derived_constants_are_assignments() -> None:
    first, second = parse_derived("a = exp(-dt / tau)\nb = 1 - a")
    assert (first.name, second.name) == ("a", "b")


def test_a_cell_type_holds_what_the_texts_say() -> None:
    cell = cell_type(
        "c",
        parameters="tau : ms = 10",
        state="v : 1",
        ports="i : 1",
        update="v = v + i; u = v\nv = u",
        spike="v > 1",
        reset="v = 0",
        refractory="2 * ms",
    )
    assert print_program(cell.update) == "v = v + i\nu = v\nv = u"
    assert cell.spike is not None
    assert cell.refractory is not None
    silent = cell_type("g", state="v : 1")
    assert (silent.spike, silent.refractory, silent.update) == (None, None, ())


def test_a_synapse_type_is_static_until_it_does_something() -> None:
    assert synapse_type("s").is_static
    assert not synapse_type("s", send="2 * w").is_static
    assert not synapse_type("s", on_pre="w = 0 * w").is_static
    traced = synapse_type("s", pre=trace("x : 1", on_spike="x = 1", each_step="x = 0.5 * x"))
    assert not traced.is_static


@pytest.mark.parametrize(
    ("parse", "text", "column", "hint"),
    [
        (parse_parameters, "tau ms", 0, "name : unit = value, shared"),
        (parse_parameters, "tau : = 5", 0, "name : unit = value, shared"),
        (parse_parameters, "x : 1\ntau : ms -> v", 9, "name : unit = value, shared"),
        (parse_state, "v : mV -> u", 7, "name : unit = value, held"),
        (parse_ports, "i : nA = 3", 7, "name : unit -> variable, nonnegative"),
        (parse_factors, "gate : 1 = 0", 9, "name : unit, per_post"),
        (parse_parameters, "tau : ms = 10 ms", 11, "Write a number alone"),
        (parse_parameters, "tau : ms = 10, held", 11, "Write a number alone"),
    ],
)
def test_lines_that_declare_nothing_are_refused(
    parse: Any, text: str, column: int, hint: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.source == text.splitlines()[-1]
    assert caught.value.column == column
    assert hint in caught.value.hint


def test_a_default_needs_a_unit_that_exists() -> None:
    with pytest.raises(UnitError, match="'msec' is not a unit"):
        parse_parameters("tau : msec = 10")


def test_mistakes_in_programs_point_at_the_column() -> None:
    with pytest.raises(ExpressionError) as caught:
        cell_type("c", state="v : 1", update="v = v +* 2")
    assert (caught.value.source, caught.value.column) == ("v = v +* 2", 7)
