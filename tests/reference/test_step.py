"""The order of one step on tiny networks worked out by hand, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.ir.declare import cell_type, synapse_type, trace

ENGINES = ["reference", "c", "numba"]

COUNTER = cell_type(
    "counter",
    parameters="rest : ms = 2\n limit : 1 = 3",
    state="v : 1, held\n other : 1",
    update="v = v + 1; other = other + 1",
    spike="v >= limit",
    reset="v = 0; other = other + 100",
    refractory="rest",
)
"""Counts to a limit; only `v` is held."""
FOLLOWER = cell_type(
    "follower",
    parameters="rest : ms = 2",
    state="v : 1, held\n copy : 1",
    update="v = v + 1; copy = v",
    spike="v >= 3",
    reset="v = 0",
    refractory="rest",
)
"""As `COUNTER`, with a variable that is not held and takes the new value of the held one."""
EYE = synapse_type(
    "eye",
    state="own : 1\n other : 1\n back_own : 1\n back_other : 1\n sum_x : 1\n sum_y : 1\n felt : 1",
    pre=trace("x : 1", on_spike="x = x + 1", each_step="x = 0.5 * x"),
    post=trace("y : 1", on_spike="y = y + 1", each_step="y = 0.5 * y"),
    factors="signal : 1",
    on_post="back_own = y; back_other = x",
    on_pre="own = x; other = y; felt = signal; w = w + 1",
    send="w + 100 * x",
    each_step="sum_x = x; sum_y = y",
)
"""Notes what each of its programs sees of the traces."""


@pytest.fixture(params=ENGINES)
def simulate(request: pytest.FixtureRequest) -> Callable[..., neuro.Recording]:
    def run(net: neuro.NetworkBuilder, steps: int) -> neuro.Recording:
        return neuro.simulate(net.build(), steps, backend=request.param)

    return run


Simulate = Callable[..., neuro.Recording]


def values(recording: neuro.Recording, target: str, variable: str) -> list[Any]:
    """Values of a variable of the first cell or synapse after every step."""
    found: list[Any] = recording.traces[target][variable].values[:, 0].tolist()
    return found


def test_the_path_takes_the_whole_delay_however_it_is_split(simulate: Simulate) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    source = net.population(1, neuro.SpikeSourceArray([[5]]), label="source")
    delays = np.arange(1.0, 11.0)
    cases = [
        (kind, fraction)
        for kind in (neuro.StaticSynapse, neuro.PairSTDP)
        for fraction in (1.0, 0.7, 0.5, 0.0)
    ]
    for place, (kind, fraction) in enumerate(cases):
        cells = net.population(10, neuro.LIF(tau_m=1e-3), label=f"cells{place}")
        synapse = kind(weight=0.5, delay=delays, dendritic_delay_fraction=fraction)
        net.projection(source, cells, neuro.AllToAllConnector(), synapse)
        cells.record("v")
    recording = simulate(net, 20)
    expected = np.zeros((20, 10), np.float32)
    expected[5 + delays.astype(int), np.arange(10)] = 0.5
    for place in range(len(cases)):
        np.testing.assert_array_equal(recording.traces[f"cells{place}"]["v"].values, expected)


def test_a_spike_stamped_t_arrives_with_delay_one_at_t_plus_one(simulate: Simulate) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    source = net.population(1, neuro.SpikeSourceArray([[0, 4]]), label="source")
    chain = [net.population(1, neuro.LIF(), label=f"cell{k}") for k in range(3)]
    for pre, post in zip([source, *chain], chain, strict=False):
        net.projection(pre, post, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=2.0))
    recording = simulate(net, 10)
    assert [recording.spikes[f"cell{k}"].step.tolist() for k in range(3)] == [
        [1, 5],
        [2, 6],
        [3, 7],
    ]


def test_a_current_given_from_a_step_on_acts_in_that_step(simulate: Simulate) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    cell = net.population(1, neuro.LIF(tau_m=1e-3, v_thresh=9.0), label="cell")
    net.inject(neuro.StepCurrentSource([2.0, 4.0], [0.5, 0.25]), cell, port="input")
    cell.record("v")
    assert values(simulate(net, 6), "cell", "v") == [0, 0, 0.5, 0.5, 0.25, 0.25]


def test_reset_comes_before_recording_and_held_variables_rest_for_the_period(
    simulate: Simulate,
) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    counter = net.population(1, neuro.CustomCell(COUNTER), label="counter")
    follower = net.population(1, neuro.CustomCell(FOLLOWER), label="follower")
    counter.record(["spikes", "v", "other"])
    follower.record(["spikes", "v", "copy"])
    recording = simulate(net, 12)
    for name in ("counter", "follower"):
        assert recording.spikes[name].step.tolist() == [2, 7]
        assert values(recording, name, "v") == [1, 2, 0, 0, 0, 1, 2, 0, 0, 0, 1, 2]
    others = values(recording, "counter", "other")
    assert others == [1, 2, 103, 104, 105, 106, 107, 208, 209, 210, 211, 212]
    assert values(recording, "follower", "copy") == [1, 2, 3, 0, 0, 1, 2, 3, 0, 0, 1, 2]


def test_a_cell_that_is_always_above_threshold_fires_after_each_period(simulate: Simulate) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    for name, rest in [("none", 0.0), ("three", 3.0), ("each", np.array([0.0, 1.0, 2.0, 5.0]))]:
        net.population(4, neuro.CustomCell(COUNTER, limit=-1.0, rest=rest), label=name)
    recording = simulate(net, 13)
    for name, periods in [("none", [0] * 4), ("three", [3] * 4), ("each", [0, 1, 2, 5])]:
        spikes = recording.spikes[name]
        for cell, period in enumerate(periods):
            steps = spikes.step[spikes.index == cell].tolist()
            assert steps == list(range(0, 13, period + 1)), name


def seeing(steps: int, simulate: Simulate) -> neuro.Recording:
    """An `EYE` between cells that spike in steps 5, 6 and 9 (pre), and 4 and 7 (post)."""
    net = neuro.NetworkBuilder(dt=1.0)
    source = net.population(1, neuro.SpikeSourceArray([[5, 6, 9]]), label="source")
    teacher = net.population(1, neuro.SpikeSourceArray([[3, 6]]), label="teacher")
    cell = net.population(1, neuro.LIF(tau_m=1e-3, v_thresh=1e4), label="cell")
    pairs = neuro.OneToOneConnector()
    net.projection(teacher, cell, pairs, neuro.StaticSynapse(weight=1e5))
    eye = net.projection(source, cell, pairs, neuro.CustomSynapse(EYE, weight=3.0), label="eye")
    net.inject(neuro.StepCurrentSource([6.0, 7.0], [7.0, 8.0]), eye, port="signal")
    cell.record(["spikes", "v"])
    eye.record(["w", *(variable.name for variable in EYE.state)])
    return simulate(net, steps)


def test_traces_are_seen_before_they_are_raised_and_post_spikes_before_pre_spikes(
    simulate: Simulate,
) -> None:
    recording = seeing(11, simulate)
    assert recording.spikes["cell"].step.tolist() == [4, 7]
    # After each step; post spikes are seen in steps 5 and 8, pre spikes in 5, 6 and 9.
    seen = {name: values(recording, "eye", name) for name in recording.traces["eye"]}
    assert seen["own"] == [0] * 6 + [0.5] * 3 + [0.1875] * 2
    assert seen["other"] == [0] * 5 + [1, 0.5, 0.5, 0.5, 0.5625, 0.5625]
    assert seen["back_own"] == [0] * 8 + [0.125] * 3
    assert seen["back_other"] == [0] * 8 + [0.375] * 3


def test_each_step_runs_after_the_spikes_and_before_the_decay_of_traces(simulate: Simulate) -> None:
    recording = seeing(11, simulate)
    x = [0] * 5 + [1, 1.5, 0.75, 0.375, 1.1875, 0.59375]
    y = [0] * 5 + [1, 0.5, 0.25, 1.125, 0.5625, 0.28125]
    assert values(recording, "eye", "sum_x") == x
    assert values(recording, "eye", "sum_y") == y


def test_the_event_carries_what_is_sent_after_on_pre_and_before_the_trace_is_raised(
    simulate: Simulate,
) -> None:
    recording = seeing(11, simulate)
    assert values(recording, "eye", "w") == [3] * 5 + [4, 5, 5, 5, 6, 6]
    arrived = values(recording, "cell", "v")
    assert arrived == [0] * 6 + [4 + 100 * 0, 0, 0, 0, 6 + 100 * 0.1875]
    # The event sent in step 6, of 5 + 100 * 0.5, arrives with the spike of step 7 and its reset.


def test_a_factor_starts_from_zero_and_is_seen_in_its_step(simulate: Simulate) -> None:
    assert values(seeing(11, simulate), "eye", "felt") == [0] * 6 + [7] * 3 + [8] * 2


def test_graded_values_are_those_after_reset_and_arrive_after_their_delay(
    simulate: Simulate,
) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    source = net.population(2, neuro.CustomCell(COUNTER), label="source")
    for delay in (1.0, 3.0):
        cell = net.population(1, neuro.LIF(tau_m=1e-3, v_thresh=1e4), label=f"after{delay:g}")
        net.graded_projection(
            source, "v", cell, neuro.AllToAllConnector(), weight=np.array([1.0, 10.0]), delay=delay
        )
        cell.record("v")
    recording = simulate(net, 9)
    assert values(recording, "after1", "v") == [0, 11, 22, 0, 0, 0, 11, 22, 0]
    assert values(recording, "after3", "v") == [0, 0, 0, 11, 22, 0, 0, 0, 11]


def test_a_port_bound_to_a_variable_adds_to_what_is_left_in_it(simulate: Simulate) -> None:
    leak = cell_type(
        "leak", state="s : 1 = 8\n seen : 1", ports="input : 1 -> s", update="seen = s; s = 0.5 * s"
    )
    net = neuro.NetworkBuilder(dt=1.0)
    source = net.population(1, neuro.SpikeSourceArray([[1, 2]]), label="source")
    cell = net.population(1, neuro.CustomCell(leak), label="cell")
    net.projection(source, cell, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=3.0))
    late = neuro.StaticSynapse(weight=16.0, delay=2.0)
    net.projection(source, cell, neuro.OneToOneConnector(), late)
    cell.record(["seen", "s"])
    recording = simulate(net, 6)
    assert values(recording, "cell", "seen") == [8, 4, 2 + 3, 2.5 + 3 + 16, 10.75 + 16, 13.375]
    assert values(recording, "cell", "s") == [4, 2, 2.5, 10.75, 13.375, 6.6875]
