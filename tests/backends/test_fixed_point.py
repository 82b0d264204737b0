"""Fixed point has the same bits on the interpreter and in C, and the comparison can fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, seed

import neuro
from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.declare import cell_type, synapse_type, trace
from neuro.ir.expressions import integer
from neuro.ir.network import Network
from neuro.passes.quantise import quantise
from neuro.simulation.verify import first_difference
from tests.backends.test_random_networks import (
    DRAWN,
    advance,
    assert_same,
    drive_of,
    run,
    start,
)
from tests.conftest import ROOT
from tests.networks import INTEGER_CELLS, SYNAPSES, Case, cases, cell_case, scaled, synapse_case

STEPS = 60
PARTS = 2
"""Of 25 random networks each."""
BITS = (8, 16)


def by_three(names: Iterable[str]) -> list[tuple[str, ...]]:
    ordered = list(names)
    return [tuple(ordered[k : k + 3]) for k in range(0, len(ordered), 3)]


def quantised(case: Case, bits: int) -> Case:
    """The case in fixed point."""
    made = quantise(case.network, steps=case.steps, weight_bits=bits, backend="reference")
    assert sum(change.after for change in made.report.spikes) > 20
    return replace(case, network=made.network, steps=STEPS)


def assert_same_everywhere(case: Case) -> None:
    expected = run(case, "reference")
    for options in ({"threads": 1}, {"threads": 2, "defer": True}):
        assert_same(expected, run(case, "c", **options))


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("names", by_three(INTEGER_CELLS), ids=", ".join)
def test_every_cell_has_the_bits_of_the_reference(names: tuple[str, ...], bits: int) -> None:
    for name in names:
        assert_same_everywhere(quantised(cell_case(name), bits))


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("names", by_three(SYNAPSES), ids=", ".join)
def test_every_synapse_has_the_bits_of_the_reference(names: tuple[str, ...], bits: int) -> None:
    for name in names:
        assert_same_everywhere(quantised(synapse_case(name, delay=neuro.Uniform(1.0, 4.0)), bits))


@pytest.mark.parametrize("part", range(PARTS))
def test_random_networks_have_the_bits_of_the_reference(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases(fixed=True))
    def check(case: Case) -> None:
        assert_same_everywhere(case)

    check()


@pytest.mark.parametrize("part", range(1))
def test_a_run_goes_on_from_another_engines_snapshot(part: int) -> None:
    @seed(part)
    @DRAWN
    @given(cases(fixed=True))
    def check(case: Case) -> None:
        half, end = run(case, "reference")
        assert all(array.dtype in (np.int32, np.int64) for array in half.values())
        for backend, options in (("c", {"threads": 2}), ("reference", {})):
            engine = start(case, backend, **options)
            engine.restore(half)
            advance(engine, drive_of(case.network, case.inputs), case.steps)
            difference = first_difference(end, engine.snapshot(), case.steps)
            assert difference is None, str(difference)

    check()


# One step, by hand


def cell_at_rail(bits: int, weights: tuple[float, ...], format: Any = None) -> Network:
    """One LIF cell, and a source for each weight, with exponents of our own."""
    net = neuro.NetworkBuilder(
        dt=1.0, name="rail", format=format or neuro.fixed_point(7, 24, weight_bits=bits)
    )
    cell = net.population(1, neuro.LIF(tau_m=10.0, v_thresh=1e3, bias=0.25), label="cell")
    for k, weight in enumerate(weights):
        source = net.population(1, neuro.SpikeSourceArray(), label=f"s{k}")
        synapse = neuro.StaticSynapse(weight=weight)
        net.projection(source, cell, neuro.OneToOneConnector(), synapse, label=f"j{k}")
    cell.record("v")
    network = net.build()
    found = [neuro.Scale(target="cell", variable="v", exponent=28)]
    found += [neuro.Scale(target="cell", variable="input", exponent=29)]
    found += [neuro.Scale(target=f"j{k}", variable="w", exponent=4) for k in range(len(weights))]
    return replace(network, scales=tuple(found))


def away(numerator: int, shift: int) -> int:
    """``numerator * 2**-shift``, rounded half away from zero, saturated to int32."""
    if shift <= 0:
        exact = numerator << -shift
    else:
        exact = (abs(numerator) + (1 << (shift - 1))) >> shift
        exact = exact if numerator >= 0 else -exact
    return clamp(exact)


def clamp(x: int) -> int:
    return max(-(2**31), min(2**31 - 1, x))


def step_by_hand(v: int, weights: tuple[float, ...], bits: int) -> int:
    """``v = beta * v + input + bias`` in Python's integers: v in Q3.28, input in Q2.29."""
    high = 2 ** (bits - 1) - 1
    total = 0
    for weight in weights:
        stored = max(-high - 1, min(high, away(round(weight * 2**20), 16)))
        total = clamp(total + away(stored, 4 - 29))
    decay = float(np.exp(-0.1))
    exponent = 31  # the largest with which the decay fits into 31 bits
    beta = int(decay * 2**exponent + 0.5)
    decayed = away(beta * v, exponent)
    return clamp(clamp(decayed + away(total, 1)) + away(1, 2 - 28))


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(
    "weights",
    [
        (0.5,),
        (3.0, 3.0, -1.0),  # saturates, then comes back: the order counts
        (-1.0, 3.0, 3.0),
        (-3.0, -3.0, -3.0),
        (7.9, -7.9),
        (1000.0, -0.03125),
    ],
)
def test_a_cell_at_the_rail_does_what_the_integers_say(
    weights: tuple[float, ...], bits: int, backend: str
) -> None:
    network = cell_at_rail(bits, weights)
    steps = 12
    inputs = {f"s{k}": (np.arange(steps), np.zeros(steps, int)) for k in range(len(weights))}
    expected = [0]
    for step in range(steps):
        sent = weights if step else ()  # what is sent in a step arrives in the next
        expected.append(step_by_hand(expected[-1], sent, bits))
    with neuro.Session(network, backend=backend) as session:
        found = []
        for _ in range(steps):
            now = {name: ([0], [0]) for name in inputs}
            session.run(1, inputs=now)
            found.append(int(session.snapshot()["state/cell/v"][0]))
    assert found == expected[1:]


