"""Loihi's integer LIF cell, against its definition in Python's integers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.ir.network import Network

STEPS, SOURCES, CELLS = 150, 20, 12
SPAN = 2**24


def decayed(x: int, decay: int) -> int:
    """``x (4096 - decay) / 4096``, towards zero."""
    whole = abs(x) * (4096 - decay) >> 12
    return whole if x >= 0 else -whole


@dataclass
class Oracle:
    """One cell, straight from the definition."""

    du: int
    dv: int
    vth: int
    bias: int
    u: int = 0
    v: int = 0

    def step(self, a: int) -> bool:
        u = decayed(self.u, self.du + 1) + (a << 6)
        if u > 2**23:
            u -= SPAN
        elif u <= -(2**23):
            u += SPAN
        v = decayed(self.v, self.dv) + u + self.bias
        self.u, v = u, max(-(2**23) + 1, min(2**23 - 1, v))
        spike = v > self.vth << 6
        self.v = 0 if spike else v
        return spike


@dataclass(frozen=True)
class Case:
    """Random input onto a few cells."""

    cell: dict[str, int]
    weights: Any
    delays: Any
    spikes: Any

    @staticmethod
    def draw(seed: int, size: int, **cell: int) -> Case:
        rng = np.random.default_rng(seed)
        shape = (SOURCES, CELLS)
        return Case(
            cell=cell,
            weights=2 * size * rng.integers(-50, 64, shape),
            delays=rng.integers(1, 7, shape),
            spikes=rng.random((STEPS, SOURCES)) < 0.2,
        )

    def network(self, format: Any, size: int) -> Network:
        net = neuro.NetworkBuilder(dt=1.0, name="loihi", format=format)
        source = net.population(SOURCES, neuro.SpikeSourceArray(), label="source")
        cells = net.population(CELLS, neuro.LoihiLIF(**self.cell), label="cells")
        synapse = neuro.StaticSynapse(
            weight=self.weights.ravel().astype(float), delay=self.delays.ravel().astype(float)
        )
        net.projection(source, cells, neuro.AllToAllConnector(), synapse, label="synapses")
        cells.record(["spikes", "u", "v"])
        made = net.build()
        if format.kind != "fixed":
            return made
        exponent = -(size.bit_length() - 1)
        scale = neuro.Scale(target="synapses", variable="w", exponent=exponent)
        return replace(made, scales=(scale,))

    def expected(self) -> dict[str, Any]:
        """u, v and spikes; shape (STEPS, CELLS) each."""
        bias = self.cell.get("bias_mant", 0) << self.cell.get("bias_exp", 0)
        cells = [
            Oracle(self.cell["du"], self.cell["dv"], self.cell["vth"], bias) for _ in range(CELLS)
        ]
        found: dict[str, list[list[int]]] = {"u": [], "v": [], "s": []}
        for step in range(STEPS):
            arrived = np.zeros(CELLS, np.int64)
            for delay in range(1, min(step, 6) + 1):
                due = np.where(self.delays == delay, self.weights, 0)
                arrived += self.spikes[step - delay] @ due
            found["s"].append([c.step(int(a)) for c, a in zip(cells, arrived, strict=True)])
            found["u"].append([c.u for c in cells])
            found["v"].append([c.v for c in cells])
        return {name: np.array(rows) for name, rows in found.items()}


CASES = {
    "usual": (1, {"du": 400, "dv": 200, "vth": 200}),
    "no current, no leak": (1, {"du": 4095, "dv": 0, "vth": 500, "bias_mant": 7}),
    "no leak of the current": (1, {"du": 0, "dv": 4095, "vth": 100, "bias_mant": -3, "bias_exp": 4}),
    "wraps and saturates": (128, {"du": 60, "dv": 0, "vth": 131071}),
}  # fmt: skip
ENGINES = [("reference", "float64"), ("c", "float64"), ("numba", "float64")]
ENGINES += [("reference", "fixed"), ("c", "fixed")]


@pytest.mark.parametrize("name", CASES)
def test_every_engine_has_the_integers_of_the_definition(name: str) -> None:
    size, cell = CASES[name]
    case = Case.draw(7, size, **cell)
    expected = case.expected()
    assert 20 < expected["s"].sum() < STEPS * CELLS
    if name.startswith("wraps"):
        assert np.ptp(expected["u"], axis=0).max() > SPAN - 2**21
        assert (np.abs(expected["v"]) == 2**23 - 1).any()
    for backend, kind in ENGINES:
        format = neuro.FLOAT64 if kind == "float64" else neuro.fixed_point(31, 0)
        recording = neuro.simulate(
            case.network(format, size),
            STEPS,
            inputs={"source": np.nonzero(case.spikes)},
            backend=backend,
        )
        spikes = np.zeros((STEPS, CELLS), bool)
        spikes[recording.spikes["cells"].step, recording.spikes["cells"].index] = True
        traces = recording.traces["cells"]
        assert np.array_equal(spikes, expected["s"]), (backend, kind)
        for variable in "uv":
            values = traces[variable].values
            assert np.array_equal(values, expected[variable]), (backend, kind, variable)


def test_a_negative_bias_exponent_shifts_towards_minus_infinity() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="bias", format=neuro.FLOAT64)
    cells = net.population(1, neuro.LoihiLIF(dv=4095, vth=9, bias_mant=-5, bias_exp=-1), label="c")
    cells.record(["v"])
    recording = neuro.simulate(net.build(), 1, backend="reference")
    assert recording.traces["c"]["v"].values.tolist() == [[-3.0]]


def test_the_refractory_period_holds_the_membrane() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="refractory", format=neuro.fixed_point(31, 0))
    cell = neuro.LoihiLIF(du=4095, dv=0, vth=1, bias_mant=65, tau_refrac=2.0)
    cells = net.population(1, cell, label="c")
    cells.record(["spikes"])
    recording = neuro.simulate(net.build(), 12, backend="reference")
    assert recording.spikes["c"].step.tolist() == [0, 3, 6, 9]
