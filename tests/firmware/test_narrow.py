"""Sums of events have 16 bits where they cannot be larger, and the same values as with 32."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neuro
from neuro.backends.firmware.generate import generate
from neuro.ir.declare import cell_type
from neuro.ir.network import Network, Scale, fixed_point
from tests.firmware.compare import difference

CELL = cell_type("Sum", state="total : 1 = 0", ports="input : 1", update="total = input")
BOUND = cell_type(
    "Bound", state="total : 1 = 0", ports="input : 1 -> total", update="total = total"
)
STEPS = 6


def network(
    count: int,
    weight: float = 127.0,
    *,
    delay: object = 1.0,
    weight_bits: int = 8,
    poisson: bool = False,
    synapse: neuro.Synapse | None = None,
    cell: object = CELL,
) -> Network:
    """`count` sources onto three cells, with whole numbers as weights."""
    format = fixed_point(31, 0, weight_bits=weight_bits)
    net = neuro.NetworkBuilder(dt=1.0, name="sums", seed=1, format=format)
    pre = net.population(count, neuro.SpikeSourceArray(), label="pre")
    post = net.population(3, neuro.CustomCell(cell), label="post")  # type: ignore[arg-type]
    made = synapse or neuro.StaticSynapse(
        weight=np.full(3 * count, weight),
        delay=delay,  # type: ignore[arg-type]
    )
    net.projection(pre, post, neuro.AllToAllConnector(), made, label="to")
    if poisson:
        net.poisson_input(post, rate=50.0, weight=3.0)
    names = [("post", "total"), ("to", "w")] + [("post", "input")] * (cell is CELL)
    scales = tuple(Scale(target=t, variable=v, exponent=0) for t, v in names)
    return replace(net.build(), scales=scales)


def everyone(count: int) -> dict[str, tuple[list[int], list[int]]]:
    """All sources spike in steps 0 and 1."""
    return {"pre": ([0] * count + [1] * count, [*range(count), *range(count)])}


def bits(made: Network) -> set[int]:
    """How many bits the sums of events have."""
    variables = generate(made, 0, "sums").static.memory.variables
    return {8 * v.dtype.itemsize for v in variables if v.part == "rings"}


@pytest.mark.parametrize("delay", [1.0, 4.0, neuro.Uniform(1.0, 5.0)], ids=["one", "four", "many"])
@pytest.mark.parametrize(
    ("count", "weight", "expected"),
    [(258, 127.0, 16), (258, -127.0, 16), (259, 127.0, 32), (255, -128.0, 16), (256, -128.0, 32)],
)
def test_sums_are_narrow_up_to_the_last_one_that_fits(
    count: int, weight: float, expected: int, delay: object
) -> None:
    made = network(count, weight, delay=delay)
    assert bits(made) == {expected}
    assert difference(made, STEPS, everyone(count)) is None


def test_the_sum_arrives_whole() -> None:
    with neuro.Session(network(258, delay=2.0), backend="cortex-m", options={"board": "host"}) as s:
        s.run(3, inputs=everyone(258))
        assert s.read("post", "total").tolist() == [258 * 127.0] * 3


def test_one_cell_that_gets_more_makes_all_wide() -> None:
    made = network(2)
    weights = np.full(6, 127.0)
    assert bits(made) == {16}
    wide = network(2, weight_bits=16)
    to = replace(wide.projections[0], weight=weights * [1, 1, 257, 1, 1, 1])
    assert bits(replace(wide, projections=(to,))) == {16}
    to = replace(wide.projections[0], weight=weights * [1, 1, 258, 1, 1, 1])
    assert bits(replace(wide, projections=(to,))) == {32}


def test_plastic_weights_count_as_the_largest_that_can_be_stored() -> None:
    def plastic() -> neuro.Synapse:
        return neuro.Hebbian(weight=4.0, eta=1.0, w_min=0.0, w_max=100.0, delay=2.0)

    assert bits(network(255, synapse=plastic())) == {16}
    assert bits(network(256, synapse=plastic())) == {32}


def test_sums_that_something_else_reaches_are_wide() -> None:
    made = network(5, poisson=True, delay=3.0)
    assert bits(made) == {32}
    assert difference(made, STEPS, everyone(5)) is None


def test_a_port_that_is_a_variable_has_a_narrow_ring_but_a_wide_variable() -> None:
    made = network(5, cell=BOUND, delay=neuro.Uniform(1.0, 4.0))
    assert bits(made) == {16}
    assert difference(made, STEPS, everyone(5)) is None
    assert bits(network(5, cell=BOUND, delay=3.0)) <= {16}


def test_floats_stay_as_they_are() -> None:
    made = replace(network(5), format=neuro.FLOAT32, scales=())
    assert bits(made) == {32}


def test_a_state_that_does_not_fit_is_refused() -> None:
    with neuro.Session(network(5, delay=4.0), backend="reference") as session:
        session.run(2, inputs=everyone(5))
        snapshot = session.snapshot()
    (name,) = (key for key in snapshot if key.startswith("pending/") or "ring" in key)
    snapshot[name] = snapshot[name] + 40_000
    with (
        neuro.Session(network(5, delay=4.0), backend="cortex-m", options={"board": "host"}) as s,
        pytest.raises(neuro.NeuroError, match="16 bits"),
    ):
        s.restore(snapshot)