def test_the_order_of_events_is_part_of_the_meaning() -> None:
    first, second = (step_by_hand(0, weights, 8) for weights in ((3, 3, -1), (-1, 3, 3)))
    assert first != second


def weight_at_rail(bits: int, amplitude: float) -> Network:
    """One plastic synapse without bounds of its own, whose weight grows at every pair of spikes."""
    net = neuro.NetworkBuilder(
        dt=1.0, name="rail", format=neuro.fixed_point(7, 24, weight_bits=bits)
    )
    pre = net.population(1, neuro.SpikeSourceArray(), label="pre")
    post = net.population(1, neuro.SpikeSourceArray(), label="post")
    cell = net.population(1, neuro.LIF(v_thresh=60.0), label="cell")
    drive = neuro.StaticSynapse(weight=100.0)
    net.projection(post, cell, neuro.OneToOneConnector(), drive)
    rule = neuro.PairSTDP(
        pairing="nearest", weight=0.25, w_max=1e6, w_min=-1e6, A_plus=amplitude, A_minus=0.0
    )
    net.projection(pre, cell, neuro.OneToOneConnector(), rule, label="plastic")
    found = [neuro.Scale(target="plastic", variable="w", exponent=bits - 3)]  # less than 4
    return replace(net.build(), scales=tuple(found))


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("amplitude", [0.7, -0.9])
def test_a_weight_at_the_rail_stays_there(amplitude: float, bits: int, backend: str) -> None:
    network = weight_at_rail(bits, amplitude)
    exponent, high = bits - 3, 2 ** (bits - 1) - 1
    decay = float(np.exp(-1 / 20))
    trace = away(int(decay * 2**31 + 0.5) * 2**24, 31)  # one step after its spike, Q7.24
    mantissa = round(amplitude * 2**31)  # at the exponent with which the amplitude fits: 31
    change = away(mantissa * trace, 31 + 24 - exponent)
    expected, w = [], 2 ** (exponent - 2)
    for _ in range(12):
        w = max(-high - 1, min(high, w + change))
        expected.append(w)
    with neuro.Session(network, backend=backend) as session:
        found = []
        for _ in range(12):
            # Source and cell both spike at 1; the synapse sees the cell's spike at 2.
            session.run(20, inputs={"pre": ([1], [0]), "post": ([0], [0])})
            found.append(int(session.snapshot()["synapse/plastic/w"][0]))
    assert found == expected
    assert abs(found[-1]) in (high, high + 1)


CONSTANT = synapse_type(
    "constant", pre=trace("x : 1", on_spike="x = 1", each_step="x = 0.5 * x"), send="0.75"
)
"""A synapse whose events are all the same, whatever its weight."""


def test_an_event_may_be_a_constant() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="constant", seed=3, format=neuro.fixed_point(7, 24))
    noise = net.population(20, neuro.SpikeSourcePoisson(rate=200.0), label="noise")
    cells = net.population(20, neuro.LIF(), label="cells")
    synapse = neuro.CustomSynapse(CONSTANT, delay=neuro.Uniform(1.0, 3.0))
    net.projection(noise, cells, neuro.FixedProbabilityConnector(0.2), synapse)
    assert_same_everywhere(Case(net.build(), {}))


# What must be noticed


def halves_up(x: Any, s: int) -> Any:
    """A shift that rounds halves up, as ``(x + half) >> s`` does."""
    if s <= 0:
        return integer.saturated(np.asarray(integer.saturated(x), np.int64) << np.int64(-s))
    return integer.saturated((x + (np.int64(1) << np.int64(s - 1))) >> np.int64(s))


def truncated(x: Any, s: int) -> Any:
    """A shift that does not round."""
    return integer.saturated(x >> np.int64(s)) if s > 0 else halves_up(x, s)


