"""Every library cell and synapse on NEST: equal, refused, or off by a measured distance."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.pynn.rules import INEXACT, missing
from neuro.backends.pynn.simulators import NEST
from neuro.errors import UnavailableError, UnsupportedError
from neuro.models.spec import load_model
from neuro.recording.data import SpikeData
from neuro.simulation.distance import spike_distance
from tests.networks import LIBRARY_CELLS, SYNAPSES, Case, cell_case, synapse_case
from tests.pynn.test_matching import own

pytestmark = pytest.mark.skipif(bool(missing(NEST)), reason=missing(NEST))

EXACT = ("IF_curr_exp", "IF_curr_delta", "IF_curr_alpha")


def delta_network(synapse: neuro.Synapse, format: Any = neuro.FLOAT64) -> neuro.Network:
    """Listed spikes onto delta cells, recurrent with delays, with a current that changes."""
    net = neuro.NetworkBuilder(dt=1.0, name="delta", seed=3, format=format)
    source = net.population(20, neuro.SpikeSourcePoisson(rate=120.0), label="source")
    cells = net.population(20, neuro.IF_curr_delta(tau_refrac=2.0, i_offset=0.4), label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=9.0))
    net.projection(cells, cells, neuro.FixedProbabilityConnector(0.3), synapse, label="recurrent")
    net.projection(
        cells,
        cells,
        neuro.FixedProbabilityConnector(0.1),
        neuro.StaticSynapse(weight=3.0, delay=2.0),
        receptor_type="inhibitory",
        label="back",
    )
    net.inject(neuro.StepCurrentSource([10.0, 40.0], [0.3, -0.2]), cells, label="steps")
    cells.record(["spikes", "v"])
    return net.build()


def runs(network: neuro.Network, steps: int, **given: Any) -> list[neuro.Recording]:
    return [
        neuro.simulate(network, steps, backend=name, options=options, progress=None, **given)
        for name, options in (("reference", {}), ("pynn:nest", {"approximate": True}))
    ]


def equal(expected: neuro.Recording, found: neuro.Recording) -> bool:
    return all(
        np.array_equal(data.step, found.spikes[name].step)
        and np.array_equal(data.index, found.spikes[name].index)
        for name, data in expected.spikes.items()
    )


def test_delta_cells_are_equal_to_the_last_bits_of_the_membrane() -> None:
    network = delta_network(neuro.StaticSynapse(weight=2.0, delay=neuro.Uniform(1.0, 9.0)))
    assert not [f for f in neuro.check(network, "pynn:nest") if f.severity == "error"]
    expected, found = runs(network, 60)
    assert len(expected.spikes["cells"]) > 30
    assert equal(expected, found)
    v = [recording.traces["cells"]["v"].values for recording in (expected, found)]
    np.testing.assert_allclose(v[1], v[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["IF_curr_exp", "IF_curr_alpha"])
def test_currents_are_equal_with_delays_of_two_steps(name: str) -> None:
    make, weight = LIBRARY_CELLS[name]
    net = neuro.NetworkBuilder(dt=0.5, seed=1, format=neuro.FLOAT64)
    noise = net.population(10, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    cells = net.population(10, make(), label="cells", initial_values={"v": neuro.Normal(-60, 3)})
    net.projection(
        noise, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=weight, delay=1.0)
    )
    net.projection(
        cells,
        cells,
        neuro.FixedProbabilityConnector(0.5),
        neuro.StaticSynapse(weight=0.2 * weight, delay=neuro.Uniform(1.0, 5.0)),
        receptor_type="inhibitory",
    )
    cells.record(["spikes", "v"])
    network = net.build()
    assert not [f for f in neuro.check(network, "pynn:nest") if f.severity == "error"]
    expected, found = runs(network, 150)
    assert len(expected.spikes["cells"]) > 10
    assert equal(expected, found)
    v = [recording.traces["cells"]["v"].values for recording in (expected, found)]
    np.testing.assert_allclose(v[1], v[0], rtol=0, atol=1e-11)


CASES = {
    **{f"cell {name}": cell_case(name, neuro.FLOAT64) for name in LIBRARY_CELLS},
    **{f"synapse {name}": synapse_case(name, neuro.FLOAT64) for name in SYNAPSES},
    **{
        f"delta, {name}": Case(
            delta_network(neuro.PairSTDP(weight=2.0, w_max=4.0, A_plus=0.3, A_minus=0.4, **kind)),
            {},
            steps=60,
            seed=3,
        )
        for name, kind in {
            "additive": {},
            "nearest": {"pairing": "nearest"},
        }.items()
    },
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_different_in_silence(name: str) -> None:
    """Equal without findings, or refused; what only changes spikes runs when asked to."""
    case = CASES[name]
    errors = [f for f in neuro.check(case.network, "pynn:nest") if f.severity == "error"]
    if not errors:
        assert equal(*runs(case.network, case.steps, seed=case.seed))
        return
    with pytest.raises(UnsupportedError):
        neuro.simulate(case.network, case.steps, backend="pynn:nest", seed=case.seed)
    if all(f.rule in INEXACT for f in errors) and name in ("cell IF_cond_exp", "delta, additive"):
        found = neuro.verify(
            case.network,
            steps=case.steps,
            seed=case.seed,
            backends=["reference", "pynn:nest"],
            progress=None,
        )
        assert found.divergences["pynn:nest"] is not None
        assert all(d.victor_purpura < 5 for d in found.distances["pynn:nest"])


def test_a_cell_in_other_words_runs_on_the_standard_cell() -> None:
    net = neuro.NetworkBuilder(dt=1.0, seed=2, format=neuro.FLOAT64)
    noise = net.population(8, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    mine = neuro.CustomCell(own(), shift=0.2, tau=neuro.Uniform(8.0, 15.0))
    cells = net.population(8, mine, label="cells", initial_values={"u": -55.0})
    weight = neuro.StaticSynapse(weight=6.0, delay=1.0)
    net.projection(noise, cells, neuro.OneToOneConnector(), weight, receptor_type="plus")
    back = neuro.StaticSynapse(weight=2.0, delay=4.0)
    net.projection(cells, cells, neuro.AllToAllConnector(), back, receptor_type="minus")
    cells.record(["spikes", "u"])
    expected, found = runs(net.build(), 60)
    assert len(expected.spikes["cells"]) > 10
    assert equal(expected, found)
    u = [recording.traces["cells"]["u"].values for recording in (expected, found)]
    np.testing.assert_allclose(u[1], u[0], rtol=0, atol=1e-12)


def test_without_elephant_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = SpikeData(np.empty(0, np.int64), np.empty(0, np.int64), 1)
    monkeypatch.setitem(sys.modules, "elephant.spike_train_dissimilarity", None)
    with pytest.raises(UnavailableError, match="pip install elephant"):
        spike_distance("cells", empty, empty, 0.001)


def test_currents_of_izhikevich_cells_are_scaled_to_the_capacitance_that_pynn_has() -> None:
    """Wrong by a factor of a thousand, NEST's cell would fire in every step."""
    net = neuro.NetworkBuilder(dt=0.1, format=neuro.FLOAT64)
    cells = net.population(3, neuro.Izhikevich(i_offset=2.0, cm=0.5), label="cells")
    net.inject(neuro.StepCurrentSource([100.0], [1.5]), cells, label="more")
    expected, found = runs(net.build(), 4000)
    counts = [len(r.spikes["cells"]) for r in (expected, found)]
    assert counts[0] >= 15
    assert counts[1] == pytest.approx(counts[0], rel=0.15)


