"""Cells from equations: against the matrix exponential and an ODE solver; mistakes are explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import neuro
from neuro import cell_from_equations
from neuro.errors import ExpressionError, NeuroError, ParameterError, UnitError
from neuro.frontend.equations import simultaneous
from neuro.ir.cell import CellType
from neuro.ir.expressions.evaluate import run as run_program
from neuro.ir.expressions.parser import parse_expression
from neuro.ir.expressions.printer import print_program

Floats = NDArray[np.float64]


def run(
    cell: CellType,
    steps: int,
    *,
    dt: float = 1.0,
    currents: dict[str, float] | None = None,
    **parameters: Any,
) -> Floats:
    """State after each step; shape (steps, variables)."""
    net = neuro.NetworkBuilder(dt=dt, format=neuro.FLOAT64)
    population = net.population(1, neuro.CustomCell(cell, **parameters), label="p")
    names = [variable.name for variable in cell.state]
    population.record(names)
    for port, value in (currents or {}).items():
        net.inject(neuro.DCSource(value), population, port=port)
    traces = neuro.simulate(net.build(), steps, backend="reference", progress=None).traces["p"]
    return np.stack([traces[name].values[:, 0] for name in names], axis=1)


def propagated(matrix: Floats, offset: Floats, start: Floats, steps: int) -> Floats:
    """States of ``dx/dt = matrix x + offset`` at whole milliseconds, by scipy."""
    size = len(start)
    whole = np.zeros((size + 1, size + 1))
    whole[:size, :size], whole[:size, size] = matrix, offset
    step = scipy.linalg.expm(whole)
    states = [np.append(start, 1.0)]
    for _ in range(steps):
        states.append(step @ states[-1])
    return np.array(states)[1:, :size]


def test_a_leaky_membrane_is_the_closed_form() -> None:
    cell = cell_from_equations(
        "leaky",
        "dv/dt = (v_rest - v) / tau + i / cm : mV = v_rest",
        parameters="tau : ms = 20; v_rest : mV = -65; cm : nF = 1",
        ports="i : nA",
    )
    assert print_program(cell.update).startswith("v = v * P_v_v")
    found = run(cell, 50, dt=0.5, currents={"i": 0.3}, tau=10.0)
    t = 0.5e-3 * np.arange(1, 51)
    expected = -0.065 + 0.3e-9 * 10e-3 / 1e-9 * (1 - np.exp(-t / 10e-3))
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-13)


@pytest.mark.parametrize("tau_s", [2.0, 10.0, 10.0 * (1 + 1e-9)])
def test_a_filtered_current_is_exact_also_for_equal_time_constants(tau_s: float) -> None:
    cell = cell_from_equations(
        "filtered",
        "dv/dt = -v / tau + s / ms : 1 = 0.5; ds/dt = -s / tau_s : 1 = 1",
        parameters="tau : ms = 10; tau_s : ms = 2",
    )
    found = run(cell, 30, tau_s=tau_s)
    matrix = np.array([[-0.1, 1.0], [0.0, -1 / tau_s]])
    expected = propagated(matrix, np.zeros(2), np.array([0.5, 1.0]), 30)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_chain_with_input_is_the_matrix_exponential() -> None:
    cell = cell_from_equations(
        "chain",
        """
        dv/dt = (R * i - v) / tau + a / ms : 1
        da/dt = (b - a) / tau_r : 1          # rises
        db/dt = (0.1 - b) / tau_d : 1 = 1    # decays
        """,
        parameters="tau : ms = 10; tau_r : ms = 3; tau_d : ms = 3; R : 1 = 2",
        ports="i : 1",
    )
    found = run(cell, 40, currents={"i": 0.25})
    matrix = np.array([[-0.1, 1, 0], [0, -1 / 3, 1 / 3], [0, 0, -1 / 3]])
    expected = propagated(matrix, np.array([0.05, 0, 0.1 / 3]), np.array([0, 0, 1.0]), 40)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_oscillator_keeps_its_amplitude() -> None:
    cell = cell_from_equations(
        "wave", "dx/dt = w * y : 1 = 1; dy/dt = -w * x : 1", parameters="w : 1/ms = 0.5"
    )
    t = np.arange(1, 2001)
    found = run(cell, 2000)
    np.testing.assert_allclose(found[:, 0], np.cos(0.5 * t), atol=1e-11)
    np.testing.assert_allclose(found[:, 1], -np.sin(0.5 * t), atol=1e-11)


RATES = st.floats(-2, 2).filter(lambda x: x == 0 or abs(x) > 1e-3)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.lists(RATES, min_size=9, max_size=9), st.lists(RATES, min_size=3, max_size=3))
def test_any_linear_system_is_the_matrix_exponential(rates: list[float], own: list[float]) -> None:
    matrix = np.array(rates).reshape(3, 3)
    lines = [
        f"d{x}/dt = ({' + '.join(f'({a!r}) * {y}' for a, y in zip(row, 'uvw', strict=True))} + "
        f"({c!r})) / ms : 1 = 1"
        for x, row, c in zip("uvw", matrix.tolist(), own, strict=True)
    ]
    found = run(cell_from_equations("linear", "\n".join(lines)), 3)
    expected = propagated(matrix, np.array(own), np.ones(3), 3)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


PREDATOR = "dx/dt = x * (0.5 - y) / ms : 1 = 1; dy/dt = y * (x - 0.4) / ms : 1 = 0.5"


@pytest.mark.parametrize("method", ["exponential_euler", "euler"])
def test_other_methods_converge_with_first_order(method: Any) -> None:
    exact = scipy.integrate.solve_ivp(
        lambda t, s: [s[0] * (0.5 - s[1]), s[1] * (s[0] - 0.4)],
        (0, 8),
        [1.0, 0.5],
        rtol=1e-11,
        atol=1e-12,
    ).y[:, -1]
    cell = cell_from_equations("predator", PREDATOR, method=method)
    errors = [
        np.abs(run(cell, round(8 / dt), dt=dt)[-1] - exact).max() for dt in (0.04, 0.02, 0.01)
    ]
    assert errors[2] < 0.03
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.1)


def test_exponential_euler_is_exact_where_the_others_stand_still() -> None:
    text = "dv/dt = (g * e - g * v) / tau : 1 = 0.2; dg/dt = 0 / ms : 1 = 3; de/dt = 0 / ms : 1 = 2"
    cell = cell_from_equations("still", text, parameters="tau : ms = 7", method="exponential_euler")
    t = np.arange(1, 21)
    expected = 2 - 1.8 * np.exp(-3 * t / 7)
    np.testing.assert_allclose(run(cell, 20)[:, 0], expected, rtol=1e-13)


def test_euler_takes_conditions_noise_and_time() -> None:
    text = "dx/dt = (1 if t < 2.5 * ms else -1) / ms : 1; dy/dt = uniform() / ms : 1"
    found = run(cell_from_equations("any", text, method="euler"), 5)
    np.testing.assert_allclose(found[:, 0], [1, 2, 3, 2, 1])
    assert ((np.diff(found[:, 1]) > 0) & (np.diff(found[:, 1]) < 1)).all()


def test_a_cell_from_equations_spikes_and_rests() -> None:
    cell = cell_from_equations(
        "lif",
        "dv/dt = (2 - v) / tau : 1, held",
        parameters="tau : ms = 10; rest : ms = 3",
        spike="v > 1",
        reset="v = 0",
        refractory="rest",
    )
    v = run(cell, 24)[:, 0]
    silent = np.flatnonzero(v == 0)
    assert silent.tolist() == [6, 7, 8, 9, 16, 17, 18, 19]
    np.testing.assert_allclose(v[:6], 2 * (1 - np.exp(-np.arange(1, 7) / 10)), rtol=1e-13)


def test_a_bound_port_acts_from_the_beginning_of_the_step() -> None:
    cell = cell_from_equations(
        "synaptic", "ds/dt = -s / tau : 1", parameters="tau : ms = 5", ports="exc : 1 -> s"
    )
    net = neuro.NetworkBuilder(format=neuro.FLOAT64)
    source = net.population(1, neuro.SpikeSourceArray([[1.0]]), label="s")
    cells = net.population(1, neuro.CustomCell(cell), label="c")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=2.0))
    cells.record("s")
    found = neuro.simulate(net.build(), 5, backend="reference").traces["c"]["s"].values[:, 0]
    np.testing.assert_allclose(found, [0, 0, *2 * np.exp(-np.array([1, 2, 3]) / 5)], rtol=1e-13)


def test_names_may_be_those_of_units_and_of_our_constants() -> None:
    text = "dS/dt = -S / tau : 1 = 2; done/dt = (S - one) / tau + 1 / s : 1 = 1"
    found = run(cell_from_equations("names", text, parameters="tau : ms = 4"), 10)
    matrix = np.array([[-0.25, 0], [0.25, -0.25]])
    expected = propagated(matrix, np.array([0, 1e-3]), np.array([2.0, 1.0]), 10)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_assignments_in_turn_read_old_values() -> None:
    texts = {"a": "a + b", "b": "a", "c": "c + b"}
    scope: Any = {"a": np.array(1.0), "b": np.array(2.0), "c": np.array(5.0)}
    program = simultaneous({name: parse_expression(text) for name, text in texts.items()})
    run_program(program, scope, np.float64)
    assert [float(scope[name]) for name in "abc"] == [3.0, 1.0, 7.0]


LINEAR = "exponential_euler' or 'euler"


@pytest.mark.parametrize(
    ("text", "error", "what", "hint"),
    [
        ("dv/dt = -v / ms", ExpressionError, "not an equation", "dv/dt = expression : unit"),
        ("v = 3 : 1", ExpressionError, "not an equation", "dv/dt = expression : unit"),
        ("dv/dt = -v / ms : 1, hold", ExpressionError, "not an equation", "', held' may follow"),
        ("# nothing", ExpressionError, "there is no equation", "at least one"),
        ("dv/dt = -v / : 1", ExpressionError, "syntax error", ""),
        ("dv/dt = v.real / ms : 1", ExpressionError, "attribute access", ""),
        ("dv/dt = open(v) / ms : 1", ExpressionError, "no function 'open'", ""),
        ("dv/dt = -v / tua : 1", ExpressionError, "no name 'tua'", "Did you mean 'tau'?"),
        ("dv/dt = -v : 1", ExpressionError, "in 1, but Hz is needed", "per time"),
        ("dv/dt = (mV - v) / tau : 1", ExpressionError, "mixes 1 and V", ""),
        ("dv/dt = v > 1 : 1", ExpressionError, "is a condition", ""),
        ("dv/dt = -v / tau : volt", UnitError, "'volt' is not a unit", "Use products"),
        (
            "dv/dt = -v/tau : 1; dv/dt = 1/tau : 1",
            ExpressionError,
            "second equation for 'v'",
            "Add",
        ),
        ("dv/dt = -v * v / tau : 1", ExpressionError, "not linear in 'v'", LINEAR),
        ("dv/dt = -v * i / tau : 1", ExpressionError, "not linear in 'v'", LINEAR),
        ("dv/dt = (i - v) * t / ms**2 : 1", ExpressionError, "depends on the time", LINEAR),
        ("dv/dt = normal() / tau : 1", ExpressionError, "'normal' has no derivative", "'euler'"),
        ("dv/dt = (v if v > 1 else 0) / tau : 1", ExpressionError, "conditions have no", "'euler'"),
    ],
)
def test_wrong_equations_are_refused(text: str, error: type, what: str, hint: str) -> None:
    with pytest.raises(error) as caught:
        cell_from_equations("wrong", text, parameters="tau : ms = 10", ports="i : 1")
    found = caught.value
    assert isinstance(found, NeuroError)
    assert what in found.what
    assert hint in found.hint


def test_an_unknown_method_offers_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"no method 'exat'\. Did you mean 'exact'\?"):
        cell_from_equations("c", "dv/dt = -v / ms : 1", method="exat")  # type: ignore[arg-type]


def test_exponential_euler_needs_equations_linear_in_their_own_variable() -> None:
    with pytest.raises(ExpressionError, match=r"not linear in 'v'.*'euler'"):
        cell_from_equations("c", "dv/dt = v * v / ms : 1", method="exponential_euler")
