"""Quantisation: exponents that suit a run, and a report of what changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnsupportedError, VerificationError
from neuro.ir.network import Network, Probe, Scale
from neuro.ir.verify import verify
from neuro.models import CA3Memory
from neuro.models.ca3.operations import random_operations, wrong_answers
from neuro.passes.quantise import QuantiseReport, ScaleChoice, quantise
from neuro.passes.watch_peaks import PREFIX, watch_peaks
from neuro.simulation.verify import first_difference
from tests.networks import cell_case, synapse_case

STEPS = 80


def choice(report: QuantiseReport, target: str, variable: str) -> ScaleChoice:
    return next(c for c in report.scales if (c.target, c.variable) == (target, variable))


def lif(weight: float = 0.5) -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="lif", seed=3)
    noise = net.population(30, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    cells = net.population(30, neuro.LIF(bias=0.03), label="cells")
    net.projection(
        noise, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=weight), label="drive"
    )
    recurrent = neuro.StaticSynapse(weight=neuro.Uniform(0.0, 0.13), delay=neuro.Uniform(1.0, 5.0))
    net.projection(cells, cells, neuro.FixedProbabilityConnector(0.3), recurrent, label="again")
    return net.build()


# Watching


@pytest.mark.parametrize(
    "case", [cell_case("Izhikevich"), synapse_case("calcium")], ids=["cell", "synapse"]
)
def test_a_watched_network_does_what_it_did(case: Any) -> None:
    network = replace(case.network, probes=())
    plain, watched = (neuro.Session(n, backend="c") for n in (network, watch_peaks(network)))
    with plain, watched:
        plain.run(STEPS)
        watched.run(STEPS)
        expected, found = plain.snapshot(), watched.snapshot()
    assert first_difference(expected, {name: found[name] for name in expected}, STEPS) is None


def test_peaks_are_those_of_a_recording() -> None:
    network = cell_case("ALIF eprop").network
    probed = replace(network, probes=(Probe(target="cells", variable="a"),))
    recorded = neuro.simulate(probed, STEPS, backend="reference").traces["cells"]["a"].values
    with neuro.Session(watch_peaks(replace(network, probes=())), backend="c") as session:
        session.run(STEPS)
        assert np.array_equal(session.read("cells", PREFIX + "a"), np.abs(recorded).max(axis=0))
        before_reset = session.read("cells", PREFIX + "v")
    assert (before_reset > 1).all()  # the threshold


# Choosing


def test_exponents_leave_the_headroom_that_was_asked_for() -> None:
    for bits in (0, 1, 3):
        report = quantise(lif(), steps=STEPS, headroom_bits=bits).report
        found = choice(report, "cells", "v")
        assert 2**bits * max(found.peak, 1.0) <= found.limit  # the threshold, 1, counts too
        assert found.limit <= 2 ** (bits + 1) * max(found.peak, 1.0)


def test_weights_use_all_their_bits_and_are_no_finer_than_the_port() -> None:
    made = quantise(lif(), steps=STEPS, weight_bits=8)
    weights = choice(made.report, "drive", "w")
    assert weights.exponent == 7  # 0.5 is 64 of 127
    assert weights.peak == 0.5
    assert (
        choice(made.report, "again", "w").exponent <= choice(made.report, "cells", "input").exponent
    )
    assert verify(made.network) == []


def test_an_lif_network_in_8_bits_reports_the_change_in_spikes() -> None:
    network = lif()
    made = quantise(network, steps=STEPS, weight_bits=8)
    plain = neuro.simulate(replace(network, probes=()), STEPS, backend="c")
    fixed = neuro.simulate(made.network, STEPS, backend="c")
    (row,) = (r for r in made.report.spikes if r.source == "cells")
    before, after = (
        set(zip(r.spikes["cells"].step.tolist(), r.spikes["cells"].index.tolist(), strict=True))
        for r in (plain, fixed)
    )
    assert (row.before, row.after, row.changed) == (len(before), len(after), len(before ^ after))
    assert 0 < row.changed < row.before / 2
    assert made.report.changed >= row.changed
    assert made.report.clipped == 0


def test_more_bits_change_less() -> None:
    few, many = (quantise(lif(), steps=STEPS, weight_bits=b).report.changed for b in (8, 16))
    assert many < few


def test_the_same_engine_does_not_matter() -> None:
    network = synapse_case("three-factor").network
    a, b = (quantise(network, steps=40, backend=name) for name in ("reference", "c"))
    assert a == b
    assert a.network.content_hash == b.network.content_hash


def test_what_is_driven_harder_than_it_was_is_clipped_and_seen() -> None:
    made = quantise(lif(), steps=STEPS, headroom_bits=0)
    scales = tuple(
        replace(s, exponent=s.exponent + 2) if s.variable == "v" else s for s in made.network.scales
    )
    narrow = replace(made.network, scales=scales)
    with neuro.Session(watch_peaks(narrow), backend="reference") as session:
        session.run(STEPS)
        assert (session.snapshot()[f"state/cells/{PREFIX}v"] == 2**31 - 1).any()


def test_what_is_never_anything_but_zero_gets_an_exponent_too() -> None:
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    net.population(2, neuro.IF_curr_exp(), label="cells")
    made = quantise(net.build(), steps=5)
    assert verify(made.network) == []
    assert choice(made.report, "cells", "i_exc").peak == 0


# The memory


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_memory_learns_recalls_and_forgets(bits: int, backend: str) -> None:
    memory = CA3Memory(5, 10, form="delta")
    operations = random_operations(5, 10, 40, spacing=20, seed=0)
    steps = operations[-1].step + 14
    made = quantise(
        memory.network, steps=steps, inputs=memory.inputs(operations), weight_bits=bits, backend="c"
    )
    assert (made.report.changed, made.report.clipped) == (0, 0)
    memory.network = made.network
    with memory.open(backend=backend) as session:
        assert session.learn(0, {0, 1, 8, 9}) == {0, 1, 8, 9}
        assert session.learn(3, {4, 8}) == {4, 8}
        assert session.recall(cue=0) == {0, 1, 8, 9}
        assert session.recall(content={8}) == {0, 3}
        assert session.learn(3, {5}) == {5}
        assert session.recall(cue=3) == {5}
        assert session.recall(content={8}) == {0}


def test_the_memory_does_200_random_operations_with_8_bits() -> None:
    memory = CA3Memory(5, 10, form="delta")
    short = random_operations(5, 10, 40, spacing=20, seed=0)
    made = quantise(
        memory.network, steps=short[-1].step + 14, inputs=memory.inputs(short), weight_bits=8
    )
    operations = random_operations(5, 10, 200, spacing=20, seed=7)
    steps, inputs = operations[-1].step + 14, memory.inputs(operations)
    recording = neuro.simulate(made.network, steps, inputs=inputs, backend="c")
    assert wrong_answers(operations, recording) == []
    assert neuro.verify(made.network, steps=200, inputs=inputs, progress=None).identical


# Refusals


@pytest.mark.parametrize(
    ("network", "options", "error", "words"),
    [
        (lif(), {"headroom_bits": -1}, ParameterError, "headroom_bits: is -1. Use 0 to 16"),
        (lif(), {"weight_bits": 12}, VerificationError, "weights of 12 bits"),
        (cell_case("AdEx").network, {}, UnsupportedError, "cell type 'AdEx', update: 'exp"),
        (cell_case("ModulatedLIF").network, {}, UnsupportedError, "Astrocyte_hill', update: 'sigm"),
        (
            cell_case("LIF value", neuro.fixed_point(15, 16)).network,
            {},
            ParameterError,
            "is in fixed point already",
        ),
    ],
)
def test_wrong_use_is_explained(
    network: Network, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        quantise(network, steps=5, **options)


def test_a_variable_that_explodes_is_named() -> None:
    from neuro.ir.declare import cell_type

    unstable = cell_type("unstable", state="v : 1 = 1", update="v = 1e9 * v", spike="v < 0")
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    net.population(1, neuro.CustomCell(unstable), label="cells")
    with pytest.raises(ParameterError, match="'cells', 'v': does not stay finite"):
        quantise(net.build(), steps=20, backend="reference")


def test_scales_are_given_for_everything() -> None:
    made = quantise(synapse_case("calcium").network, steps=20)
    found = {s.variable for s in made.network.scales if s.target == "plastic"}
    assert found == {"w", "ca", "x", "y", "z", "modulator"}
    assert all(isinstance(s, Scale) for s in made.network.scales)
