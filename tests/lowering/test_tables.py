"""Rings turn with the steps; arrays start cache lines; names suit every target."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.ir.declare import cell_type
from neuro.ir.expressions.library import definition
from neuro.ir.expressions.nodes import calls
from neuro.ir.expressions.parser import parse_expression
from neuro.lowering import memory
from neuro.lowering.library import library_functions
from neuro.lowering.symbols import safe_names
from neuro.lowering.tables import Ring


@pytest.mark.parametrize("step", [0, 1, 4, 5, 12])
def test_a_ring_is_read_from_the_step_that_is_due(step: int) -> None:
    ring = Ring(np.arange(10.0).reshape(5, 2))
    assert ring.depth == 5
    assert ring.ahead(step)[0].tolist() == ring.sums[step % 5].tolist()
    assert ring.ahead(step)[1].tolist() == ring.sums[(step + 1) % 5].tolist()
    other = Ring(np.zeros((5, 2)))
    other.set_ahead(step, ring.ahead(step))
    np.testing.assert_array_equal(other.sums, ring.sums)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("shape", [0, 1, 7, (3, 5), 5000])
def test_arrays_start_a_cache_line_and_are_their_own(
    shape: int | tuple[int, ...], dtype: type[np.generic]
) -> None:
    arrays = [memory.zeros(shape, dtype), memory.full(shape, 3, dtype), memory.empty(shape, dtype)]
    for array in arrays:
        assert array.ctypes.data % memory.LINE == 0 or not array.size
        assert array.dtype == dtype
        assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
    arrays[0][...] = 1
    assert (arrays[1] == 3).all()
    kept = memory.copy(arrays[1], dtype)
    arrays[1][...] = 4
    assert (kept == 3).all()


def test_large_arrays_do_not_all_start_at_one_place_of_a_page() -> None:
    arrays = [memory.zeros(4096, np.float64) for _ in range(8)]
    assert len({array.ctypes.data % 4096 for array in arrays}) > 4


def test_safe_names_are_distinct_identifiers_that_stay_where_they_can() -> None:
    wanted = ["v", "β", "uniform$0", "while", "nr_x", "_a", "v_at", "x_while", "ub2", "²"]
    names = safe_names(wanted, {"while"})
    assert names["v"] == "v"
    assert len(set(names.values())) == len(wanted)
    for name in names.values():
        assert name.isidentifier()
        assert name.isascii()
        assert name != "while"
        assert not name.startswith(("nr_", "_"))
        assert not name.endswith(("_at", "_chain"))


@pytest.mark.parametrize("backend", ["reference", "c", "numba"])
def test_variables_named_like_generated_code_are_told_apart(backend: str) -> None:
    kind = cell_type(
        "names",
        state="x_v : 1 = 1\n v_at : 1 = 20\n v_atx : 1 = 300\n double : 1 = 4000\n β_chain : 1",
        update="x_v = x_v + v_at; v_at = v_at + 1; v_atx = v_atx + double; β_chain = x_v + double",
    )
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(2, neuro.CustomCell(kind), label="cells")
    with neuro.Session(net.build(), backend=backend) as session:
        session.run(2)
        found = {v.name: session.read("cells", v.name)[0] for v in kind.state}
    assert found == {"x_v": 42, "v_at": 22, "v_atx": 8300, "double": 4000, "β_chain": 4042}


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_library_functions_come_after_what_they_call(precision: str) -> None:
    expression = parse_expression("sigmoid(x) + tanh(y) + normal_quantile(z) + exprel(x)")
    ordered = library_functions([expression], precision)  # type: ignore[arg-type]
    assert {"sigmoid", "tanh", "normal_quantile", "exprel"} <= set(ordered)
    assert len(ordered) == len(set(ordered))
    for place, name in enumerate(ordered):
        body = definition(name, precision).body  # type: ignore[arg-type]
        called = {function for step in body for function in calls(step.value)}
        later = set(ordered[place:])
        assert not called & later, name