def test_ca3_is_refused_with_reasons_and_measured() -> None:
    experiment = load_model("ca3-memory").experiment(None, {"form": "delta"})
    findings = neuro.check(experiment.network, "pynn:nest")
    errors = [f for f in findings if f.severity == "error"]
    assert {f.rule for f in errors} == {"stdp-tie"}
    assert {f.where for f in errors} == {
        "projection 'S1Cue_to_S1Cont'",
        "projection 'S2Cont_to_S2Cue'",
    }
    assert [f.rule for f in findings if f.severity == "note"][-1] == "approximate"
    result = neuro.verify(
        experiment.network,
        steps=experiment.steps,
        inputs=experiment.inputs,
        backends=["reference", "pynn:nest"],
        progress=None,
    )
    assert not result.identical
    far = {d.source: d for d in result.distances["pynn:nest"]}
    assert far["S1Cont"].found > far["S1Cont"].expected
    assert "Int" not in far


def test_inputs_of_earlier_runs_are_kept() -> None:
    """A session on NEST begins anew each time, with everything that was given before."""
    net = neuro.NetworkBuilder(dt=1.0, format=neuro.FLOAT64)
    source = net.population(2, neuro.SpikeSourceArray(), label="source")
    cells = net.population(2, neuro.IF_curr_delta(tau_m=30.0), label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=8.0))
    net.inject(neuro.DCSource(0.0), cells, label="current")
    network = net.build()
    runs = (
        {"source": ([1, 4], [0, 1]), "current": [0.0, 0.5, 0.5, 0.2, 0.1]},
        {"source": ([1, 1], [0, 1]), "current": [[0.1, 0.3]] * 3},
        {"source": ([0], [1])},
    )
    found = []
    for backend in ("reference", "pynn:nest"):
        with neuro.Session(network, backend=backend) as session:
            done = [session.run(5, inputs=inputs).spikes["cells"] for inputs in runs]
        found.append([(d.step.tolist(), d.index.tolist()) for d in done])
    assert found[0] == found[1]
    assert any(step for step, _ in found[0])


def test_a_session_goes_on() -> None:
    network = delta_network(neuro.StaticSynapse(weight=2.0, delay=3.0))
    with neuro.Session(network, backend="pynn:nest") as session:
        first, second = session.run(25), session.run(20)
    whole = neuro.simulate(network, 45, backend="reference", progress=None)
    both = np.concatenate([first.spikes["cells"].step, second.spikes["cells"].step])
    assert second.first_step == 25
    assert np.array_equal(both, whole.spikes["cells"].step)
