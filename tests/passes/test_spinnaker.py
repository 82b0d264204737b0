"""SpiNNaker's arithmetic: s16.15 state, 16-bit weights, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.connectivity import OneToOne
from neuro.ir.network import GradedProjection, Network
from neuro.ir.spinnaker import quantise_weights, ring_buffer_shift, weight_step
from neuro.passes.spinnaker import to_spinnaker
from tests.networks import LIBRARY_CELLS

ONE = 1 << 15
CELL = {"cm": 0.27, "tau_m": 3.0, "tau_refrac": 1.0, "v_rest": -60.0, "v_reset": -61.0}
CELL |= {"v_thresh": -57.0, "tau_syn_E": 0.3, "tau_syn_I": 2.0, "i_offset": 0.05}


def s1615(value: float) -> int:
    """A number as the board's integer, rounded half away from zero."""
    return int(math.copysign(math.floor(abs(value) * ONE + 0.5), value))


def nearest(product: int) -> int:
    """``product * 2**-15``, halves away from zero."""
    whole = (abs(product) + ONE // 2) // ONE
    return whole if product >= 0 else -whole


class Oracle:
    """One cell, straight from the definition, in Python's integers."""

    def __init__(self, shifts: dict[str, int]) -> None:
        tau, self.limit = {"E": 0.3, "I": 2.0}, {k: (2**16 - 1) << s for k, s in shifts.items()}
        self.d = {k: math.floor(math.exp(-1 / t) * 2**32 + 0.5) for k, t in tau.items()}
        self.g = {k: ((2**32 - self.d[k]) * math.floor(t * ONE)) // ONE for k, t in tau.items()}
        self.resistance = math.floor(3.0 / 0.27 * ONE)
        self.leak = math.floor(math.exp(-1 / 3.0) * ONE + 0.5)
        self.v, self.i, self.left = s1615(-60.0), {"E": 0, "I": 0}, 0

    def step(self, arrived: dict[str, int]) -> bool:
        for kind, value in arrived.items():
            self.i[kind] += min(value, self.limit[kind]) * self.g[kind] >> 32
        held = self.left > 0
        if not held:
            drive = self.i["E"] - self.i["I"] + s1615(0.05)
            alpha = nearest(drive * self.resistance) + s1615(-60.0)
            self.v = alpha - nearest(self.leak * (alpha - self.v))
        for kind in arrived:
            self.i[kind] = self.i[kind] * self.d[kind] >> 32
        self.left -= held
        spike = not held and self.v >= s1615(-57.0)
        if spike:
            self.v, self.left = s1615(-61.0), 1
        return spike


def two_inputs(weights: Any) -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="one")
    cell = net.population(1, neuro.IF_curr_exp(**CELL), label="cell")
    for receptor in ("excitatory", "inhibitory"):
        source = net.population(8, neuro.SpikeSourceArray(), label=receptor)
        synapse = neuro.StaticSynapse(weight=weights[receptor])
        connector = neuro.AllToAllConnector()
        net.projection(source, cell, connector, synapse, receptor_type=receptor, label=receptor[:3])
    cell.record(["spikes", "v", "i_exc"])
    return net.build()


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_engines_have_the_integers_of_the_definition(backend: str) -> None:
    random = np.random.default_rng(3)
    weights = {"excitatory": random.uniform(0.01, 3.0, 8), "inhibitory": random.uniform(0, 0.3, 8)}
    events = {name: np.nonzero(random.random((300, 8)) < 0.15) for name in weights}
    made = to_spinnaker(two_inputs(weights), steps=300, inputs=events)
    shifts = {k: made.report.weights[n].shift for n, k in enumerate("EI")}
    assert [ring_buffer_shift(weights[n].max() * 8) for n in weights] == list(shifts.values())
    recording = neuro.simulate(made.network, 300, inputs=events, backend=backend)
    oracle, names = Oracle(shifts), dict(zip("EI", weights, strict=True))
    potentials, currents, spikes = [], [], []
    for step in range(300):
        arrived = {}
        for kind, name in names.items():
            before, cells = events[name]
            stored = np.rint(weights[name] / weight_step(shifts[kind])).astype(int)
            arrived[kind] = int(stored[cells[before == step - 1]].sum()) << shifts[kind]
        if oracle.step(arrived):
            spikes.append(step)
        potentials.append(oracle.v / ONE)
        currents.append(oracle.i["E"] / ONE)
    assert 10 < len(spikes) < 150
    assert recording.spikes["cell"].step.tolist() == spikes
    assert recording.traces["cell"]["v"].values.ravel().tolist() == potentials
    assert recording.traces["cell"]["i_exc"].values.ravel().tolist() == currents


def test_weights_are_those_that_the_board_reports() -> None:
    # Grids that sPyNNaker's `projection.get("weight")` showed for one population each.
    assert quantise_weights([1000.0, 1.0, 0.01, 0.0001], ring_buffer_shift(1001.0)).tolist() == [
        1000.0,
        1.0,
        0.0,
        0.0,
    ]
    assert quantise_weights(0.3, ring_buffer_shift(16.0)).tolist() == 0.2998046875
    assert quantise_weights(1e9, 3).tolist() == 65535 * weight_step(3)


def test_lost_and_clipped_weights_are_counted() -> None:
    weights = {"excitatory": np.array([1000.0, 1e-4, 1.0, 0, 0, 0, 0, 0]), "inhibitory": 0.5}
    made = to_spinnaker(two_inputs(weights), steps=5)
    excitatory, inhibitory = made.report.weights
    assert (excitatory.lost, excitatory.clipped) == (1, 0)
    assert (inhibitory.lost, inhibitory.error) == (0, 0.0)


def test_the_refractory_time_is_rounded_up() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="refractory")
    cells = net.population(1, neuro.IF_curr_exp(tau_refrac=0.1, i_offset=100.0), label="cell")
    cells.record("spikes")
    made = to_spinnaker(net.build(), steps=6)
    recording = neuro.simulate(made.network, 6)
    assert recording.spikes["cell"].step.tolist() == [0, 2, 4]
    assert made.report.changed == 3  # of which 0.1 ms are no step


