"""Nengo models give Nengo's own spikes, step for step; what has no counterpart is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnknownNameError, UnsupportedError
from tests.conftest import ROOT
from tests.pages import blocks

nengo = pytest.importorskip("nengo", reason="needs Nengo: pip install 'neuro-spiking[nengo]'")

STEPS = 200


def network(build: Callable[[Any], None], seed: int = 0) -> Any:
    with nengo.Network(seed=seed) as model:
        build(model)
    return model


def channel(model: Any) -> None:
    """Two ensembles in a row; the second squares, and has other neurons."""
    stim = nengo.Node(lambda t: np.sin(8 * t), label="stim")
    relu = nengo.SpikingRectifiedLinear(amplitude=0.5)
    a = nengo.Ensemble(40, 1, label="a")
    b = nengo.Ensemble(30, 1, label="b", neuron_type=relu)
    nengo.Connection(stim, a)
    nengo.Connection(a, b, function=np.square)
    nengo.Probe(stim, synapse=0.02)
    nengo.Probe(b, sample_every=0.01)


def integrator(model: Any) -> None:
    """What it is given is added to what it holds."""
    stim = nengo.Node([0.5])
    a = nengo.Ensemble(50, 1, label="a", neuron_type=nengo.LIF(tau_ref=0.0013))
    nengo.Connection(a, a, synapse=0.1)
    nengo.Connection(stim, a, transform=0.1, synapse=0.1)
    nengo.Probe(a, synapse=0.01)


def product(model: Any) -> None:
    """Nested networks, and nodes that only pass values on."""
    x, y = (nengo.Node(lambda t, f=f: np.sin(f * t)) for f in (5, 7))
    made = nengo.networks.Product(40, 2)
    nengo.Connection(x, made.input_a[0])
    nengo.Connection(y, made.input_a[1])
    nengo.Connection(x, made.input_b, transform=[[1], [-1]])
    nengo.Probe(made.output, synapse=0.02)


def at_once(model: Any) -> None:
    """Connections without a synapse: Nengo passes them within a step."""
    stim = nengo.Node([0.7], label="stim")
    low = nengo.LIF(min_voltage=-np.inf, initial_state={"voltage": nengo.dists.Choice([0.25])})
    a = nengo.Ensemble(20, 2, label="a", radius=1.5)
    b = nengo.Ensemble(20, 2, label="b", neuron_type=low)
    nengo.Connection(stim, a[1], synapse=None)
    nengo.Connection(a[[1, 0]], b, synapse=None)
    nengo.Connection(b, b, synapse=nengo.Alpha(0.01), transform=0.3)
    nengo.Probe(b.neurons, "voltage")


def direct(model: Any) -> None:
    """From neurons to neurons, through solved weights, and through a filter without a time constant."""
    stim = nengo.Node([0.4])
    a, b = nengo.Ensemble(20, 1, label="a"), nengo.Ensemble(15, 1, label="b")
    nengo.Connection(stim, a)
    weights = np.random.default_rng(0).normal(size=(15, 10)) * 1e-3
    nengo.Connection(a.neurons[::2], b.neurons, transform=weights, synapse=0)
    solver = nengo.solvers.LstsqL2(weights=True)
    nengo.Connection(a, b, solver=solver, synapse=nengo.synapses.LinearFilter([1], [1e-4, 0.02, 1]))
    nengo.Connection(stim, b.neurons[3])


def bursts(model: Any) -> None:
    """Neurons that spike several times a step, and filters of many kinds."""
    stim = nengo.Node(lambda t: [np.sin(9 * t), 2.0], label="stim")
    relu = nengo.SpikingRectifiedLinear()
    a = nengo.Ensemble(20, 2, label="a", neuron_type=relu)
    b = nengo.Ensemble(25, 1, label="b")
    nengo.Connection(stim, a, transform=6, synapse=0.003)
    for synapse in (0.01, nengo.Alpha(0.02), None):
        nengo.Connection(a[0], b, synapse=synapse, transform=0.1)
    for synapse in (0.02, None, nengo.Alpha(0.01), 0):
        nengo.Probe(b, synapse=synapse)
    nengo.Probe(stim[1], synapse=0.03)


MODELS = [bursts, channel, integrator, product, at_once, direct]


def spikes_of(model: Any) -> list[Any]:
    """Probes of all neurons, added to the model."""
    with model:
        return [nengo.Probe(ensemble.neurons) for ensemble in model.all_ensembles]


@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
def test_spikes_are_nengo_s_own(build: Callable[[Any], None]) -> None:
    """Every one of them: none lies so near to a threshold that the order of a sum decides."""
    model = network(build)
    trains = spikes_of(model)
    with nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run_steps(STEPS)
        ours = neuro.from_nengo(simulator)
    recording = ours.simulate(STEPS, backend="reference")
    for probe in trains:
        theirs = simulator.data[probe]
        np.testing.assert_array_equal(ours.data(recording, probe), theirs)
        assert theirs.any()
    for probe in set(model.all_probes) - set(trains):
        theirs = simulator.data[probe]
        np.testing.assert_allclose(ours.data(recording, probe), theirs, rtol=0, atol=1e-11)


def random_model(seed: int) -> Any:
    """Ensembles, synapses and connections of every kind, from a seed."""
    rng = np.random.default_rng(seed)

    def synapse(*, needed: bool = False) -> Any:
        found = [0.005, 0.1, 0, nengo.Alpha(0.01), nengo.Lowpass(0.02), None][rng.integers(6)]
        return 0.01 if needed and found is None else found

    def ensemble(number: int) -> Any:
        lif = nengo.LIF(
            tau_rc=rng.uniform(0.01, 0.05), tau_ref=rng.uniform(0, 0.002),
            min_voltage=rng.choice([0, -1, -np.inf]), amplitude=rng.choice([1, 0.3]),
        )  # fmt: skip
        kind = lif if rng.random() < 0.6 else nengo.SpikingRectifiedLinear()
        size, dimensions = int(rng.integers(5, 40)), int(rng.integers(1, 4))
        radius = rng.uniform(0.5, 2)
        return nengo.Ensemble(size, dimensions, radius=radius, neuron_type=kind, label=f"e{number}")

    with nengo.Network(seed=seed) as model:
        stim = nengo.Node(lambda t: [np.sin(7 * t), np.cos(9 * t)])
        made = [ensemble(number) for number in range(rng.integers(1, 4))]
        for one in made:
            place, scale = rng.integers(one.dimensions), rng.uniform(-2, 2)
            nengo.Connection(stim[rng.integers(2)], one[place], synapse=synapse(), transform=scale)
        for _ in range(rng.integers(1, 5)):
            first, second = rng.integers(len(made), size=2)
            a, b, kind = made[first], made[second], rng.integers(3)
            between = synapse(needed=bool(first >= second))
            if kind == 0:
                matrix = rng.normal(size=(b.dimensions, a.dimensions)) * 0.7
                nengo.Connection(a, b, synapse=between, transform=matrix)
            elif kind == 1:
                nengo.Connection(a, b[0], synapse=between, function=lambda x: np.tanh(x.sum()))
            else:
                matrix = rng.normal(size=(b.n_neurons, a.n_neurons)) * 1e-4
                nengo.Connection(a.neurons, b.neurons, synapse=between, transform=matrix)
    return model


@pytest.mark.parametrize("seed", [0, 1, 3, 6])
def test_random_models_give_nengo_s_own_spikes(seed: int) -> None:
    model = random_model(seed)
    trains = spikes_of(model)
    with nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run_steps(STEPS)
        ours = neuro.from_nengo(simulator)
    recording = ours.simulate(STEPS, backend="reference")
    for probe in trains:
        np.testing.assert_array_equal(ours.data(recording, probe), simulator.data[probe])
    assert sum(simulator.data[probe].sum() for probe in trains) > 0


@pytest.mark.parametrize("build", [channel, at_once], ids=lambda build: build.__name__)
def test_a_network_is_built_as_its_simulator_would(build: Callable[[Any], None]) -> None:
    model = network(build)
    with nengo.Simulator(model, progress_bar=False) as simulator:
        assert neuro.from_nengo(simulator).network == neuro.from_nengo(model).network


def test_engines_agree() -> None:
    ours = neuro.from_nengo(network(at_once))
    assert ours.latency == {"stim": 0, "a": 1, "b": 2}
    found = neuro.verify(
        ours.network, steps=60, inputs=ours.inputs(60), backends=["reference", "c"]
    )
    assert found.identical


def test_it_runs_on_a_microcontroller() -> None:
    pytest.importorskip("unicorn", reason="needs unicorn: pip install 'neuro-spiking[mcu]'")
    ours = neuro.from_nengo(network(integrator), format=neuro.FLOAT32)
    backends = ["reference", "cortex-m"]
    assert neuro.verify(ours.network, steps=30, inputs=ours.inputs(30), backends=backends).identical


def test_values_can_be_given() -> None:
    model = network(channel)
    trains = spikes_of(model)
    values = np.linspace(-1, 1, STEPS)
    ours = neuro.from_nengo(model)
    recording = ours.simulate(STEPS, {"stim": values}, backend="reference")
    model.all_nodes[0].output = lambda t: values[round(t / 0.001) - 1]
    with nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run_steps(STEPS)
    for probe in trains:
        np.testing.assert_array_equal(ours.data(recording, probe), simulator.data[probe])


def test_processes_need_values() -> None:
    def build(model: Any) -> None:
        noise = nengo.Node(nengo.processes.WhiteSignal(1.0, high=5), label="noise")
        nengo.Connection(noise, nengo.Ensemble(10, 1))

    ours = neuro.from_nengo(network(build))
    with pytest.raises(ParameterError, match=r"node 'noise': .*values="):
        ours.simulate(5, backend="reference")
    with pytest.raises(ParameterError, match=r"values\['noise'\]: does not hold 5 rows of 1"):
        ours.simulate(5, {"noise": np.zeros(4)}, backend="reference")
    with pytest.raises(UnknownNameError, match="Did you mean 'noise'"):
        ours.simulate(5, {"noises": np.zeros(5)}, backend="reference")
    assert ours.simulate(5, {"noise": np.zeros(5)}, backend="reference").steps == 5


def test_all_that_has_no_counterpart_is_named_at_once() -> None:
    def build(model: Any) -> None:
        a = nengo.Ensemble(10, 1, label="rates", neuron_type=nengo.LIFRate())
        b = nengo.Ensemble(10, 1, label="noisy", noise=nengo.processes.WhiteNoise())
        fast = nengo.Ensemble(5, 1, label="fast")
        double = nengo.Node(lambda t, x: 2 * x, size_in=1, label="double")
        through = nengo.Node(size_in=1, label="through")
        nengo.Connection(a, double)
        nengo.Connection(nengo.Node([1.0]), b, function=np.square)
        nengo.Connection(b, b, synapse=nengo.synapses.Triangle(0.01))
        nengo.Connection(b, fast, learning_rule_type=nengo.PES())
        nengo.Connection(b, through)
        nengo.Connection(through, through)
        nengo.Connection(through, fast)
        nengo.Probe(b, "input", label="probed")

    with pytest.raises(UnsupportedError) as caught:
        neuro.from_nengo(network(build))
    text = str(caught.value)
    for part in ("ensemble 'rates': there is no counterpart of LIFRate", "ensemble 'noisy': it has noise",
                 "node 'double': it computes",
                 "a function of a node's values", "no counterpart of Triangle", "it learns",
                 "two synapses in a row", "node 'through': values run around", "probe 'probed'"):  # fmt: skip
        assert part in text, part


def test_a_cycle_needs_a_synapse_for_each_ensemble() -> None:
    def build(model: Any) -> None:
        a, b = nengo.Ensemble(10, 1, label="a"), nengo.Ensemble(10, 1, label="b")
        nengo.Connection(a, b, synapse=None)
        nengo.Connection(b, a)

    with pytest.raises(ParameterError, match=r"from_nengo: the cycle through 'a', 'b' .*synapse"):
        neuro.from_nengo(network(build))


def test_the_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "how-to" / "nengo.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {}
    found = [block.code for block in blocks(page) if block.language == "python"]
    for code in found:
        exec(code, scope)
    assert len(found) == 2
    assert capsys.readouterr().out.endswith("True\n")


def test_other_things_are_no_models() -> None:
    with pytest.raises(ParameterError, match="is int"):
        neuro.from_nengo(3)
    with pytest.raises(ParameterError, match="dt: is -1"):
        neuro.from_nengo(network(integrator), dt=-1)
