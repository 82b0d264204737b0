"""Convolutions, pooling and matrices run as such: the bits of the reference, and nothing is listed."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import neuro
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.ir.connectivity import Convolution, Pooling, output_shape
from neuro.ir.network import Network, Probe
from neuro.ir.resolve import connections, is_structured, synapses
from neuro.lowering.lower import lower
from neuro.recording.collect import MemorySink
from neuro.simulation.verify import first_difference
from tests.ir.test_grid import geometries
from tests.structured import FORMS, STEPS, forms, in_fixed_point, listed

C: list[tuple[str, dict[str, Any]]] = [("c", {"threads": 1}), ("c", {"threads": 2})]
ALL = [("reference", {}), *C, ("numba", {})]
OTHERS = [("torch", "torch"), ("brian2", "brian2")]


def session(network: Network, backend: str, **options: Any) -> neuro.Session:
    return neuro.Session(network, backend=backend, options=options)


def assert_same(network: Network, engines: list[tuple[str, dict[str, Any]]]) -> None:
    """All engines have the state of the reference in the middle of the run and at its end."""
    with session(network, "reference") as expected:
        others = [session(network, backend, **options) for backend, options in engines]
        for part in (2, STEPS - 2):
            spikes = expected.run(part).spikes
            for one in others:
                one.run(part)
                difference = first_difference(expected.snapshot(), one.snapshot(), expected.step)
                assert difference is None, f"{one.provenance.backend}: {difference}"
                one.close() if part > 2 else None
    silent = [name for name in spikes if not len(spikes[name].step)]
    assert not silent, "every form makes cells fire"


@pytest.mark.parametrize(
    ("format", "delay"), [(neuro.FLOAT32, 1), (neuro.FLOAT64, 3)], ids=["float32", "float64"]
)
def test_engines_give_the_bits_of_the_reference(format: Any, delay: int) -> None:
    assert_same(forms(format, delay=delay), [*C, ("numba", {})])


@pytest.mark.parametrize("bits", [8, 16])
def test_fixed_point_gives_the_bits_of_the_reference(bits: int) -> None:
    network = in_fixed_point(bits, delay=bits // 8)
    assert all(is_structured(p) for p in network.projections if p.name in FORMS)
    assert_same(network, C)


def test_lists_of_the_same_synapses_give_the_same_spikes() -> None:
    made = forms()
    found = [neuro.simulate(one, steps=STEPS, backend="c") for one in (made, listed(made))]
    for name, spikes in found[0].spikes.items():
        np.testing.assert_array_equal(spikes.step, found[1].spikes[name].step)
        np.testing.assert_array_equal(spikes.index, found[1].spikes[name].index)


def test_a_run_goes_on_from_another_engines_snapshot() -> None:
    network = forms(delay=2)
    with session(network, "reference") as whole:
        whole.run(STEPS)
        end = whole.snapshot()
    snapshot = None
    for backend, options in (("numba", {}), ("c", {"threads": 2}), ("reference", {})):
        with session(network, backend, **options) as one:
            if snapshot is not None:
                one.restore(snapshot)
            one.run(STEPS // 3)
            snapshot = one.snapshot()
    assert snapshot is not None
    assert first_difference(end, snapshot, STEPS) is None


@pytest.mark.parametrize(("backend", "options"), ALL)
def test_weights_are_read_and_written_as_they_are_stored(
    backend: str, options: dict[str, Any]
) -> None:
    network = forms(names=("plain", "sum", "dense", "beyond"))
    with session(network, backend, **options) as one:
        kernel = network.projection("plain").weight
        np.testing.assert_array_equal(one.read("plain"), np.ravel(kernel))
        assert one.read("sum").tolist() == [np.float32(0.3)]
        assert one.read("beyond").tolist() == [np.float32(0.15)]
        assert one.read("dense").shape == (prod((4, 5, 7)) * 90,)
        other = np.linspace(-0.2, 0.5, np.size(kernel)).astype(np.float32)
        one.write("plain", "w", other)
        one.write("sum", "w", 0.4)
        assert one.read("sum").tolist() == [np.float32(0.4)]
        np.testing.assert_array_equal(one.read("plain"), other)
        np.testing.assert_array_equal(one.snapshot()["synapse/plain/w"], other)
        one.run(STEPS)
        changed = one.snapshot()
    new = {"plain": other.reshape(np.shape(kernel)), "sum": 0.4}
    projections = tuple(replace(p, weight=new.get(p.name, p.weight)) for p in network.projections)
    with session(replace(network, projections=projections), "reference") as built:
        built.run(STEPS)
        assert first_difference(built.snapshot(), changed, STEPS) is None


def test_weights_are_recorded_as_they_are_stored() -> None:
    made = forms(names=("plain",))
    made = replace(made, probes=(Probe(target="plain", variable="w", every=5),))
    for backend in ("reference", "c", "numba"):
        values = neuro.simulate(made, steps=6, backend=backend).traces["plain"]["w"].values
        assert values.shape == (2, 6 * 4 * 9)


def test_what_is_plastic_or_has_many_delays_keeps_its_lists() -> None:
    made = forms(names=("plain", "sum"))
    plain = made.projection("plain")
    count = synapses(made, plain, 0).count
    delays = replace(plain, delay=np.arange(count) % 3 + 1)
    several = replace(made.projection("sum"), weight=np.linspace(0.1, 0.4, 4 * 2 * 2 * 6))
    new = {"plain": delays, "sum": several}
    network = replace(made, projections=tuple(new.get(p.name, p) for p in made.projections))
    assert not is_structured(delays)
    assert not is_structured(several)
    assert connections(network, delays, 0).stored == count
    assert_same(network, [*C, ("numba", {})])


def large(cells: int) -> Network:
    """A convolution with 9 * 64 * 64 synapses a place, onto neurons that are all there is."""
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    side = (64, cells, cells)
    size = prod(side)
    pre = net.population(size, neuro.SpikeSourceArray([[1.0]] + [[]] * (size - 1)), label="pre")
    post = net.population(size, neuro.LIF(), label="post")
    connector = neuro.ConvolutionConnector(side, (64, 64, 3, 3), padding=1)
    kernel = np.full((64, 64, 3, 3), 0.01, np.float32)
    net.projection(pre, post, connector, neuro.StaticSynapse(weight=kernel), label="wide")
    return net.build()


@pytest.mark.parametrize("fixed", [False, True])
def test_nothing_is_expanded_while_a_network_is_checked_lowered_and_run(fixed: bool) -> None:
    network = large(32)
    if fixed:
        network = replace(network, format=neuro.ir.network.fixed_point(15, 16, weight_bits=8))
    projection = network.projection("wide")
    made = connections(network, projection, 0)
    assert made.count > 36_000_000
    backend = get_backend("c")
    tracemalloc.start()
    try:
        assert not neuro.check(network, target="c")
        engine = backend.compile(network, backend.Options(threads=2), 0)
        engine.advance(3, drive_of(network), MemorySink())
        snapshot = engine.snapshot()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert snapshot["synapse/wide/w"].shape == (64 * 64 * 9,)
    assert peak < made.count / 2, "less than half a byte a synapse, with all states and spikes"
    assert np.count_nonzero(snapshot["state/post/v"]) == 64 * 4 or fixed


def test_tables_hold_weights_once() -> None:
    network = forms()
    tables = lower(network, 0, threads=2)
    for name, form in FORMS.items():
        groups = tables.groups(name)
        stored = connections(network, network.projection(name), 0)
        assert {len(g.target) for g in groups} == {0}
        assert sum(g.last - g.first for g in groups) == stored.n_post
        arrays = {id(a): a.size for g in groups for a in g.state.values()}
        one = isinstance(network.projection(name).weight, float)
        assert list(arrays.values()) == ([] if one else [stored.stored]), form


@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(geometries(), st.integers(0, 99))
def test_geometries_drawn_at_random(connectivity: Convolution | Pooling, seed: int) -> None:
    shape = output_shape(connectivity)
    assume(min(shape) > 0 and prod(shape) < 500)
    rng, n_pre = np.random.default_rng(seed), prod(connectivity.input_shape)
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    times = [np.flatnonzero(own).astype(float).tolist() for own in rng.random((n_pre, 6)) < 0.4]
    pre = net.population(n_pre, neuro.SpikeSourceArray(times), label="pre")
    post = net.population(prod(shape), neuro.LIF(), label="post")
    net.projection(pre, post, neuro.DenseConnector(), neuro.StaticSynapse(weight=0.3), label="to")
    made = net.build()
    weight: Any = 0.3
    if isinstance(connectivity, Convolution):
        weight = rng.normal(0.1, 0.3, connectivity.kernel_shape).astype(np.float32)
    node = replace(made.projections[0], connectivity=connectivity, weight=weight)
    network = replace(made, projections=(node,))
    with session(network, "reference") as expected:
        expected.run(6)
        for backend, options in (*C, ("numba", {})):
            with session(network, backend, **options) as one:
                one.run(6)
                assert first_difference(expected.snapshot(), one.snapshot(), 6) is None


@pytest.mark.parametrize(("backend", "package"), OTHERS)
def test_backends_with_lists_give_weights_as_they_are_stored(backend: str, package: str) -> None:
    pytest.importorskip(package)
    network = forms(delay=2, names=("plain", "sum", "line", "beyond"))
    found = []
    for name in ("reference", backend):
        with session(network, name) as one:
            one.run(10)
            one.write("plain", "w", one.read("plain") * 2)
            one.write("sum", "w", 0.25)
            middle = one.snapshot()
            one.run(6)
            end = one.snapshot()
            one.restore(middle)
            one.run(6)
            found.append((middle, end, one.snapshot()))
    for theirs, mine in zip(*found, strict=True):
        assert theirs.keys() == mine.keys()
        assert first_difference(theirs, mine, 16) is None
