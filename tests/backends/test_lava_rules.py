"""What Lava does not run is refused beforehand: every cell and synapse of the library is one or other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.lava.rules import lava_findings
from neuro.ir.connectivity import OneToOne
from neuro.ir.network import GradedProjection, Network
from tests.backends.lava import random_network
from tests.networks import LIBRARY_CELLS, SYNAPSES, cell_case, synapse_case


def rules(network: Network) -> list[str]:
    return [finding.rule for finding in lava_findings(network, network.seed or 0)]


def integers(network: Network) -> Network:
    return replace(network, format=neuro.fixed_point(31, 0))


@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_only_loihis_cell_of_the_library_runs(name: str) -> None:
    found = rules(integers(cell_case(name).network))
    assert ("lava-cell" in found) == (name != "LoihiLIF")


@pytest.mark.parametrize("name", SYNAPSES)
def test_only_static_synapses_of_the_library_run(name: str) -> None:
    found = rules(integers(synapse_case(name).network))
    assert ("lava-learning" in found) == (name != "static")


def test_every_quantised_cell_runs_or_is_refused_for_its_refractory_period() -> None:
    for name in ("IF_curr_exp spinnaker", "IF_curr_delta", "LIF value"):
        network = cell_case(name).network
        for refractory in ("keep", "drop"):
            made = neuro.to_loihi(network, steps=10, refractory=refractory, backend="reference")  # type: ignore[arg-type]
            kept = refractory == "keep" and name != "LIF value"
            assert rules(made.network) == (["lava-refractory"] if kept else []), name


def test_what_is_fine_has_no_findings() -> None:
    assert rules(random_network(1, sparse=True)[0]) == []


def one(cell: neuro.Cell | None = None, **synapse: Any) -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="one", format=neuro.fixed_point(31, 0))
    source = net.population(2, neuro.SpikeSourceArray(), label="source")
    cells = net.population(2, cell or neuro.LoihiLIF(), label="cells")
    given = neuro.StaticSynapse(**{"weight": 2.0, **synapse})
    net.projection(source, cells, neuro.OneToOneConnector(), given, label="synapses")
    return net.build()


@pytest.mark.parametrize(
    ("network", "rule", "where"),
    [
        (one(neuro.LoihiLIF(du=4096)), "lava-value", "population 'cells', du"),
        (one(neuro.LoihiLIF(dv=0.5)), "lava-value", "population 'cells', dv"),
        (one(neuro.LoihiLIF(vth=1 << 17)), "lava-value", "population 'cells', vth"),
        (one(neuro.LoihiLIF(vth=np.array([1.0, 2.0]))), "lava-value", "population 'cells', vth"),
        (one(neuro.LoihiLIF(bias_mant=5000)), "lava-value", "population 'cells', bias_mant"),
        (one(neuro.LoihiLIF(bias_exp=-1)), "lava-value", "population 'cells', bias_exp"),
        (one(neuro.LoihiLIF(tau_refrac=1.0)), "lava-refractory", "population 'cells'"),
        (one(weight=0.5), "lava-weight", "projection 'synapses', weight"),
        (one(weight=np.array([-1.0, 2.0])), "lava-weight", "projection 'synapses', weight"),
        (one(delay=64.0), "lava-delay", "projection 'synapses', delay"),
        (replace(one(), format=neuro.FLOAT32), "number-format", "network 'one', format"),
        (
            replace(one(), scales=(neuro.Scale(target="cells", variable="u", exponent=3),)),
            "lava-value",
            "population 'cells', u",
        ),
    ],
)
def test_findings_name_the_node_the_reason_and_the_remedy(
    network: Network, rule: str, where: str
) -> None:
    (finding,) = lava_findings(network, 0)
    assert (finding.severity, finding.rule, finding.where) == ("error", rule, where)
    assert finding.what
    assert finding.hint


def test_initial_values_and_graded_projections() -> None:
    network = one()
    cells = replace(network.populations[0], initial={"v": 0.25})
    graded = GradedProjection(
        name="coupling",
        pre="cells",
        variable="v",
        post="cells",
        port="input",
        connectivity=OneToOne(),
        weight=1.0,
    )
    assert rules(replace(network, populations=(cells,), graded=(graded,))) == [
        "lava-value",
        "lava-graded",
    ]


def test_a_cell_of_another_name_that_computes_the_same_runs() -> None:
    network = one()
    cells = network.populations[0]
    renamed = replace(cells, cell=replace(cells.cell, name="mine"))
    assert rules(replace(network, populations=(renamed,))) == []
