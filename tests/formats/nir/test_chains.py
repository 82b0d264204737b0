"""Convolutions and poolings in a row become one convolution with the product's synapses."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuro
from neuro.formats.nir.chains import merged
from neuro.ir.connectivity import Convolution, Pooling, Sparse, output_shape
from neuro.ir.expansion import expand
from neuro.ir.network import Network

Window = Convolution | Pooling


def conv(shape: tuple[int, ...], out: int, kernel: tuple[int, ...], **given: Any) -> Convolution:
    axes, groups = len(kernel), given.pop("groups", 1)
    plain = {"stride": (1,) * axes, "padding": (0,) * axes, "dilation": (1,) * axes}
    return Convolution(
        input_shape=shape,
        kernel_shape=(out, shape[0] // groups, *kernel),
        groups=groups,
        **{**plain, **given},
    )


def pool(shape: tuple[int, ...], window: tuple[int, ...], **given: Any) -> Pooling:
    plain = {"stride": window, "padding": (0,) * len(window)}
    return Pooling(input_shape=shape, window=window, **{**plain, **given})


def matrix(window: Window, weight: Any) -> Any:
    """Shape (n_pre, n_post)."""
    n_pre, n_post = prod(window.input_shape), prod(output_shape(window))
    rows = expand(window, n_pre, n_post, 0)
    found = np.zeros((n_pre, n_post))
    places = rows.kernel_index
    each = np.full(rows.count, weight) if places is None else np.ravel(weight)[places]
    found[rows.sources(), rows.indices] = each
    return found


def weight_of(window: Window, seed: int = 0) -> Any:
    if isinstance(window, Pooling):
        return np.asarray(0.25)
    return np.random.default_rng(seed).integers(1, 9, window.kernel_shape).astype(np.float64)


def assert_product(first: Window, second: Window) -> bool:
    """If they become one, it is their product; says whether they do."""
    weights = weight_of(first), weight_of(second, 1)
    made = merged(first, weights[0], second, weights[1])
    if made is None:
        return False
    product = matrix(first, weights[0]) @ matrix(second, weights[1])
    np.testing.assert_array_equal(matrix(*made), product)
    rows = expand(made[0], product.shape[0], product.shape[1], 0)
    assert rows.count == np.count_nonzero(product), "no synapses but those of the product"
    return True


CHAINS = {
    "pool, conv": (pool((3, 8, 8), (2, 2)), conv((3, 4, 4), 5, (3, 3), padding=(1, 1))),
    "conv, pool": (conv((2, 9, 9), 4, (3, 3), padding=(1, 1)), pool((4, 9, 9), (3, 3))),
    "strided conv, pool": (conv((2, 11, 7), 4, (3, 2), stride=(2, 1)), pool((4, 5, 6), (5, 2))),
    "conv, conv": (conv((2, 6, 6), 3, (3, 3)), conv((3, 4, 4), 2, (2, 2))),
    "grouped conv, pool": (conv((4, 6, 6), 4, (3, 3), groups=2), pool((4, 4, 4), (2, 2))),
    "pool, depthwise": (pool((4, 6, 6), (2, 2)), conv((4, 3, 3), 4, (2, 2), groups=4)),
    "pool, pool": (pool((2, 12, 6), (2, 2)), pool((2, 6, 3), (3, 1))),
    "a rest": (pool((1, 7, 7), (2, 2)), conv((1, 3, 3), 1, (3, 3), padding=(1, 1))),
    "pool, conv, pool": (conv((1, 9, 8), 2, (2, 2), pool=(2, 2)), pool((2, 3, 3), (3, 3))),
    "lines": (pool((2, 12), (2,)), conv((2, 6), 3, (3,), stride=(2,), padding=(1,))),
}
APART = {
    "padding between": (conv((1, 6, 6), 1, (3, 3)), conv((1, 4, 4), 1, (3, 3), padding=(1, 1))),
    "gaps": (pool((1, 9, 9), (2, 2), stride=(3, 3)), conv((1, 3, 3), 1, (2, 2))),
    "groups": (
        conv((4, 6, 6), 4, (3, 3), groups=2),
        conv((4, 4, 4), 4, (2, 2), groups=4),
    ),
    "three": (conv((1, 9, 9), 2, (2, 2), pool=(2, 2)), conv((2, 3, 3), 1, (2, 2), pool=(2, 2))),
}


@pytest.mark.parametrize("name", CHAINS)
def test_two_windows_become_one(name: str) -> None:
    assert assert_product(*CHAINS[name])


@pytest.mark.parametrize("name", APART)
def test_what_no_window_does_stays_apart(name: str) -> None:
    first, second = APART[name]
    assert merged(first, weight_of(first), second, weight_of(second)) is None


@settings(max_examples=80, deadline=None, database=None)
@given(st.data())
def test_windows_drawn_at_random(data: st.DataObject) -> None:
    def window(shape: tuple[int, ...]) -> Window:
        few = st.tuples(st.integers(1, 3), st.integers(1, 3))
        given: dict[str, Any] = {
            "stride": data.draw(few),
            "padding": data.draw(st.tuples(st.integers(0, 1), st.integers(0, 1))),
        }
        kernel = data.draw(few)
        if data.draw(st.booleans()):
            return pool(shape, kernel, **given)
        return conv(shape, data.draw(st.integers(1, 2)), kernel, dilation=data.draw(few), **given)

    first = window((2, 8, 7))
    if min(output_shape(first)) < 1:
        return
    second = window(output_shape(first))
    if min(output_shape(second)) >= 1:
        assert_product(first, second)


def graph(*nodes: Any, shape: tuple[int, ...]) -> Any:
    names = {f"n{k}": item for k, item in enumerate(nodes)}
    ends = {
        "input": nir.Input(np.array(shape)),
        **names,
        "output": nir.Output(np.array([nodes[-1].r.size])),
    }
    order = list(ends)
    edges = list(pairwise(order))
    return nir.NIRGraph(ends, edges, type_check=False)


def network(*nodes: Any, shape: tuple[int, ...]) -> Network:
    made = graph(*nodes, shape=shape)
    return neuro.from_nir(made, profile="sinabs", dt=1e-3).network


def cells(count: int) -> Any:
    one = np.ones(count, np.float32)
    return nir.IF(r=one, v_threshold=one)


def convolution(kernel: Any, padding: Any, shape: tuple[int, int]) -> Any:
    return nir.Conv2d(input_shape=shape, weight=kernel, stride=1, padding=padding, dilation=1,
                      groups=1, bias=np.zeros(len(kernel), np.float32))  # fmt: skip


def test_a_pooling_before_a_convolution_leaves_one_convolution() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 2, 3, 3)).astype(np.float32)
    two = np.array([2, 2])
    average = nir.AvgPool2d(kernel_size=two, stride=two, padding=np.array([0, 0]))
    made = network(average, convolution(kernel, 1, (4, 4)), cells(48), shape=(2, 8, 8))
    (projection,) = made.projections
    assert isinstance(projection.connectivity, Convolution)
    assert projection.connectivity.pool == (2, 2)
    np.testing.assert_array_equal(projection.weight, kernel / 4)


def test_a_pooling_before_a_matrix_keeps_the_matrix() -> None:
    weight = np.random.default_rng(0).normal(size=(5, 2 * 4 * 4)).astype(np.float32)
    two = np.array([2, 2])
    total = nir.SumPool2d(kernel_size=two, stride=two, padding=np.array([0, 0]))
    flat = nir.Flatten(input_type={"input": np.array([2, 4, 4])}, start_dim=0)
    made = network(total, flat, nir.Linear(weight=weight), cells(5), shape=(2, 8, 9))
    (projection,) = made.projections
    connectivity = projection.connectivity
    assert isinstance(connectivity, Convolution)
    assert projection.weight.size == weight.size  # type: ignore[union-attr]
    pooled = matrix(pool((2, 8, 9), (2, 2)), 1.0)
    np.testing.assert_array_equal(matrix(connectivity, projection.weight), pooled @ weight.T)
    written = neuro.to_nir(made)
    graph = getattr(written, "graph", written)
    kinds = [type(n).__name__ for n in graph.nodes.values()]
    assert {"SumPool2d", "Conv2d"} <= set(kinds)
    assert neuro.from_nir(graph).network == made


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
def test_same_pads_behind_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch")
    kernel = np.random.default_rng(1).normal(size=(3, 2, 2, 4)).astype(np.float32)
    made = network(convolution(kernel, "same", (5, 6)), cells(90), shape=(2, 5, 6))
    (projection,) = made.projections
    connectivity = projection.connectivity
    assert isinstance(connectivity, Convolution)
    assert (connectivity.padding, connectivity.padding_end) == ((0, 1), (1, 2))
    x = np.random.default_rng(2).normal(size=60)
    conv2d = torch.nn.functional.conv2d
    given = torch.from_numpy(x.reshape(1, 2, 5, 6))
    expected = conv2d(given, torch.from_numpy(kernel.astype(np.float64)), padding="same")
    np.testing.assert_allclose(
        x @ matrix(connectivity, projection.weight), expected.numpy().ravel()
    )


def test_same_goes_out_as_same_and_other_padding_as_a_matrix() -> None:
    kernel = np.random.default_rng(1).normal(size=(3, 2, 2, 4)).astype(np.float32)
    made = network(convolution(kernel, "same", (5, 6)), cells(90), shape=(2, 5, 6))
    written = neuro.to_nir(made)
    graph = getattr(written, "graph", written)
    found = [n for n in graph.nodes.values() if type(n).__name__ == "Conv2d"]
    assert [n.padding for n in found] == ["same"]


def test_what_cannot_be_one_window_is_listed() -> None:
    kernel = np.ones((1, 1, 3, 3), np.float32)
    first, second = convolution(kernel, 0, (6, 6)), convolution(kernel, 1, (4, 4))
    made = network(first, second, cells(16), shape=(1, 6, 6))
    (projection,) = made.projections
    assert isinstance(projection.connectivity, Sparse)
