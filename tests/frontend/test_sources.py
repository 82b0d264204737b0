"""Sources: listed spikes, constant and stepped currents, Poisson trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

import neuro
from neuro.errors import ParameterError, UnitError, VerificationError
from neuro.ir.network import CurrentInput, SpikeArray
from neuro.recording.data import Recording


def run(net: neuro.NetworkBuilder, steps: int) -> Recording:
    return neuro.simulate(net.build(), steps, backend="reference", progress=None)


def spikes(times: Any, *, size: int = 2, dt: float = 1.0) -> SpikeArray:
    net = neuro.NetworkBuilder(dt=dt)
    net.population(size, neuro.SpikeSourceArray(times), label="s")
    return net.build().inputs[0]  # type: ignore[return-value]


def current(source: Any, *, dt: float = 1.0) -> CurrentInput:
    net = neuro.NetworkBuilder(dt=dt)
    net.inject(source, net.population(2, neuro.IF_curr_exp(), label="a"))
    return net.build().inputs[0]  # type: ignore[return-value]


def test_listed_spikes_are_sorted_by_step_then_cell() -> None:
    found = spikes([[3.0, 0.5], [0.5]], dt=0.5)
    assert found.step.tolist() == [1, 1, 6]
    assert found.index.tolist() == [0, 1, 0]


def test_listed_spikes_come_out_at_their_steps() -> None:
    net = neuro.NetworkBuilder(dt=0.1)
    source = net.population(2, neuro.SpikeSourceArray([[0.3, 0.7], [0.3]]), label="s")
    source.record("spikes")
    found = run(net, 10).spikes["s"]
    assert found.step.tolist() == [3, 3, 7]
    assert found.index.tolist() == [0, 1, 0]


def test_a_source_without_times_is_silent() -> None:
    assert spikes(None).step.size == 0


@pytest.mark.parametrize(
    ("times", "error", "words"),
    [
        ([[1.0]], ParameterError, "has 1 trains for 2 cells"),
        ([[0.5], []], ParameterError, "0.5 ms is not a multiple of the step of 1 ms"),
        ([[np.nan], []], ParameterError, "Give finite times"),
        ([["soon"], []], UnitError, "'soon'"),
        ([[-1.0], []], VerificationError, "a spike in step -1"),
        ([[1.0, 1.0], []], VerificationError, "a cell spikes at most once a step"),
    ],
)
def test_wrong_spike_times_are_refused(times: Any, error: type, words: str) -> None:
    with pytest.raises(error) as caught:
        spikes(times)
    assert words in str(caught.value)


def test_a_direct_current_starts_and_stops() -> None:
    found = current(neuro.DCSource("500 pA", start=2.0, stop=7.0), dt=0.5)
    assert found.step.tolist() == [4, 14]
    np.testing.assert_allclose(found.value, [5e-10, 0])
    endless = current(neuro.DCSource(0.5))
    assert endless.step.tolist() == [0]


def test_a_direct_current_charges_a_membrane_while_it_lasts() -> None:
    net = neuro.NetworkBuilder()
    cells = net.population(1, neuro.IF_curr_exp(), label="a")
    net.inject(neuro.DCSource(0.5, start=1.0, stop=3.0), cells)
    cells.record("v")
    v = run(net, 6).traces["a"]["v"].values[:, 0]
    assert v[0] == v.min()
    assert (np.diff(v) > 0).tolist() == [True, True, False, False, False]


def test_currents_may_differ_by_cell() -> None:
    found = current(neuro.DCSource([0.1, 0.2], stop=5.0))
    np.testing.assert_allclose(found.value, [[1e-10, 2e-10], [0, 0]])
    stepped = current(neuro.StepCurrentSource([0.0, 4.0], [1.0, [2.0, 3.0]]))
    np.testing.assert_allclose(stepped.value, [[1e-9, 1e-9], [2e-9, 3e-9]])


def test_a_stepped_current_holds_between_its_times() -> None:
    net = neuro.NetworkBuilder(format=neuro.FLOAT64)
    integrator = neuro.cell_from_equations("sum", "dx/dt = i / ms : 1", ports="i : 1")
    cells = net.population(1, neuro.CustomCell(integrator), label="a")
    net.inject(neuro.StepCurrentSource([1.0, 3.0, 4.0], [1.0, -0.5, 0.0]), cells, port="i")
    cells.record("x")
    x = run(net, 6).traces["a"]["x"].values[:, 0]
    np.testing.assert_allclose(x, [0, 1, 2, 1.5, 1.5, 1.5])


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (neuro.DCSource(1.0, start=5.0, stop=5.0), ParameterError, "stops at 5.0 ms, but starts"),
        (neuro.DCSource(1.0, start=0.5), ParameterError, "not a multiple of the step"),
        (neuro.DCSource("1 mV"), UnitError, "is in V, but A is needed. Write '1 nA'"),
        (neuro.DCSource([1.0, 2.0, 3.0]), VerificationError, "has 3 values a row. Needed: 2"),
        (neuro.DCSource(np.inf), VerificationError, "holds inf at index 0"),
        (neuro.StepCurrentSource([0, 1], [1.0]), ParameterError, "2 times and 1 amplitudes"),
        (
            neuro.StepCurrentSource([0, 1], [[1.0, 2.0, 3.0], [1.0, 2.0]]),
            ParameterError,
            "shapes (3,), (2,)",
        ),
        (neuro.StepCurrentSource([3, 1], [1.0, 2.0]), VerificationError, "ascend"),
        (neuro.StepCurrentSource("now", [1.0]), UnitError, "'now' is not a quantity"),
    ],
)
def test_wrong_currents_are_refused(source: Any, error: type, words: str) -> None:
    with pytest.raises(error) as caught:
        current(source)
    assert words in str(caught.value)


def test_poisson_inputs_have_the_rate_and_the_weight() -> None:
    net = neuro.NetworkBuilder(dt=1.0, seed=4, format=neuro.FLOAT64)
    counter = neuro.cell_from_equations("sum", "dx/dt = i / ms : 1", ports="i : 1")
    cells = net.population(50, neuro.CustomCell(counter), label="a")
    rates = np.repeat([0.0, 200.0, 3000.0], [10, 20, 20])
    net.poisson_input(cells, rate=rates, weight=0.5)
    cells.record("x", sampling_interval=200.0)
    events = run(net, 201).traces["a"]["x"].values[-1] / 0.5
    assert (events[:10] == 0).all()
    np.testing.assert_array_equal(events, np.round(events))
    for part, mean in ((events[10:30], 200 * 0.201), (events[30:], 3000 * 0.201)):
        test = scipy.stats.poisson.sf([part.sum() - 1], 20 * mean)[0]
        assert 1e-4 < test < 1 - 1e-4


def test_a_poisson_population_spikes_at_its_rate() -> None:
    net = neuro.NetworkBuilder(dt=0.5, seed=2)
    noise = net.population(100, neuro.SpikeSourcePoisson(rate=100.0), label="n")
    noise.record("spikes")
    found = run(net, 400).spikes["n"]
    assert len(found.step) == pytest.approx(100 * 100 * 0.2, abs=5 * 2000**0.5)
    assert len(np.unique(found.index)) == 100


def test_one_train_can_serve_all_cells_of_a_spike_source() -> None:
    step, index = neuro.SpikeSourceArray([1.0, 3.0]).events(2, 0.001)
    assert list(zip(step.tolist(), index.tolist(), strict=True)) == [(1, 0), (1, 1), (3, 0), (3, 1)]
    step, _ = neuro.SpikeSourceArray([]).events(3, 0.001)
    assert step.tolist() == []