HALVING = cell_type("halving", state="v : 1 = -1", update="v = 0.75 * v", spike="v > 1")
"""A cell whose products are often halves, and negative."""


@pytest.mark.parametrize("rounding", [halves_up, truncated])
def test_another_rounding_is_noticed(monkeypatch: pytest.MonkeyPatch, rounding: Any) -> None:
    net = neuro.NetworkBuilder(dt=1.0, format=neuro.fixed_point(7, 24))
    net.population(1, neuro.CustomCell(HALVING), label="cell")
    network = net.build()
    assert neuro.verify(network, steps=STEPS, progress=None).identical
    monkeypatch.setattr(integer, "_shifted", rounding)
    divergence = neuro.verify(network, steps=STEPS, progress=None).divergences["c"]
    assert divergence is not None
    assert divergence.variable == "state/cell/v"


def test_truncation_is_noticed_in_a_plastic_network(monkeypatch: pytest.MonkeyPatch) -> None:
    network = quantised(synapse_case("stdp all_to_all additive"), 8).network
    assert neuro.verify(network, steps=STEPS, progress=None).identical
    monkeypatch.setattr(integer, "_shifted", truncated)
    assert not neuro.verify(network, steps=STEPS, progress=None).identical


def test_undefined_behaviour_would_end_the_process() -> None:
    """Engines that trap on undefined behaviour run random networks, with saturation."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.backends.trapped"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "same"


# Refusals


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("AdEx", "cell type 'AdEx', update: 'exp((min(v, v_spike) - v_thresh) / delta_T)' has no"),
        ("IF_cond_exp", "cell type 'IF_cond_exp', update: 'exp(-rate * g)' has no exact integer"),
        ("noisy", "cell type 'noisy', update: 'normal()' has no exact integer form"),
    ],
)
def test_what_has_no_integer_form_is_named(name: str, what: str, backend: str) -> None:
    network = cell_case(name, neuro.fixed_point(7, 24)).network
    findings = neuro.check(network, backend)
    assert what in " ".join(map(str, findings))
    with pytest.raises(UnsupportedError) as caught:
        neuro.Session(network, backend=backend)
    assert what in str(caught.value)


def test_all_that_has_no_integer_form_is_named_at_once() -> None:
    network = cell_case("noisy", neuro.fixed_point(7, 24)).network
    found = {finding.what for finding in neuro.check(network, "c")}
    assert found == {
        "'normal()' has no exact integer form.",
        "'tanh(slow)' has no exact integer form.",
    }


def test_numba_says_that_it_cannot() -> None:
    network = cell_case("LIF value", neuro.fixed_point(7, 24)).network
    (finding,) = neuro.check(network, "numba")
    assert "fixed point does not run on 'numba'" in finding.what


# Sessions


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_values_are_numbers_outside_and_integers_inside(backend: str) -> None:
    network = scaled(cell_case("LIF value", neuro.fixed_point(7, 24)).network)
    with neuro.Session(network, backend=backend) as session:
        session.write("cells", "v", np.linspace(-1.0, 1.0, 20))
        values = session.read("cells", "v")
        stored = session.snapshot()["state/cells/v"]
        exponent = next(s.exponent for s in network.scales if s.variable == "v")
    assert values.dtype == np.float64
    assert stored.dtype == np.int32
    assert np.array_equal(values, stored * 2.0**-exponent)
    assert np.abs(values - np.linspace(-1.0, 1.0, 20)).max() <= 2.0 ** -(exponent + 1)


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_recordings_are_numbers(backend: str) -> None:
    made = quantised(synapse_case("hebbian"), 8).network
    original = synapse_case("hebbian").network
    network = replace(made, probes=original.probes)
    recording = neuro.simulate(network, STEPS, backend=backend)
    plain = neuro.simulate(original, STEPS, backend=backend)
    for target, variable in (("cells", "v"), ("plastic", "w")):
        values = recording.traces[target][variable].values
        assert values.dtype == np.float64
        assert np.abs(values - plain.traces[target][variable].values).mean() < 0.02


def test_a_checkpoint_goes_on_bit_for_bit_on_another_engine(tmp_path: Path) -> None:
    network = quantised(synapse_case("three-factor", delay=5.0), 8).network
    with neuro.Session(network, backend="reference") as session:
        session.run(30)
        path = session.save(tmp_path / "half.checkpoint")
        session.run(30)
        expected = session.snapshot()
    with neuro.Session(network, backend="c") as session:
        session.load(path)
        session.run(30)
        assert first_difference(expected, session.snapshot(), 60) is None


def test_a_snapshot_of_floats_is_refused() -> None:
    fixed, plain = (
        cell_case("LIF value", f).network for f in (neuro.fixed_point(7, 24), neuro.FLOAT32)
    )
    with (
        neuro.Session(fixed, backend="c") as a,
        neuro.Session(plain, backend="c") as b,
        pytest.raises(ParameterError, match="holds float32, not int32"),
    ):
        a.restore(b.snapshot())
