"""Astrocytes between neurons: senses and modulates, on engines, and the LIF without them.

`tests/backends/test_library.py` compares such a network on all engines, numba too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import neuro
from neuro.errors import ParameterError, UnknownNameError
from neuro.ir.network import Network, NumberFormat
from tests.conftest import needs_brian2

ENGINES = ["reference", "c", "torch"]
TARGETS = {"gain": 0.3, "bias": 0.02, "threshold": 0.2}


def tripartite(
    coefficients: dict[str, float], cell: neuro.Cell | None = None, format: Any = neuro.FLOAT32
) -> Network:
    """Noise onto recurrent cells; astrocytes sense both and modulate the cells."""
    net = neuro.NetworkBuilder(dt=1.0, name="tripartite", seed=3, format=format)
    noise = net.population(12, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    kind = cell or neuro.ModulatedLIF(bias=0.03, tau_refrac=1.0)
    cells = net.population(15, kind, label="cells")
    sparse = neuro.FixedProbabilityConnector(0.4, seed=1)
    delays = neuro.Uniform(1.0, 5.0)
    net.projection(noise, cells, sparse, neuro.StaticSynapse(weight=0.3))
    net.projection(cells, cells, sparse, neuro.StaticSynapse(weight=0.1, delay=delays))
    if coefficients:
        glia = net.population(4, neuro.Astrocyte(tau_calcium=40.0, c0=6.0, kappa=0.5), label="glia")
        net.senses(noise, glia)
        net.senses(cells, glia, sparse, weight=0.2, delay=2.0)
        for target, size in coefficients.items():
            net.modulates(glia, cells, sparse, target=target, coefficient=size)  # type: ignore[arg-type]
        glia.record(["m", "swing"])
    cells.record(["spikes", "v"])
    return net.build()


@pytest.mark.parametrize("format", ["float32", "float64"])
def test_the_loop_is_the_same_on_our_engines(format: str) -> None:
    network = tripartite(TARGETS, format=NumberFormat(kind=format))  # type: ignore[arg-type]
    found = neuro.verify(network, steps=60, inputs={}, backends=ENGINES)
    assert not any(found.divergences.values())
    gates = neuro.simulate(network, 60, backend="c").traces["glia"]["m"].in_unit()
    assert np.ptp(gates) > 0.3


@needs_brian2
def test_the_loop_is_the_same_in_brian2() -> None:
    found = neuro.verify(tripartite(TARGETS), steps=40, inputs={}, backends=["reference", "brian2"])
    assert not any(found.divergences.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_zero_coefficients_give_the_bits_of_the_lif(engine: str) -> None:
    zero = tripartite(dict.fromkeys(TARGETS, 0.0))
    plain = tripartite({}, neuro.LIF(reset="subtract", bias=0.03, tau_refrac=1.0))
    moved = tripartite(TARGETS)
    runs = [neuro.simulate(n, 150, backend=engine) for n in (zero, plain, moved)]
    first, second, third = (run.traces["cells"]["v"].values for run in runs)
    assert len(runs[0].spikes["cells"]) > 50
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != third.tobytes()


@pytest.mark.parametrize(
    ("target", "rule"), [("lava", "lava-cell"), ("pynn:nest", "graded"), ("spinnaker", "graded")]
)
def test_targets_without_such_cells_refuse_by_rule(target: str, rule: str) -> None:
    errors = [
        f.rule for f in neuro.check(tripartite(TARGETS), target=target) if f.severity == "error"
    ]
    assert rule in errors


def test_firmware_takes_it() -> None:
    found = neuro.check(tripartite(TARGETS), target="cortex-m")
    assert not [f for f in found if f.severity == "error"]


def test_gradients_reach_every_part_of_the_loop() -> None:
    names = ["*.weight", "glia.tau_calcium", "glia.kappa", "glia.c0", "cells.tau_m"]
    module = neuro.to_torch(tripartite(TARGETS), train=names)
    module(steps=60).spikes["cells"].sum().backward()
    for name, value in module.named_parameters():
        assert value.grad is not None, name
        assert torch.isfinite(value.grad).all(), name
        assert value.grad.abs().sum() > 0, name


def gated(rate: float) -> float:
    """The weight after pairing, where astrocytes set the rate of plasticity."""
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    times = [[10.0, 40.0, 70.0]]
    pre = net.population(1, neuro.SpikeSourceArray(times), label="pre")
    drive = net.population(1, neuro.SpikeSourceArray([[13.0, 43.0, 73.0]]), label="drive")
    post = net.population(1, neuro.LIF(), label="post")
    net.projection(drive, post, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=2.0))
    glia = net.population(1, neuro.Astrocyte(c0=0.0, kappa=0.0), label="glia")
    synapse = neuro.PairSTDP(gated=True, weight=0.1, A_plus=0.05)
    plastic = net.projection(pre, post, neuro.AllToAllConnector(), synapse, label="plastic")
    net.modulates(glia, plastic, target="plasticity_rate", coefficient=rate)
    plastic.record("w")
    return float(neuro.simulate(net.build(), 100, backend="c").traces["plastic"]["w"].values[-1, 0])


def test_an_astrocyte_sets_the_rate_of_plasticity() -> None:
    still, half, whole = gated(0.0), gated(1.0), gated(2.0)
    assert still == pytest.approx(0.1)
    assert whole > still
    assert half - still == pytest.approx((whole - still) / 2, rel=1e-3)


def builder() -> tuple[neuro.NetworkBuilder, Any, Any]:
    net = neuro.NetworkBuilder()
    cells = net.population(3, neuro.ModulatedLIF(), label="cells")
    return net, cells, net.population(2, neuro.Astrocyte(), label="glia")


def test_mistakes_are_named() -> None:
    net, cells, glia = builder()
    with pytest.raises(ParameterError, match=r"'cells': its cells are no astrocytes"):
        net.senses(glia, cells)
    with pytest.raises(ParameterError, match=r"a weight is -0.5"):
        net.senses(cells, glia, weight=-0.5)
    with pytest.raises(UnknownNameError, match="there is no target 'gian'"):
        net.modulates(glia, cells, target="gian")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"gain of 'cells': a coefficient is 1"):
        net.modulates(glia, cells, target="gain", coefficient=1.0)
    with pytest.raises(ParameterError, match=r"threshold of 'cells': a coefficient is -0.1"):
        net.modulates(glia, cells, target="threshold", coefficient=-0.1)
    with pytest.raises(ParameterError, match="'plasticity_rate' is of projections"):
        net.modulates(glia, cells, target="plasticity_rate")
    plain = net.projection(cells, cells, neuro.AllToAllConnector())
    with pytest.raises(ParameterError, match="have no factor"):
        net.modulates(glia, plain, target="plasticity_rate")
    lif = net.population(3, neuro.LIF(), label="lif")
    with pytest.raises(UnknownNameError, match="there is no port 'gain'"):
        net.modulates(glia, lif)
