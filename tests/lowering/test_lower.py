"""What lowering decides: shared kernels, refractoriness, ports, groups, deferral."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.ir.declare import cell_type
from neuro.lowering.kernels import CellKernel, SynapseKernel
from neuro.lowering.lower import ALIGN, lower

PLAIN = {"state": "v : 1, held\n w : 1", "spike": "v > 1", "refractory": "rest"}
APART = cell_type("apart", parameters="rest : ms = 2", update="v = v + 1; w = v - v + w", **PLAIN)
BEFORE = cell_type("before", parameters="rest : ms = 2", update="w = v; v = v + 1", **PLAIN)
THROUGH_LOCAL = cell_type(
    "through", parameters="rest : ms = 2", update="k = 2 * w; v = v + k; j = v; w = j", **PLAIN
)


def cell_kernel(cell: neuro.Cell, size: int = 3) -> CellKernel:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(size, cell)
    (kernel,) = lower(net.build(), 0).cell_kernels
    return kernel


def synapse_network(synapse: neuro.Synapse, *, size: int = 10, **given: Any) -> neuro.Network:
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    source = net.population(5, neuro.SpikeSourceArray(), label="source")
    cells = net.population(size, neuro.LIF(), label="cells")
    connector = given.get("connector", neuro.AllToAllConnector())
    net.projection(source, cells, connector, synapse, label="synapses")
    return net.build()


def synapse_kernel(synapse: neuro.Synapse, *, defer: bool = False, **given: Any) -> SynapseKernel:
    return lower(synapse_network(synapse, **given), 0, defer=defer).synapse_kernels[0]


def test_refractory_cells_are_listed_only_where_held_values_can_be_put_back() -> None:
    assert cell_kernel(neuro.CustomCell(BEFORE)).refractory == "fifo"
    assert cell_kernel(neuro.CustomCell(BEFORE, rest=0.0)).refractory == "none"
    assert cell_kernel(neuro.CustomCell(BEFORE, rest=[1.0, 2.0, 3.0])).refractory == "mask"
    assert cell_kernel(neuro.CustomCell(APART)).refractory == "mask"
    assert cell_kernel(neuro.CustomCell(THROUGH_LOCAL)).refractory == "mask"
    assert cell_kernel(neuro.SpikeSourcePoisson()).refractory == "none"


def test_populations_of_one_kind_share_a_kernel_whatever_their_sizes_and_values() -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    for size, tau in [(3, 10.0), (500, 20.0)]:
        net.population(size, neuro.IF_curr_exp(tau_m=tau, tau_refrac=2.0))
    net.population(2, neuro.IF_curr_exp(tau_refrac=2.0, tau_m=[10.0, 20.0]))
    tables = lower(net.build(), 0)
    assert [cells.kernel for cells in tables.cells] == [0, 0, 1]


def test_ports_that_nothing_reaches_are_silent() -> None:
    kernel = cell_kernel(neuro.IF_curr_exp())
    assert (kernel.free, kernel.silent, kernel.rings) == ((), ("current",), ())
    net = neuro.NetworkBuilder(dt=1.0)
    cells = net.population(3, neuro.IF_curr_exp(), label="cells")
    net.inject(neuro.DCSource(1.0), cells)
    late = neuro.StaticSynapse(weight=1.0, delay=2.0)
    net.projection(cells, cells, neuro.AllToAllConnector(), late, receptor_type="excitatory")
    kernel = lower(net.build(), 0).cell_kernels[0]
    assert (kernel.free, kernel.silent) == (("current",), ())
    assert kernel.rings == (("excitatory", "i_exc"),)


def test_static_events_are_direct_only_if_all_dendritic_delays_are_one() -> None:
    def ways(synapse: neuro.Synapse) -> tuple[int, int]:
        tables = lower(synapse_network(synapse), 0)
        return len(tables.direct[0]), len(tables.sent[0])

    assert ways(neuro.StaticSynapse(delay=1.0)) == (1, 0)
    assert ways(neuro.StaticSynapse(delay=5.0, dendritic_delay_fraction=0.0)) == (1, 0)
    assert ways(neuro.StaticSynapse(delay=2.0)) == (0, 1)
    assert ways(neuro.StaticSynapse(delay=[1.0] * 49 + [2.0])) == (0, 2)
    assert ways(neuro.PairSTDP(delay=1.0)) == (0, 1)


def test_groups_have_the_longest_axonal_delay_first_and_hold_every_synapse_once() -> None:
    delays = np.tile([2.0, 3.0, 4.0, 5.0, 6.0], 10)
    synapse = neuro.PairSTDP(weight=np.arange(50.0), delay=delays, dendritic_delay_fraction=0.5)
    tables = lower(synapse_network(synapse), 0)
    groups = tables.groups("synapses")
    pairs = [(group.axonal, group.dendritic) for group in groups]
    assert pairs == [(3, 2), (3, 3), (2, 1), (2, 2), (1, 1)]
    weights = np.concatenate([group.state["w"] for group in groups])
    assert sorted(weights.tolist()) == list(range(50))
    for group, place in zip(groups, tables.places("synapses"), strict=True):
        np.testing.assert_array_equal(np.arange(50.0)[place], group.state["w"])


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_cells_and_synapses_are_divided_among_threads_without_remainder(threads: int) -> None:
    tables = lower(synapse_network(neuro.PairSTDP(weight=0.5), size=333), 0, threads=threads)
    bounds = tables.first[tables.sources.index("cells")]
    assert (bounds[0], bounds[-1], len(bounds)) == (0, 333, threads + 1)
    assert all(bound % ALIGN == 0 for bound in bounds[:-1])
    for thread, deliveries in enumerate(tables.sent):
        for delivery in deliveries:
            assert (delivery.edges.target >= bounds[thread]).all()
            assert (delivery.edges.target < bounds[thread + 1]).all()
    assert sum(len(group.target) for group in tables.groups("synapses")) == 5 * 333


def test_only_rules_that_cannot_notice_are_deferred() -> None:
    assert synapse_kernel(neuro.PairSTDP(), defer=True).deferred
    assert not synapse_kernel(neuro.PairSTDP(), defer=False).deferred
    assert not synapse_kernel(neuro.PairSTDP(gated=True), defer=True).deferred
    assert not synapse_kernel(neuro.ThreeFactorSTDP(), defer=True).deferred
    assert not synapse_kernel(neuro.StaticSynapse(delay=2.0), defer=True).deferred


def test_one_weight_for_all_static_synapses_is_stored_once() -> None:
    assert synapse_kernel(neuro.StaticSynapse(weight=0.5)).uniform
    assert not synapse_kernel(neuro.StaticSynapse(weight=[0.5] * 50)).uniform
    assert not synapse_kernel(neuro.PairSTDP(weight=0.5)).uniform


def test_repeated_synapses_and_many_cells_are_noticed() -> None:
    twice = neuro.FromListConnector([(0, 1), (0, 1), (2, 3)])
    across_rows = neuro.FromListConnector([(0, 3), (1, 1), (1, 3), (4, 0)])
    assert not synapse_kernel(neuro.StaticSynapse(), connector=twice).distinct
    assert synapse_kernel(neuro.StaticSynapse(), connector=across_rows).distinct
    assert synapse_kernel(neuro.StaticSynapse(), size=1 << 16, connector=twice).narrow
    assert not synapse_kernel(neuro.StaticSynapse(), size=(1 << 16) + 1, connector=twice).narrow
