"""Quantising to Loihi's format: what matches, what is chosen, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.connectivity import OneToOne
from neuro.ir.loihi import as_mantissas, quantise_weights
from neuro.ir.network import GradedProjection, Network
from neuro.passes.loihi import to_loihi
from tests.networks import LIBRARY_CELLS, add_standard_projections, plastic

MATCHED = ("IF_curr_exp spinnaker", "IF_curr_delta", "LIF value")


def network(name: str, **changes: Any) -> Network:
    make, weight = LIBRARY_CELLS[name]
    net = neuro.NetworkBuilder(dt=1.0, name="cells", seed=3, **changes)
    noise = net.population(20, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    cells = net.population(20, make(), label="cells")
    add_standard_projections(net, noise, cells, weight)
    cells.record(["spikes", "v"])
    return net.build()


@pytest.mark.parametrize("name", MATCHED)
def test_cells_keep_nearly_all_their_spikes_and_engines_agree(name: str) -> None:
    made = to_loihi(network(name), steps=80, seed=3, backend="reference")
    changes = {change.source: change for change in made.report.spikes}
    assert changes["noise"].changed == 0
    assert changes["cells"].before > 30
    assert changes["cells"].changed <= 0.1 * changes["cells"].before
    assert made.network.population("cells").cell == neuro.LoihiLIF.cell_type
    assert made.network.format == neuro.fixed_point(31, 0)
    assert [probe.variable for probe in made.network.probes] == ["spikes", "v"]
    result = neuro.verify(made.network, steps=60, seed=3, progress=None)
    assert result.identical, result.divergences


@pytest.mark.parametrize("name", sorted(set(LIBRARY_CELLS) - set(MATCHED)))
def test_cells_without_a_form_are_named_with_the_reason(name: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        to_loihi(network(name), steps=10, seed=3)
    (finding,) = [f for f in caught.value.findings if f.where.startswith("population 'cells',")]
    assert finding.hint.startswith("Use IF_curr_exp")
    assert len(finding.what) > 70


def by_hand(weight: float = 0.5, **cell: Any) -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="one", format=neuro.FLOAT64)
    source = net.population(1, neuro.SpikeSourceArray(), label="source")
    cells = net.population(1, neuro.LIF(**cell), label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=weight))
    return net.build()


def parameters(made: Network) -> dict[str, Any]:
    return dict(made.population("cells").parameters)


def test_decays_thresholds_and_bias_are_the_nearest() -> None:
    made = to_loihi(by_hand(tau_m=20.0, bias=0.1, tau_refrac=2.0), steps=5)
    found, (facts,) = parameters(made.network), made.report.cells
    assert found["du"] == 4095
    assert found["dv"] == round(4096 * (1 - np.exp(-1 / 20)))
    assert (found["vth"] + 1) * 64 == pytest.approx(facts.gain)
    bias = found["bias_mant"] * 2.0 ** found["bias_exp"]
    assert bias == pytest.approx(0.1 * facts.gain, abs=2.0 ** (found["bias_exp"] - 1))
    assert found["tau_refrac"] == pytest.approx(0.002)
    (weight,) = made.report.synapses
    assert 0.5 * facts.gain / 64 == pytest.approx(weight.largest * 2**weight.exponent, rel=0.004)


def test_a_threshold_that_is_reached_exactly_fires() -> None:
    spikes = {"source": ([0, 1], [0, 0])}  # two halves without a leak are just the threshold
    made = to_loihi(by_hand(tau_m=1e30), steps=5, inputs=spikes)
    assert made.report.changed == 0
    recording = neuro.simulate(made.network, 5, inputs=spikes)
    assert recording.spikes["cells"].step.tolist() == [2]


def test_refractory_periods_can_be_dropped_and_the_change_is_told() -> None:
    spikes = {"source": (np.arange(20), np.zeros(20, int))}
    source = by_hand(0.6, tau_m=1e30, tau_refrac=3.0)
    kept = to_loihi(source, steps=20, inputs=spikes)
    dropped = to_loihi(source, steps=20, inputs=spikes, refractory="drop")
    assert kept.report.changed == 0
    assert dropped.report.changed > 0
    assert "tau_refrac" not in parameters(dropped.network)


def test_currents_and_poisson_input_come_in_units_of_the_format() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="inputs", seed=1)
    cells = net.population(5, neuro.IF_curr_delta(), label="cells")
    net.inject(neuro.StepCurrentSource([0.0, 50.0], [2.9, 0.3]), cells, label="current")
    source = net.build()
    given = {"current": 2.8e-9 * (np.arange(100) < 60)}
    made = to_loihi(source, steps=100, inputs=given)
    (change,) = made.report.spikes
    assert change.before > 10
    assert change.changed <= 2 * 5
    (current,) = made.network.inputs
    assert current.port == "input"  # type: ignore[union-attr]


def test_inhibition_through_a_port_of_magnitudes_becomes_negative() -> None:
    made = to_loihi(network("IF_curr_delta"), steps=40, seed=3)
    signs = [float(np.max(p.weight)) for p in made.network.projections]  # type: ignore[arg-type]
    assert [sign > 0 for sign in signs] == [True, True, False]
    assert {p.port for p in made.network.projections} == {"input"}


@pytest.mark.parametrize("port", ["excitatory", "inhibitory"])
def test_learning_keeps_whole_weights_within_eight_bits(port: str) -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="plastic", seed=2)
    noise = net.population(20, neuro.SpikeSourcePoisson(rate=120.0), label="noise")
    cells = net.population(20, neuro.IF_curr_delta(i_offset=0.7), label="cells")
    drive = neuro.StaticSynapse(weight=18.0)
    net.projection(noise, cells, neuro.OneToOneConnector(), drive)
    synapse = plastic("stdp all_to_all additive", 0.5)
    net.projection(
        noise, cells, neuro.AllToAllConnector(), synapse, receptor_type=port, label="plastic"
    )
    made = to_loihi(net.build(), steps=100, seed=2)
    facts = next(s for s in made.report.synapses if s.projection == "plastic")
    assert 100 < facts.largest <= 255
    assert facts.silent == ()
    rule = made.network.projection("plastic").parameters
    grid = 2.0**facts.exponent
    assert all(rule[name] % grid == 0 for name in ("A_plus", "A_minus", "w_max"))  # type: ignore[operator]
    with neuro.Session(made.network, backend="c", seed=2) as session:
        start = session.read("plastic")
        session.run(100)
        end = session.read("plastic")
    assert (end % grid == 0).all()
    assert np.mean(end != start) > 0.5
    assert 0 <= end.min() <= end.max() <= 255 * grid
    assert neuro.verify(made.network, steps=60, seed=2, progress=None).identical


def test_amplitudes_that_are_too_small_are_told() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="plastic", seed=2)
    noise = net.population(5, neuro.SpikeSourcePoisson(rate=120.0), label="noise")
    cells = net.population(5, neuro.IF_curr_delta(), label="cells")
    rule = neuro.PairSTDP(weight=2.0, w_max=4.0, A_plus=0.004, A_minus=1.0)
    net.projection(noise, cells, neuro.AllToAllConnector(), rule, label="plastic")
    made = to_loihi(net.build(), steps=20)
    assert made.report.synapses[0].silent == ("A_plus",)


def test_graded_projections_and_thresholds_below_the_reset_are_refused() -> None:
    source = by_hand(v_thresh=-1.0)
    graded = GradedProjection(
        name="coupling",
        pre="cells",
        variable="v",
        post="cells",
        port="input",
        connectivity=OneToOne(),
        weight=0.1,
    )
    with pytest.raises(UnsupportedError) as caught:
        to_loihi(replace(source, graded=(graded,)), steps=5)
    rules = [finding.rule for finding in caught.value.findings]
    assert rules == ["loihi-graded", "loihi-threshold"]


def test_wrong_use_is_told() -> None:
    with pytest.raises(ParameterError, match="refractory: is 'sometimes'"):
        to_loihi(by_hand(), steps=5, refractory="sometimes")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="headroom_bits: is 9"):
        to_loihi(by_hand(), steps=5, headroom_bits=9)
    made = to_loihi(by_hand(), steps=5).network
    with pytest.raises(ParameterError, match="is in fixed point already"):
        to_loihi(made, steps=5)


@pytest.mark.parametrize(
    ("weights", "mantissas", "exponent", "mode"),
    [
        ([0.0, 3.4, 255.0], [0, 3, 255], 0, "excitatory"),
        ([0.0, 300.0], [0, 150], 1, "excitatory"),
        ([-255.4, -1.5], [-128, -1], 1, "inhibitory"),
        ([-3.0, 1.0, 254.0], [-4, 2, 254], 0, "mixed"),
        ([-256.0, 5.0], [-128, 2], 1, "mixed"),
        (1e9, 255, 7, "excitatory"),
    ],
)
def test_weights_take_the_finest_grid_that_fits(
    weights: Any, mantissas: Any, exponent: int, mode: str
) -> None:
    found = quantise_weights(weights)
    assert found.mantissa.tolist() == mantissas
    assert (found.exponent, found.sign_mode) == (exponent, mode)
    assert found.clipped == (weights == 1e9)
    again = as_mantissas(found.values)
    assert again is not None
    assert np.array_equal(again.values, found.values)


def test_weights_off_the_grid_are_no_mantissas() -> None:
    assert as_mantissas([1.5]) is None
    assert as_mantissas([-3.0, 4.0]) is None
    assert as_mantissas([257.0]) is None
