"""The order in which what arrives at a port is added, on every engine.

In float32 the sum of 1e8, 1 and -1e8 depends on the order.  Each port of a meter receives the three
numbers in one way, and each of its six cells receives another permutation of them.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.declare import cell_type

ENGINES = ["reference", "c", "numba"]
T = 20
"""The step looked at; sources have spiked in each step before."""
ORDERS = np.array(list(permutations([1e8, 1.0, -1e8])))
FREE = (
    "pre_index",
    "declaration",
    "synapse_order",
    "axonal",
    "ring_pre_index",
    "ring_declaration",
    "ring_synapse_order",
    "ring_axonal",
    "ring_sending_step",
    "currents",
    "graded",
    "ring_direct_current",
    "direct_current_graded",
)
METER = cell_type(
    "meter",
    parameters="start : 1 = 0",
    state="\n".join([*(f"got_{port} : 1" for port in FREE), "bound : 1 = start", "got_bound : 1"]),
    ports="\n".join([*(f"{port} : 1" for port in FREE), "bound_port : 1 -> bound"]),
    update="\n".join(
        [*(f"got_{port} = {port}" for port in FREE), "got_bound = bound", "bound = start"]
    ),
)
"""Notes what arrived at each port; what comes to the bound one is added to `start`."""
ONE = cell_type("one", state="value : 1 = 1", update="value = 1")


def in_float32(numbers: Any) -> np.float32:
    total = np.float32(0)
    for number in numbers:
        total = np.float32(total + np.float32(number))
    return total


class Builder:
    """Builds the network: three sources that spike all the time, and the meters."""

    def __init__(self) -> None:
        self.net = neuro.NetworkBuilder(dt=1.0)
        times = [np.arange(T)] * 3
        self.sources = self.net.population(3, neuro.SpikeSourceArray(times), label="sources")
        self.one = self.net.population(1, neuro.CustomCell(ONE), label="one")
        meter = neuro.CustomCell(METER, start=ORDERS[:, 0])
        self.meters: PopulationHandle = self.net.population(6, meter, label="meters")

    def listed(self, port: str, rows: list[tuple[float, ...]], fraction: float = 1.0) -> None:
        """One projection with rows (source, cell, weight, delay)."""
        synapse = neuro.StaticSynapse(dendritic_delay_fraction=fraction)
        connector = neuro.FromListConnector(rows)
        self.net.projection(self.sources, self.meters, connector, synapse, receptor_type=port)

    def by_pre_index(self, port: str, delays: tuple[float, float, float], fraction: float) -> None:
        """Cell j gets its numbers from sources 0, 1, 2."""
        rows = [
            (source, cell, ORDERS[cell, source], delays[source])
            for cell in range(6)
            for source in range(3)
        ]
        self.listed(port, rows, fraction)

    def from_one(self, port: str, place: int, delay: float) -> None:
        """Cell j gets the number at `place` of its order from the last source, all at once."""
        self.listed(port, [(2, cell, ORDERS[cell, place], delay) for cell in range(6)])

    def current(self, port: str, place: int) -> None:
        source = neuro.StepCurrentSource([float(T)], [ORDERS[:, place]])
        self.net.inject(source, self.meters, port=port)

    def graded(self, port: str, place: int) -> None:
        self.net.graded_projection(
            self.one,
            "value",
            self.meters,
            neuro.AllToAllConnector(),
            weight=ORDERS[:, place],
            receptor_type=port,
        )


def network() -> neuro.Network:
    b = Builder()
    b.by_pre_index("pre_index", (1.0, 1.0, 1.0), 1.0)
    b.by_pre_index("ring_pre_index", (2.0, 2.0, 2.0), 1.0)
    # One dendritic step, or two, behind axons of which that of source 0 is the longest.
    b.by_pre_index("axonal", (10.0, 9.0, 8.0), 0.1)
    b.by_pre_index("ring_axonal", (18.0, 17.0, 16.0), 0.1)
    for place in range(3):
        b.from_one("declaration", place, 1.0)
        b.from_one("ring_declaration", place, 2.0)
        b.current("currents", place)
        b.graded("graded", place)
    for port, delay in [("synapse_order", 1.0), ("ring_synapse_order", 2.0)]:
        b.listed(port, [(1, c, ORDERS[c, k], delay) for k in range(3) for c in range(6)])
    for place in (2, 1, 0):
        b.from_one("ring_sending_step", place, 4.0 - place)
    b.current("ring_direct_current", 2)
    b.from_one("ring_direct_current", 1, 1.0)
    b.from_one("ring_direct_current", 0, 2.0)
    b.graded("direct_current_graded", 2)
    b.current("direct_current_graded", 1)
    b.from_one("direct_current_graded", 0, 1.0)
    b.from_one("bound_port", 2, 1.0)
    b.from_one("bound_port", 1, 2.0)
    return b.net.build()


@pytest.fixture(scope="module", params=ENGINES)
def sums(request: pytest.FixtureRequest) -> dict[str, list[float]]:
    """What each port of the six meters received in step `T`."""
    with neuro.Session(network(), backend=request.param) as session:
        session.run(T + 1)
        names = [*FREE, "bound"]
        return {name: session.read("meters", f"got_{name}").tolist() for name in names}


def test_the_three_numbers_tell_apart_which_is_added_last() -> None:
    assert [in_float32(order) for order in ORDERS] == [0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("port", [*FREE, "bound"])
def test_numbers_are_added_in_the_order_of_the_specification(
    port: str, sums: dict[str, list[float]]
) -> None:
    assert sums[port] == [in_float32(order) for order in ORDERS]


@pytest.mark.parametrize("backend", ENGINES)
def test_a_ring_is_summed_from_zero_and_added_at_once(backend: str) -> None:
    b = Builder()
    b.listed("bound_port", [(0, c, w, 2.0) for c in range(6) for w in (1e8, -1e8)])
    with neuro.Session(b.net.build(), backend=backend) as session:
        session.run(T + 1)
        found = session.read("meters", "got_bound")
    assert found.tolist() == ORDERS[:, 0].astype(np.float32).tolist()


@pytest.mark.parametrize("backend", ENGINES)
def test_poisson_events_stand_among_currents_in_declaration_order(backend: str) -> None:
    alone, mixed = Builder(), Builder()
    drive = {"rate": 3000.0, "weight": 1.0, "receptor_type": "currents", "label": "noise"}
    alone.net.poisson_input(alone.meters, **drive)
    for amplitude in (1e8, None, -1e8):
        if amplitude is None:
            mixed.net.poisson_input(mixed.meters, **drive)
        else:
            mixed.net.inject(neuro.DCSource(amplitude), mixed.meters, port="currents")
    found = []
    for builder in (alone, mixed):
        with neuro.Session(builder.net.build(), backend=backend, seed=4) as session:
            session.run(T + 1)
            found.append(session.read("meters", "got_currents"))
    counts, sums = found
    assert counts.min() >= 0
    assert counts.max() > 1
    assert sums.tolist() == [in_float32([1e8, count, -1e8]) for count in counts]
