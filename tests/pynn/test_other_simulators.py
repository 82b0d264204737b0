"""NEURON and Brian2 through PyNN: refused, and within a distance where they are asked all the same."""

from __future__ import annotations

import pytest

import neuro
from neuro.backends.pynn import mechanisms
from neuro.backends.pynn.rules import INEXACT, missing
from neuro.backends.pynn.simulators import BRIAN2, NEURON, Simulator


def network() -> neuro.Network:
    net = neuro.NetworkBuilder(dt=0.1, seed=4, format=neuro.FLOAT64)
    source = net.population(6, neuro.SpikeSourcePoisson(rate=200.0), label="source")
    cells = net.population(5, neuro.IF_curr_exp(tau_refrac=2.0, i_offset=0.6), label="cells")
    net.projection(
        source,
        cells,
        neuro.FixedProbabilityConnector(0.7),
        neuro.StaticSynapse(weight=1.5, delay=1.0),
    )
    net.projection(
        cells,
        cells,
        neuro.FixedProbabilityConnector(0.5),
        neuro.StaticSynapse(weight=0.8, delay=neuro.Uniform(0.5, 3.0)),
        receptor_type="inhibitory",
    )
    return net.build()


def is_compiled() -> bool:
    """Whether NEURON's mechanisms are in the cache; compiling them takes a minute or more."""
    try:
        versions = [mechanisms.importlib.metadata.version(n) for n in ("PyNN", "neuron")]
    except mechanisms.importlib.metadata.PackageNotFoundError:
        return False
    return any(mechanisms.writable_cache().glob("-".join(["pynn-neuron", *versions]) + "*"))


@pytest.mark.parametrize("simulator", [NEURON, BRIAN2], ids=lambda s: s.name)
def test_near_and_never_in_silence(simulator: Simulator) -> None:
    if missing(simulator):
        pytest.skip(missing(simulator))
    name = f"pynn:{simulator.name}"
    errors = [f for f in neuro.check(network(), name) if f.severity == "error"]
    assert {f.rule for f in errors} <= set(INEXACT)
    assert "integration" in {f.rule for f in errors}
    if simulator is NEURON and not is_compiled():
        pytest.skip("NEURON's mechanisms are not compiled; one run of pynn:neuron does so")
    found = neuro.verify(network(), steps=400, backends=["reference", name], progress=None)
    for distance in found.distances.get(name, ()):
        assert distance.expected > 10
        assert abs(distance.found - distance.expected) <= 0.2 * distance.expected
        assert distance.victor_purpura < 2.0
