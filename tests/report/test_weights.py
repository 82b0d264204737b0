"""Figures of weights show the weights."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.report.weights import as_matrix, weight_histogram, weight_matrix

LIST = [(0, 1, 0.5, 1.0), (2, 0, 0.25, 1.0), (2, 0, 0.5, 2.0)]


@pytest.fixture
def net() -> neuro.Network:
    """Three cells to two, by a list in which one pair stands twice."""
    build = neuro.NetworkBuilder(dt=1.0, name="listed")
    pre = build.population(3, neuro.IF_curr_exp(), label="pre")
    post = build.population(2, neuro.IF_curr_exp(), label="post")
    build.projection(pre, post, neuro.FromListConnector(LIST), neuro.StaticSynapse(), label="P")
    return build.build()


def test_as_matrix_adds_up_and_marks_what_is_not_there(net: neuro.Network) -> None:
    weights = neuro.Session(net, backend="reference").read("P", "w")
    expected = [[np.nan, 0.5], [np.nan, np.nan], [0.75, np.nan]]
    np.testing.assert_allclose(1e9 * as_matrix(net, "P", weights), expected, rtol=1e-6)


def test_as_matrix_takes_one_weight_for_all(net: neuro.Network) -> None:
    np.testing.assert_array_equal(
        as_matrix(net, "P", 2.0), [[np.nan, 2.0], [np.nan, np.nan], [4.0, np.nan]]
    )


@pytest.mark.parametrize(("lowest", "span"), [(0.1, (0.0, 0.8)), (-0.4, (-0.8, 0.8))])
def test_colours_of_signed_weights_are_centred(lowest: float, span: tuple[float, float]) -> None:
    ax = weight_matrix([[lowest, 0.8], [np.nan, 0.2]], unit="nA", title="P")
    image = ax.images[0]
    assert image.get_clim() == span
    assert ax.get_title(loc="left") == "P"
    np.testing.assert_array_equal(image.get_array().mask, [[False, False], [True, False]])


def test_weights_in_a_row_are_no_matrix() -> None:
    with pytest.raises(ParameterError, match=r"shape \(3,\)"):
        weight_matrix([1.0, 2.0, 3.0])


def test_the_histogram_counts_each_synapse_once() -> None:
    ax = weight_histogram([[0.5, np.nan], [0.25, 0.5]], bins=5, unit="nA")
    heights = [bar.get_height() for bar in ax.patches]
    assert sum(heights) == 3
    assert heights[-1] == 2
    assert ax.get_xlabel() == "weight (nA)"
