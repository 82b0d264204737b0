"""The builder: units, delays on and off the grid, names, ports, probes, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnitError, UnknownNameError, VerificationError
from tests.frontend.wiring import connect, two, wires


def test_weights_and_parameters_take_the_unit_of_the_port() -> None:
    net = neuro.NetworkBuilder(seed=1)
    a = net.population(2, neuro.IF_curr_exp(tau_m="0.02 s", v_rest=-70), label="a")
    b = net.population(2, neuro.IF_cond_exp(), label="b")
    synapse = neuro.PairSTDP(weight=0.5, w_max="2 nA", A_plus=0.1)
    net.projection(a, a, neuro.AllToAllConnector(), synapse)
    net.projection(a, b, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=[0.1, 0.2]))
    net.projection(a, b, neuro.OneToOneConnector(), neuro.StaticSynapse(weight="30 nS"))
    network = net.build()
    assert network.population("a").parameters == {"tau_m": 0.02, "v_rest": -0.07}
    first, second, third = network.projections
    assert (first.weight, first.parameters["w_max"]) == (5e-10, 2e-9)
    assert first.parameters["A_plus"] == 1e-10
    np.testing.assert_allclose(second.weight, [1e-7, 2e-7], rtol=1e-15)
    assert third.weight == 3e-8


def test_initial_values_are_converted() -> None:
    net = neuro.NetworkBuilder()
    net.population(2, neuro.IF_curr_exp(), label="a", initial_values={"v": [-60, -55]})
    np.testing.assert_allclose(net.build().population("a").initial["v"], [-0.06, -0.055])


@pytest.mark.parametrize(
    ("dt", "delay", "steps"),
    [
        (1.0, None, 1),
        (1.0, 3, 3),
        (0.1, 0.1, 1),
        (0.1, 0.7, 7),
        ("0.1 ms", "2 ms", 20),
        (1 / 3, 1, 3),
        (0.025, 1.225, 49),
    ],
)
def test_delays_on_the_grid_are_whole_steps(dt: float | str, delay: Any, steps: int) -> None:
    net, pre, post = two(2, 2, dt=dt)
    net.projection(pre, post, neuro.AllToAllConnector(), neuro.StaticSynapse(delay=delay))
    assert net.build().projections[0].delay == steps


@pytest.mark.parametrize("delay", [0.25, [1.0, 1.05], "150 us", 1e6 + 0.04])
def test_delays_off_the_grid_are_refused(delay: Any) -> None:
    net, pre, post = two(1, 2, dt=0.1)
    with pytest.raises(ParameterError) as caught:
        net.projection(pre, post, neuro.AllToAllConnector(), neuro.StaticSynapse(delay=delay))
    assert "'pre_to_post', delay" in caught.value.where
    assert "is not a multiple of the step of 0.1 ms" in caught.value.what
    assert "finer dt" in caught.value.hint


def test_drawn_delays_are_rounded_to_steps_and_stay_within_bounds() -> None:
    delay = neuro.Uniform("0.5 ms", 2.0)
    found = connect(neuro.AllToAllConnector(), 60, 60, delay=delay)
    assert set(found.delay.tolist()) == {1, 2}
    assert np.mean(found.delay == 1) == pytest.approx(2 / 3, abs=0.03)


def test_drawn_weights_have_the_distribution() -> None:
    weight = neuro.Normal(2.0, 0.5, low=1.0, high=4.0)
    found = connect(neuro.AllToAllConnector(), 100, 100, weight=weight).weight
    assert found.min() == 1.0
    assert np.mean(found == 1.0) == pytest.approx(0.0228, abs=0.006)
    assert np.median(found) == pytest.approx(2.0, abs=0.02)
    assert found.std() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize(("fraction", "axonal"), [(1.0, 0), (0.5, 2), (0.25, 3), (0.0, 3)])
def test_a_delay_is_split_and_leaves_one_dendritic_step(fraction: float, axonal: int) -> None:
    net, pre, post = two(2, 2)
    for delay in (4.0, [4.0, 4.0, 4.0, 4.0]):
        synapse = neuro.StaticSynapse(delay=delay, dendritic_delay_fraction=fraction)
        net.projection(pre, post, neuro.AllToAllConnector(), synapse)
    one, many = net.build().projections
    assert (one.delay, one.axonal) == (4, axonal)
    assert np.broadcast_to(many.axonal, 4).tolist() == [axonal] * 4  # type: ignore[arg-type]


def test_a_drawn_delay_cannot_be_split() -> None:
    net, pre, post = two(2, 2)
    synapse = neuro.StaticSynapse(delay=neuro.Uniform(1, 5), dendritic_delay_fraction=0.5)
    with pytest.raises(ParameterError, match="Give an array of delays"):
        net.projection(pre, post, neuro.AllToAllConnector(), synapse)


def test_ports_are_the_first_unless_named() -> None:
    net = neuro.NetworkBuilder()
    a = net.population(1, neuro.IF_curr_exp(), label="a")
    net.projection(a, a, neuro.AllToAllConnector())
    net.projection(a, a, neuro.AllToAllConnector(), receptor_type="inhibitory")
    assert [p.port for p in net.build().projections] == ["excitatory", "inhibitory"]


def test_names_are_made_up_where_none_is_given() -> None:
    net = neuro.NetworkBuilder()
    a, b = net.population(1, neuro.LIF()), net.population(1, neuro.LIF())
    for _ in range(3):
        net.projection(a, b, neuro.AllToAllConnector())
    net.poisson_input(a, rate=1, weight=1)
    names = [item.name for item in (*net.build().populations, *net.build().projections)]
    assert names[:2] == ["population0", "population1"]
    first = "population0_to_population1"
    assert names[2:] == [first, f"{first}_2", f"{first}_3"]


def test_a_label_that_is_taken_is_refused() -> None:
    net, pre, post = two(1, 1)
    net.projection(pre, post, neuro.AllToAllConnector(), label="pre")
    with pytest.raises(VerificationError, match="name 'pre': is used 2 times"):
        net.build()


def test_a_source_takes_no_input() -> None:
    net = neuro.NetworkBuilder()
    source = net.population(1, neuro.SpikeSourceArray(), label="s")
    with pytest.raises(ParameterError, match="'s': is a source; nothing can arrive there"):
        net.projection(source, source, neuro.AllToAllConnector())


def test_probes_are_declared_once_per_variable() -> None:
    net = neuro.NetworkBuilder(dt=0.5)
    a = net.population(4, neuro.IF_curr_exp(), label="a")
    a.record(["spikes", "v"], sampling_interval=2.0, index=[1, 3])
    synapse = neuro.PairSTDP(weight=1.0)
    net.projection(a, a, neuro.AllToAllConnector(), synapse, label="j").record("w")
    spikes, v, w = net.build().probes
    assert (spikes.every, spikes.index) == (1, None)
    assert (v.target, v.variable, v.every) == ("a", "v", 4)
    assert v.index.tolist() == [1, 3]  # type: ignore[union-attr]
    assert (w.target, w.variable, w.every, w.index) == ("j", "w", 1, None)


def test_a_graded_projection_takes_weights_and_delays_from_its_connector() -> None:
    net = neuro.NetworkBuilder()
    a = net.population(3, neuro.LIF(), label="a")
    rows = neuro.FromListConnector([(2, 1, 0.5, 3.0), (0, 1, 0.25, 1.0)])
    net.graded_projection(a, "v", a, rows)
    net.graded_projection(a, "v", a, neuro.FromListConnector([(2, 1), (0, 1)]), weight=[2, 1])
    listed, given = net.build().graded
    assert listed.weight.tolist() == [0.25, 0.5]  # type: ignore[union-attr]
    assert listed.delay.tolist() == [1, 3]  # type: ignore[union-attr]
    assert given.weight.tolist() == [1, 2]  # type: ignore[union-attr]
    assert given.delay == 1


def test_the_networks_seed_decides_unless_the_run_gives_one() -> None:
    net, pre, post = two(20, 20, seed=None)
    net.projection(pre, post, neuro.FixedProbabilityConnector(0.5))
    network = net.build()
    assert wires(network, seed=1).pairs == wires(network, seed=1).pairs
    assert wires(network, seed=1).pairs != wires(network, seed=2).pairs


@pytest.mark.parametrize("size", [0, -1, 2.5, "3", None])
def test_sizes_are_whole_and_positive(size: Any) -> None:
    net = neuro.NetworkBuilder()
    for cell in (neuro.LIF(), neuro.SpikeSourceArray()):
        with pytest.raises(ParameterError) as caught:
            net.population(size, cell, label="a")
        assert str(caught.value) == (
            f"population 'a', size: is {size!r}. Give a whole number of 1 or more."
        )


def test_numpy_integers_are_sizes() -> None:
    net = neuro.NetworkBuilder()
    assert net.population(np.int32(3), neuro.LIF()).size == 3  # type: ignore[arg-type]


def test_unknown_names_offer_the_nearest() -> None:
    net, pre, post = two(1, 1)
    with pytest.raises(UnknownNameError, match=r"no state variable 'V'\. Did you mean 'v'\?"):
        net.population(1, neuro.IF_curr_exp(), initial_values={"V": 0})
    handle = net.projection(pre, post, neuro.AllToAllConnector(), neuro.PairSTDP(gated=True))
    with pytest.raises(UnknownNameError, match=r"no factor 'gat'\. Did you mean 'gate'\?"):
        net.inject(neuro.DCSource(1.0), handle, port="gat")


def test_the_step_has_a_unit_of_time() -> None:
    assert neuro.NetworkBuilder(dt="100 us").dt == 1e-4
    with pytest.raises(UnitError, match=r"NetworkBuilder, dt: '1 mV' is in V, but s is needed"):
        neuro.NetworkBuilder(dt="1 mV")


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (neuro.PairSTDP, {"A_plus": 0.01, "A_minus": 0.012, "w_max": 1.0}),
        (neuro.ThreeFactorSTDP, {"w_max": 1.0}),
        (neuro.Hebbian, {"w_max": 1.0}),
    ],
)
def test_amplitudes_left_at_their_default_are_in_the_unit_of_the_port(
    rule: Any, names: dict[str, float]
) -> None:
    """An amplitude of 0.01 at weights of nA is 0.01 nA, as one of 0.01 that is given."""
    for cell, unit in (
        (neuro.IF_curr_exp(), 1e-9),
        (neuro.IF_cond_exp(), 1e-6),
        (neuro.LIF(), 1.0),
    ):
        net = neuro.NetworkBuilder(dt=1.0)
        cells = net.population(2, cell, label="cells")
        net.projection(cells, cells, neuro.OneToOneConnector(), rule(weight=0.5))
        (made,) = net.build().projections
        found = {p.name: made.parameters.get(p.name, p.default) for p in made.synapse.parameters}
        assert {n: found[n] for n in names} == pytest.approx(
            {n: value * unit for n, value in names.items()}
        )
