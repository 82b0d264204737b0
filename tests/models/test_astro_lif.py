"""AstroModulatedLIF against its equations, and what its gate may do."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.models import AstroModulatedLIF, Modulation
from neuro.training.modulated import LARGEST, ModulatedModule

INPUTS, CELLS, ASTROCYTES, STEPS = 6, 5, 2, 80


def trains(rate: float, steps: int = STEPS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((steps, INPUTS)) < rate


def modulation() -> Modulation:
    return Modulation(
        tau_sense=8.0, tau_calcium=30.0, gain=np.linspace(-0.4, 0.4, CELLS), bias=0.1, threshold=0.3
    )


def made(change: Modulation, **given: object) -> AstroModulatedLIF:
    return AstroModulatedLIF(
        INPUTS,
        CELLS,
        astrocytes=ASTROCYTES,
        modulation=change,
        format=neuro.FLOAT64,
        **given,  # type: ignore[arg-type]
    )


def test_it_computes_its_equations() -> None:
    rng = np.random.default_rng(1)
    weight, sensing = rng.normal(0.2, 0.3, (INPUTS, CELLS)), rng.random((INPUTS, ASTROCYTES))
    known, s = modulation(), trains(0.3)
    network = made(known, weight=weight, sensing=sensing, bias=0.05).network
    run = neuro.simulate(network, STEPS, inputs={"Pre": np.nonzero(s)}, backend="c")
    keep_g, keep_c, keep_v = (math.exp(-1 / tau) for tau in (8.0, 30.0, 20.0))
    g, c, m = np.zeros(ASTROCYTES), np.zeros(ASTROCYTES), np.zeros(ASTROCYTES)
    swing, v, found = np.zeros(ASTROCYTES), np.zeros(CELLS), []
    domain = np.arange(CELLS) * ASTROCYTES // CELLS
    for step in range(STEPS):
        before = s[step - 1] if step else np.zeros(INPUTS)
        theta = 1 - 0.3 * m[domain]
        v = keep_v * v + (1 + known.gain * swing[domain]) * (before @ weight) + 0.05
        v = v + 0.1 * m[domain]
        fired = v >= theta
        v = v - theta * fired
        found += [(step, k) for k in np.flatnonzero(fired)]
        g = keep_g * g + before @ sensing
        c = keep_c * c + (1 - keep_c) * g
        m = 1 / (1 + np.exp(-4.0 * (c - 0.5)))
        swing = 2 * m - 1
    spikes = run.spikes["Cells"]
    assert len(found) > 20
    assert list(zip(spikes.step, spikes.index, strict=True)) == found


def gates(rate: float) -> np.ndarray:
    network = made(modulation(), sensing=0.2).network
    module = neuro.to_torch(network, record=["Astrocytes/m", "Astrocytes/swing"])
    import torch

    spikes = torch.from_numpy(trains(rate, 200)).double()[:, None]
    output = module({"Pre": spikes})
    gain = output.variables["Astrocytes/swing"].detach().numpy()[:, 0]
    coefficient = np.asarray(modulation().gain)
    whole = 1 + coefficient * gain[:, np.arange(CELLS) * ASTROCYTES // CELLS]
    assert (whole >= 1 - np.abs(coefficient) - 1e-12).all()
    assert (whole <= 1 + np.abs(coefficient) + 1e-12).all()
    return output.variables["Astrocytes/m"].detach().numpy()[-1, 0]


def test_the_gate_rises_with_the_presynaptic_rate_and_the_gain_stays_in_its_range() -> None:
    # The same random numbers below a rising rate: each train holds the ones before it.
    found = np.stack([gates(rate) for rate in (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)])
    assert (np.diff(found, axis=0) > 0).all()


def test_without_modulation_it_is_the_lif_to_the_last_bit() -> None:
    none = Modulation(gain=0.0, bias=0.0, threshold=0.0)
    unit = AstroModulatedLIF(INPUTS, CELLS, modulation=none, seed=2)
    net = neuro.NetworkBuilder(seed=2)
    pre = net.population(INPUTS, neuro.SpikeSourceArray(), label="Pre")
    cells = net.population(CELLS, neuro.LIF(reset="subtract"), label="Cells")
    weight = np.random.default_rng(2).normal(0, 1 / np.sqrt(INPUTS), (INPUTS, CELLS))
    net.projection(pre, cells, neuro.DenseConnector(), neuro.StaticSynapse(weight=weight))
    cells.record("spikes")
    given = {"Pre": np.nonzero(trains(0.5))}
    spikes = [
        neuro.simulate(n, STEPS, inputs=given, backend=backend).spikes["Cells"]
        for n in (unit.network, net.build())
        for backend in ("reference", "c", "torch")
    ]
    assert len(spikes[0]) > 20
    for other in spikes[1:]:
        assert np.array_equal(spikes[0].step, other.step)
        assert np.array_equal(spikes[0].index, other.index)


def test_training_keeps_coefficients_in_their_ranges() -> None:
    names = ["*.weight", "Cells.tau_m"]
    module = ModulatedModule(made(modulation()).network, train=names)
    for value in module.parameters():
        value.data.mul_(-100.0)
    module.clamp_()
    assert module.value("AstrocytesGain.weight").abs().max() == LARGEST
    assert module.value("AstrocytesThreshold.weight").min() == 0
    assert module.value("AstrocytesSense.weight").min() == 0
    assert module.value("Cells.tau_m").min() > 0
    assert module.value("AstrocytesBias.weight").min() < -1


def test_mistakes_are_named() -> None:
    with pytest.raises(ParameterError, match="astrocytes: is 6"):
        AstroModulatedLIF(3, 5, astrocytes=6)
    with pytest.raises(ParameterError, match=r"In: has shape \(2, 5\)"):
        AstroModulatedLIF(3, 5, weight=np.zeros((2, 5)))
