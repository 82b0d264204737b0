"""Figures of networks: where boxes stand and which arrows are drawn."""

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import neuro
from neuro.models import CA3Memory
from neuro.report.graph import layered_places, network_graph


def network(*arrows: str, names: str = "abc") -> neuro.Network:
    """A network from arrows such as ``"a>b"``."""
    net = neuro.NetworkBuilder(dt=1.0, name="graph")
    cells = {name: net.population(2, neuro.IF_curr_exp(), label=name) for name in names}
    for arrow in arrows:
        pre, post = arrow.split(">")
        synapse = neuro.StaticSynapse(weight=0.5, delay=1.0)
        net.projection(cells[pre], cells[post], neuro.AllToAllConnector(), synapse)
    return net.build()


def columns(net: neuro.Network) -> dict[str, float]:
    return {name: x for name, (x, _) in layered_places(net).items()}


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        (("a>b", "b>c"), {"a": 0, "b": 1, "c": 2}),
        (("c>b", "b>a"), {"a": 2, "b": 1, "c": 0}),
        (("a>b", "b>c", "a>c"), {"a": 0, "b": 1, "c": 2}),
        (("a>b", "b>c", "c>b"), {"a": 0, "b": 1, "c": 2}),
        (("a>a", "a>b"), {"a": 0, "b": 1, "c": 0}),
        ((), {"a": 0, "b": 0, "c": 0}),
    ],
)
def test_a_source_stands_after_those_it_hears_from(
    arrows: tuple[str, ...], expected: dict[str, int]
) -> None:
    assert columns(network(*arrows)) == expected


def test_a_long_chain_is_no_recursion() -> None:
    names = [f"p{k}" for k in range(1200)]
    net = neuro.NetworkBuilder(dt=1.0, name="chain")
    cells = [net.population(1, neuro.IF_curr_exp(), label=name) for name in names]
    synapse = neuro.StaticSynapse(weight=0.1, delay=1.0)
    for pre, post in pairwise(cells):
        net.projection(pre, post, neuro.OneToOneConnector(), synapse)
    assert columns(net.build()) == {name: float(k) for k, name in enumerate(names)}


def test_no_two_boxes_overlap() -> None:
    places = list(layered_places(CA3Memory(5, 10).network).values())
    for k, (x, y) in enumerate(places):
        for other_x, other_y in places[k + 1 :]:
            assert abs(x - other_x) >= 1 or abs(y - other_y) >= 1


def test_a_box_for_each_source_and_an_arrow_for_each_projection() -> None:
    net = CA3Memory(5, 10).network
    ax = network_graph(net)
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(boxes) == len(net.sources)
    assert len(arrows) == len(net.projections)
    assert {text.get_text() for text in ax.texts} >= set(net.sources)


def test_the_legend_names_what_is_there_and_nothing_else() -> None:
    legend = network_graph(CA3Memory(5, 10).network).get_legend()
    assert legend is not None
    found = [text.get_text() for text in legend.get_texts()]
    assert found == ["excites", "excites, plastic", "inhibits"]
    assert network_graph(network()).get_legend() is None
