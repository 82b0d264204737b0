"""Astrocyte and the cell it modulates: against recurrences written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnknownNameError
from neuro.passes.quantise import quantise
from tests.cells.single import run_cell
from tests.firmware.compare import difference

ARRIVALS = [(step, 0.25 + 0.2 * (step % 3)) for step in range(1, 60)]


def by_hand(hill: bool, steps: int) -> dict[str, list[float]]:
    keep_g, keep_c, inputs = math.exp(-1 / 15.0), math.exp(-1 / 80.0), dict(ARRIVALS)
    g = c = 0.0
    found: dict[str, list[float]] = {"g": [], "c": [], "m": [], "swing": []}
    for step in range(steps):
        g = keep_g * g + inputs.get(step, 0.0)
        c = keep_c * c + (1 - keep_c) * (1.5 * g * g / (g * g + 4.0) if hill else g)
        m = 1 / (1 + math.exp(-3.0 * (c - 0.4)))
        for name, value in zip(found, (g, c, m, 2 * m - 1), strict=True):
            found[name].append(value)
    return found


@pytest.mark.parametrize("response", ["linear", "hill"])
def test_trace_calcium_and_gate_follow_the_recurrence(response: str) -> None:
    cell = neuro.Astrocyte(
        response=response,  # type: ignore[arg-type]
        tau_sense=15.0,
        tau_calcium=80.0,
        kappa=3.0,
        c0=0.4,
        half=2.0,
        **({"peak": 1.5} if response == "hill" else {}),
    )
    found = run_cell(cell, 60, arrivals={"input": ARRIVALS})
    for name, values in by_hand(response == "hill", 60).items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-14)


def test_the_linear_response_has_no_peak() -> None:
    with pytest.raises(UnknownNameError, match="peak"):
        neuro.Astrocyte(peak=2.0)


def test_an_unknown_response_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use 'linear' or 'hill'"):
        neuro.Astrocyte(response="cubic")  # type: ignore[arg-type]


def test_the_modulated_cell_follows_the_recurrence() -> None:
    ports = {
        "input": ARRIVALS,
        "gain": [(10, 0.5), (11, -0.3)],
        "current": [(20, 0.7)],
        "threshold": [(step, 0.4) for step in range(30, 50)],
    }
    found = run_cell(
        neuro.ModulatedLIF(tau_m=12.0, v_thresh=0.9, bias=0.01, tau_refrac=1.0), 60, arrivals=ports
    )
    beta, given = math.exp(-1 / 12.0), {name: dict(events) for name, events in ports.items()}
    v, left, spikes = 0.0, 0, []
    for step in range(60):
        now = {name: events.get(step, 0.0) for name, events in given.items()}
        theta = 0.9 * (1 - now["threshold"])
        if left:
            left -= 1
        else:
            v = beta * v + (1 + now["gain"]) * now["input"] + 0.01 + now["current"]
            if v >= theta:
                spikes.append(step)
                v, left = v - theta, 1
        assert found["v"][step] == pytest.approx(v, rel=1e-12, abs=1e-14)
        assert found["theta"][step] == pytest.approx(theta, rel=1e-12)
    assert found["spikes"].tolist() == spikes
    assert len(spikes) > 5


def test_the_modulated_cell_has_the_same_bits_in_fixed_point() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="modulated", seed=2)
    noise = net.population(12, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    cells = net.population(12, neuro.ModulatedLIF(bias=0.05, tau_refrac=1.0), label="cells")
    for port, weight in {"input": 0.5, "gain": 0.3, "current": 0.1, "threshold": 0.2}.items():
        synapse = neuro.StaticSynapse(weight=weight)
        net.projection(
            noise, cells, neuro.FixedProbabilityConnector(0.1), synapse, receptor_type=port
        )
    cells.record("spikes")
    network = quantise(net.build(), steps=60, weight_bits=8, backend="c").network
    assert difference(network, 40, {}, 2) is None
    found = neuro.verify(network, steps=40, backends=["reference", "c"], progress=None)
    assert found.identical
    assert len(neuro.simulate(network, 40, backend="c").spikes["cells"]) > 20