def test_currents_and_noise_come_in_nanoamperes() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="inputs", seed=1)
    cells = net.population(5, neuro.IF_curr_exp(tau_refrac=2.0), label="cells")
    net.inject(neuro.StepCurrentSource([0.0], [2.0]), cells, label="current")
    noise = net.population(5, neuro.SpikeSourcePoisson(rate=100.0), label="noise")
    net.projection(noise, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=2.0))
    given = {"current": 1.9e-9 * np.ones(100)}
    made = to_spinnaker(net.build(), steps=100, inputs=given, seed=1)
    changes = {change.source: change for change in made.report.spikes}
    assert changes["noise"].changed == 0
    assert changes["cells"].before > 20
    assert changes["cells"].changed <= 0.4 * changes["cells"].before


@pytest.mark.parametrize(
    "name", sorted(set(LIBRARY_CELLS) - {"IF_curr_exp", "IF_curr_exp spinnaker"})
)
def test_other_cells_are_refused(name: str) -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="cells", seed=3)
    source = net.population(2, neuro.SpikeSourceArray(), label="source")
    cells = net.population(2, LIBRARY_CELLS[name][0](), label="cells")
    port = cells.cell.cell_type.ports[0].name  # type: ignore[union-attr]
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=0.1),
                   receptor_type=port)  # fmt: skip
    with pytest.raises(UnsupportedError, match="only the arithmetic of IF_curr_exp is simulated"):
        to_spinnaker(net.build(), steps=5)


def test_other_rules_and_graded_projections_are_refused() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="rules")
    cells = net.population(2, neuro.IF_curr_exp(), label="cells")
    for label, synapse in (
        ("nearest", neuro.PairSTDP(pairing="nearest")),
        ("each", neuro.PairSTDP(A_plus=np.array([0.1, 0.2]))),
        ("fine", neuro.PairSTDP(A_plus=0.1)),
    ):
        net.projection(cells, cells, neuro.OneToOneConnector(), synapse, label=label)
    graded = GradedProjection(
        name="coupling",
        pre="cells",
        variable="v",
        post="cells",
        port="current",
        connectivity=OneToOne(),
        weight=0.1e-6,
    )
    with pytest.raises(UnsupportedError) as caught:
        to_spinnaker(replace(net.build(), graded=(graded,)), steps=5)
    where = [finding.where.partition(",")[0] for finding in caught.value.findings]
    assert where == ["projection 'nearest'", "projection 'each'", "graded projection 'coupling'"]


def test_a_network_in_fixed_point_is_refused() -> None:
    made = to_spinnaker(two_inputs({"excitatory": 1.0, "inhibitory": 1.0}), steps=2).network
    with pytest.raises(ParameterError, match="is in fixed point already"):
        to_spinnaker(made, steps=2)


def test_mixed_delays_take_an_expected_sum_instead_of_the_largest() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="delays", seed=1)
    source = net.population(200, neuro.SpikeSourceArray(), label="source")
    shifts = []
    for label, delay in (("one", 1.0), ("many", neuro.Uniform(1.0, 10.0))):
        cells = net.population(1, neuro.IF_curr_exp(), label=label)
        synapse = neuro.StaticSynapse(weight=0.5, delay=delay)
        net.projection(source, cells, neuro.AllToAllConnector(), synapse, label=f"to_{label}")
    made = to_spinnaker(net.build(), steps=2)
    shifts = [weights.shift for weights in made.report.weights]
    # 200 x 0.5 nA at once; or 6 events expected in a step, and 5 standard deviations.
    expected = ring_buffer_shift(6 * 0.5 + 5 * math.sqrt(6 * 0.5**2))
    assert shifts == [ring_buffer_shift(100.0), expected] == [7, 4]
