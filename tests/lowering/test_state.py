"""State is read and written the same on every engine, however synapses lie in its tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError

ENGINES: list[tuple[str, dict[str, Any]]] = [
    ("reference", {}),
    ("c", {"threads": 1}),
    ("c", {"threads": 3}),
    ("c", {"threads": 2, "defer": True}),
    ("numba", {}),
]
SYNAPSES: dict[str, Callable[[], neuro.Synapse]] = {
    "direct": lambda: neuro.StaticSynapse(weight=0.5),
    "ring": lambda: neuro.StaticSynapse(weight=0.5, delay=4.0),
    "drawn": lambda: neuro.StaticSynapse(
        weight=neuro.Uniform(0.0, 1.0), delay=neuro.Uniform(1.0, 5.0)
    ),
    "stdp": lambda: neuro.PairSTDP(weight=0.5, delay=3.0),
    "three factors": lambda: neuro.ThreeFactorSTDP(weight=neuro.Uniform(0.0, 1.0)),
}


def network(synapse: neuro.Synapse, p_connect: float) -> neuro.Network:
    net = neuro.NetworkBuilder(dt=1.0, seed=1)
    source = net.population(70, neuro.SpikeSourceArray([[1, 2]] * 70), label="source")
    cells = net.population(200, neuro.LIF(), label="cells")
    connector = neuro.FixedProbabilityConnector(p_connect)
    handle = net.projection(source, cells, connector, synapse, label="synapses")
    handle.record("w")
    return net.build()


@pytest.mark.parametrize("kind", list(SYNAPSES))
@pytest.mark.parametrize(("backend", "options"), ENGINES)
def test_a_projection_without_synapses_can_be_run_read_written_and_restored(
    backend: str, options: dict[str, Any], kind: str
) -> None:
    empty = network(SYNAPSES[kind](), 0.0)
    with neuro.Session(empty, backend=backend, options=options) as session:
        recording = session.run(5)
        assert recording.traces["synapses"]["w"].values.shape == (5, 0)
        assert session.read("synapses").shape == (0,)
        session.write("synapses", "w", [])
        session.write("synapses", "w", 3.0)
        snapshot = session.snapshot()
        assert snapshot["synapse/synapses/w"].shape == (0,)
        session.restore(snapshot)
        session.run(2)
        assert session.step == 7


@pytest.mark.parametrize("kind", ["drawn", "stdp", "three factors"])
def test_weights_are_read_and_written_in_the_order_of_synapses(kind: str) -> None:
    full = network(SYNAPSES[kind](), 0.1)
    found = []
    for backend, options in ENGINES:
        with neuro.Session(full, backend=backend, options=options) as session:
            before = session.read("synapses")
            mine = np.linspace(0.0, 0.05, len(before)).astype(np.float32)
            session.write("synapses", "w", mine)
            np.testing.assert_array_equal(session.read("synapses"), mine)
            session.run(8)
            found.append((before, session.read("cells", "v"), session.read("synapses")))
    assert len(set(found[0][1].tolist())) > 100, "every cell has weights of its own"
    for others in found[1:]:
        for theirs, own in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(theirs, own)


@pytest.mark.parametrize(("backend", "options"), ENGINES)
@pytest.mark.parametrize("kind", ["direct", "ring"])
def test_one_weight_for_all_can_be_replaced_by_one_and_not_by_many(
    backend: str, options: dict[str, Any], kind: str
) -> None:
    full = network(SYNAPSES[kind](), 0.1)
    with neuro.Session(full, backend=backend, options=options) as session:
        session.write("synapses", "w", 0.25)
        assert set(session.read("synapses").tolist()) == {0.25}
        different = np.linspace(0.0, 1.0, len(session.read("synapses")))
        with pytest.raises(ParameterError, match="array of weights"):
            session.write("synapses", "w", different)
        assert set(session.read("synapses").tolist()) == {0.25}


@pytest.mark.parametrize(("backend", "options"), ENGINES)
def test_what_is_read_is_a_copy(backend: str, options: dict[str, Any]) -> None:
    full = network(SYNAPSES["stdp"](), 0.1)
    with neuro.Session(full, backend=backend, options=options) as session:
        for target, variable in [("synapses", "w"), ("cells", "v")]:
            kept = session.read(target, variable).copy()
            session.read(target, variable)[...] = 77.0
            np.testing.assert_array_equal(session.read(target, variable), kept)
