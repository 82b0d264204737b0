"""Everything that SpiNNaker does not hold or changes is found before sPyNNaker starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import neuro
from neuro.deploy.spinnaker import engine
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.deploy.spinnaker.rules import spinnaker_findings
from neuro.errors import Finding, UnsupportedError

IF = neuro.IF_curr_exp


def board(**given: Any) -> SpinnakerBoard:
    facts = {"name": "b", "summary": "", "target": "spinnaker", "version": 5, **given}
    return SpinnakerBoard(**facts)


def network(
    build: Callable[[neuro.NetworkBuilder, Any, Any], None] | None = None,
    cell: Any = None,
    size: int = 10,
    dt: float = 1.0,
) -> neuro.Network:
    net = neuro.NetworkBuilder(dt=dt, name="net", seed=1)
    source = net.population(10, neuro.SpikeSourceArray(), label="source")
    cells = net.population(size, cell or IF(scheme="spinnaker", tau_refrac=1.0), label="cells")
    if build is not None:
        build(net, source, cells)
    return net.build()


def connect(synapse: neuro.Synapse, **given: Any) -> Callable[..., None]:
    def build(net: Any, source: Any, cells: Any) -> None:
        net.projection(source, cells, neuro.AllToAllConnector(), synapse, label="p", **given)

    return build


def rules(found: neuro.Network, where: SpinnakerBoard | None = None) -> dict[str, Finding]:
    findings, _ = spinnaker_findings(found, where or board(), 1000, 0)
    return {f.rule: f for f in findings if f.rule != "number-format"}


def two_rules(net: Any, source: Any, cells: Any) -> None:
    for k, tau in enumerate((10.0, 20.0)):
        rule = neuro.PairSTDP(weight=1.0, w_max=2.0, A_plus=0.1, A_minus=0.1, tau_plus=tau)
        net.projection(source, cells, neuro.AllToAllConnector(), rule, label=f"p{k}")


def weights(*values: float) -> Callable[..., None]:
    rows = [(k, 0, value, 1.0) for k, value in enumerate(values)]

    def build(net: Any, source: Any, cells: Any) -> None:
        connector = neuro.FromListConnector(rows)
        net.projection(source, cells, connector, neuro.StaticSynapse(), label="p")

    return build


def stdp(**given: Any) -> neuro.PairSTDP:
    return neuro.PairSTDP(**{"weight": 1.0, "w_max": 2.0, "A_plus": 0.1, "A_minus": 0.1, **given})


def changing(net: Any, source: Any, cells: Any) -> None:
    net.inject(neuro.StepCurrentSource([5.0], [1.0]), cells, label="late")


def probed(net: Any, source: Any, cells: Any) -> None:
    handle = net.projection(source, cells, neuro.AllToAllConnector(), stdp(), label="p")
    handle.record("w")


def long_row(net: Any, source: Any, cells: Any) -> None:
    rows = neuro.FromListConnector([(0, k % 10, 0.1, 1.0) for k in range(300)])
    net.projection(source, cells, rows, neuro.StaticSynapse(), label="p")


CASES: dict[str, tuple[neuro.Network, SpinnakerBoard, str, str, str]] = {
    "a cell that it lacks": (
        network(cell=neuro.AdEx()),
        board(),
        "cell",
        "population 'cells'",
        "EIF_cond_exp_isfa_ista",
    ),
    "a cell that is another there": (
        network(cell=neuro.Izhikevich()),
        board(),
        "cell",
        "population 'cells'",
        "exponential synaptic currents",
    ),
    "a cell that PyNN lacks": (
        network(cell=neuro.LIF()),
        board(),
        "cell",
        "population 'cells'",
        "no standard cell",
    ),
    "a second rule of plasticity": (
        network(two_rules),
        board(),
        "one-plasticity",
        "projection 'p1', synapse",
        "one rule",
    ),
    "a synapse that it lacks": (
        network(connect(neuro.TsodyksMarkram(weight=1.0))),
        board(),
        "synapse",
        "projection 'p'",
        "TsodyksMarkram",
    ),
    "a step shorter than the tick": (
        network(dt=0.1),
        board(),
        "tick",
        "network 'net', dt",
        "10 times too fast",
    ),
    "a delay that is too long": (
        network(connect(neuro.StaticSynapse(weight=1.0, delay=1000.0)), size=256),
        board(),
        "delay",
        "projection 'p', delay",
        "1000 steps, but 'cells' can have 288",
    ),
    "a capacitance below 0": (
        network(cell=IF(scheme="spinnaker", cm=-1.0)),
        board(),
        "parameter",
        "population 'cells', cm",
        "is -1",
    ),
    "a number out of range": (
        network(cell=IF(scheme="spinnaker", i_offset=1e5)),
        board(),
        "range",
        "population 'cells', i_offset",
        "65536",
    ),
    "an amplitude out of range": (
        network(connect(stdp(A_plus=1e6))),
        board(),
        "range",
        "projection 'p', A_plus",
        "65536",
    ),
    "a current that changes": (network(changing), board(), "current-change", "'late'", "changes"),
    "too many cores": (
        network(size=256 * 64),
        board(version=3),
        "cores",
        "board 'b'",
        "65 cores; 63 are free",
    ),
    "too many cores for few neurons each": (
        network(size=1000),
        board(version=3, neurons_per_core={"IF_curr_exp": 10}),
        "cores",
        "board 'b'",
        "101 cores",
    ),
    "a weight out of range": (
        network(weights(1e9, 1.0)),
        board(),
        "range",
        "projection 'p', weight",
        "up to 1e+09",
    ),
    "a probe that it lacks": (
        network(probed),
        board(),
        "probe",
        "probe of 'p', w",
        "after a run only",
    ),
    "rows that are too long": (
        network(long_row),
        board(),
        "row",
        "population 'cells'",
        "300 words",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_errors_name_node_reason_and_remedy(name: str) -> None:
    found, where_to, rule, where, what = CASES[name]
    finding = rules(found, where_to)[rule]
    assert finding.severity == "error"
    assert where in finding.where
    assert what in finding.what
    assert finding.hint or rule in ("cell", "range")


def test_weights_that_vanish_or_are_rounded() -> None:
    found = rules(network(weights(1000.0, 1.0, 0.01, 0.0001)))
    assert found["weight-vanishes"].severity == "warning"
    assert "2 of 4 weights become 0 (up to 0.01)" in found["weight-vanishes"].what
    assert "weight-rounds" not in found
    rounded = rules(network(weights(1000.0, 0.07)))["weight-rounds"]
    assert rounded.severity == "note"
    assert "0.07 becomes 0.0625" in rounded.what


def test_sums_that_a_step_does_not_hold() -> None:
    spread = neuro.StaticSynapse(weight=1.0, delay=neuro.Uniform(1.0, 8.0))
    finding = rules(network(connect(spread)))["sum-saturates"]
    assert finding.severity == "note"
    assert "all inputs of a cell at once are 10, but a step holds 8" in finding.what
    alike = neuro.StaticSynapse(weight=1.0, delay=2.0)
    assert "sum-saturates" not in rules(network(connect(alike)))


def test_small_steps_of_stdp() -> None:
    found = rules(network(connect(stdp(w_max=1000.0, A_plus=0.001))))["amplitude-rounds"]
    assert "steps of 0.001" in found.what


def test_integration_and_noise_are_warned_of() -> None:
    exact = rules(network(cell=IF()))["integration"]
    assert (exact.severity, exact.hint) == ("warning", "Use scheme='spinnaker'.")
    noisy = neuro.NetworkBuilder(dt=1.0)
    noisy.population(3, neuro.SpikeSourcePoisson(), label="noise")
    assert rules(noisy.build())["noise"].severity == "warning"


def test_a_time_scale_makes_short_steps_possible() -> None:
    assert "tick" not in rules(network(dt=0.1), board(time_scale_factor=10))
    assert "Set time_scale_factor = 10" in rules(network(dt=0.1))["tick"].hint


def test_a_good_network_has_no_findings() -> None:
    assert rules(network(connect(neuro.StaticSynapse(weight=1.0, delay=20.0)))) == {}


def test_what_does_not_fit_is_refused_before_spynnaker_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*given: Any, **more: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(engine, "map_plan", never)
    with pytest.raises(UnsupportedError, match="cores"):
        neuro.simulate(network(size=256 * 64), 10, backend="spinnaker", options={"board": "spinn3"})
