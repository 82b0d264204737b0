"""The text form prints, parses back to the same network, and refuses what is no network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import neuro
from neuro.errors import FileFormatError
from neuro.formats.text_parser import parse_network
from neuro.formats.text_printer import print_network, print_outline
from neuro.ir.network import CurrentInput, Network, Population, Projection
from neuro.ir.values import Draw
from tests.networks import LIBRARY_CELLS, SYNAPSES, Case, cases, cell_case, synapse_case

SOME = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def assert_round_trip(network: Network) -> None:
    text = print_network(network)
    again = parse_network(text)
    assert again == network
    assert again.content_hash == network.content_hash
    assert print_network(again) == text


@SOME
@given(cases())
def test_random_networks_round_trip(case: Case) -> None:
    assert_round_trip(case.network)


@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_every_library_cell_round_trips(name: str) -> None:
    assert_round_trip(cell_case(name).network)


@pytest.mark.parametrize("name", SYNAPSES)
def test_every_library_synapse_round_trips(name: str) -> None:
    assert_round_trip(synapse_case(name, format=neuro.FLOAT64).network)


def everything() -> Network:
    """All connectors and inputs, a fixed-point format, draws, a seed, a view of cells."""
    net = neuro.NetworkBuilder(
        dt=0.1, name="everything", seed=2**64 - 1, format=neuro.fixed_point(15, 16)
    )
    a = net.population(8, neuro.LIF(tau_m=neuro.Uniform(5, "9 ms")), label="a")
    b = net.population(8, neuro.LIF(tau_m=np.linspace(1, 2, 8)), label="b")
    spikes = net.population(8, neuro.SpikeSourceArray([[1.0, 2.0], [], *[[0.3]] * 6]), label="s")
    connectors: list[Any] = [
        neuro.AllToAllConnector(allow_self_connections=False),
        neuro.OneToOneConnector(),
        neuro.FixedProbabilityConnector(0.25, seed=3),
        neuro.FixedNumberPreConnector(3),
        neuro.FixedNumberPostConnector(2, allow_self_connections=False),
        neuro.DistanceDependentProbabilityConnector("exp(-d / 0.2) if d < 1 else 0", np.eye(8, 2)),
        neuro.FromListConnector([(1, 2, 0.5, 0.3), (0, 1, -0.5, 0.1)]),
        neuro.PoolingConnector((1, 8), 1),
    ]
    for connector in connectors:
        net.projection(a, b, connector, neuro.StaticSynapse(delay=0.2))
    normal = neuro.Normal(0.1, 0.2, low=0.0, seed=4)
    net.projection(spikes, b, neuro.DenseConnector(), neuro.StaticSynapse(weight=np.eye(8)))
    net.projection(a[2:4], b[[5, 1]], neuro.AllToAllConnector(), neuro.StaticSynapse(weight=normal))
    kernel = neuro.StaticSynapse(weight=np.ones((2, 1, 3)))
    c = net.population(12, neuro.LIF(), label="c")
    net.projection(a, c, neuro.ConvolutionConnector((1, 8), (2, 1, 3)), kernel)
    net.inject(neuro.StepCurrentSource([0.0, 0.5], [0.5, np.arange(8)]), a, port="input")
    net.poisson_input(b, rate=np.arange(8.0), weight=1e-300)
    a.record(["spikes", "v"], sampling_interval=0.3, index=[0, 7])
    scales = (
        neuro.Scale(target="a", variable="v", exponent=24),
        neuro.Scale(target="a_to_b", variable="w", exponent=-3),
    )
    return replace(net.build(), scales=scales)


def test_every_connector_input_and_format_round_trips() -> None:
    assert_round_trip(everything())


@pytest.mark.parametrize("text", ["a v", "a v 1.5", "a v 3 4", "a v x"])
def test_a_scale_that_is_none_is_refused(text: str) -> None:
    whole = print_network(everything()).replace("  scale a v 24", f"  scale {text}")
    with pytest.raises(FileFormatError, match=r"line 3: .* is no scale\."):
        parse_network(whole)


@pytest.mark.parametrize(
    "array",
    [
        np.empty((0, 3)),
        np.array([0.1, -0.0, 5e-324]),
        np.arange(6, dtype=np.int16).reshape(1, 2, 3),
        np.array([True, False]),
        np.array([1.5], np.float16),
        np.array([2**64 - 1], np.uint64),
    ],
    ids=lambda array: array.dtype.name,
)
def test_arrays_keep_type_shape_and_every_bit(array: np.ndarray) -> None:
    signal = CurrentInput(name="i", post="a", port="p", step=np.arange(0), value=array)
    again = parse_network(print_network(Network(name="n", dt=1e-3, inputs=(signal,))))
    found = again.inputs[0].value  # type: ignore[union-attr]
    assert (found.dtype, found.shape, found.tobytes()) == (
        array.dtype,
        array.shape,
        array.tobytes(),
    )


def test_negative_defaults_and_odd_numbers_come_back() -> None:
    population = Population(
        name="p",
        size=1,
        cell=neuro.IF_curr_exp().cell_type,
        parameters={"cm": 1e-300, "v_rest": -0.0},
        initial={"v": Draw(distribution="normal", a=-0.07, b=0.0, high=-0.05)},
    )
    assert_round_trip(Network(name="n", dt=1 / 3, populations=(population,)))


def test_comments_and_blank_lines_are_skipped() -> None:
    text = print_network(everything())
    spaced = text.replace("\n", "\n\n  # remark\n")
    assert parse_network(spaced) == everything()


def test_an_outline_leaves_long_arrays_out() -> None:
    outline = print_outline(everything())
    assert "weight @float64(8, 8)" in outline
    assert len(outline) < len(print_network(everything()))


SMALL = """neuro-ir 1

network n
  dt 0.001
  format float32

cell c
  parameter tau [ms] = 0.01
  state v [1] = 0.0
  port input [1]
  update
    v = v + input
  spike v > 1
  reset
    v = 0

population p
  size 3
  cell c
  parameter tau = float64(3)[0.01, 0.02, 0.03]
"""


def test_the_small_text_is_a_network() -> None:
    network = parse_network(SMALL)
    assert network.population("p").parameters["tau"][2] == 0.03
    assert neuro.simulate(network, 2, backend="reference").steps == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "hint"),
    [
        ("neuro-ir 1", "neuro-ir 2", 1, "has version 2; this version reads 1", "Install a newer"),
        ("neuro-ir 1", "hello", 1, "does not start with 'neuro-ir 1'", "text of a network?"),
        ("population p", "popluation p", 17, "no block 'popluation'", "Did you mean 'population'?"),
        ("  size 3", "  sise 3", 18, "no field 'sise'", "Did you mean 'size'?"),
        ("  size 3\n", "", 17, "population 'p' has no 'size'", "Add it"),
        ("  size 3", "  size 3\n  size 4", 17, "has 'size' 2 times", "Keep one"),
        ("  size 3", "  size three", 17, "invalid literal", ""),
        ("  cell c\n", "  cell d\n", 17, "no cell type 'd'", "Known: c"),
        ("[0.01, 0.02, 0.03]", "[0.01, 0.02]", 17, "is no array", ""),
        ("float64(3)", "float63(3)", 17, "'float63' is no type of array", "float64"),
        ("float64(3)[0.01, 0.02, 0.03]", "__import__('os')", 17, "is no value", ""),
        ("float64(3)[0.01, 0.02, 0.03]", "@far", 17, "the array '@far' is missing", ""),
        ("tau [ms] = 0.01", "tau ms", 7, "'tau ms' is no declaration", "name [unit] = value"),
        ("spike v > 1", "spike v >", 7, "syntax error", "^"),
        ("v = v + input", "v = v.real", 7, "attribute access", "^"),
        ("format float32", "format float31", 3, "no number format 'float31'", ""),
        ("network n\n", "", 3, "an indented line before the first block", ""),
        ("cell c\n  par", "network m\n  dt 1\n  format float32\ncell c\n  par", 7, "second", ""),
        ("  update\n", "  undate\n", 11, "no field 'undate'", "Did you mean 'update'?"),
        ("  size 3", "    v = 2", 18, "has no field 'v'", ""),
    ],
)
def test_texts_that_are_no_network_are_refused(
    old: str, new: str, line: int, what: str, hint: str
) -> None:
    assert old in SMALL
    with pytest.raises(FileFormatError) as caught:
        parse_network(SMALL.replace(old, new, 1))
    assert str(caught.value).startswith(f"line {line}: ")
    assert what in caught.value.what
    assert hint in str(caught.value)


@pytest.mark.parametrize("text", ["", "neuro-ir 1\n"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(FileFormatError):
        parse_network(text)


def test_unknown_types_of_connectivity_and_synapse_are_refused() -> None:
    base = Projection(
        name="j", pre="p", post="p", port="input", connectivity=neuro_all_to_all(), weight=1.0
    )
    text = print_network(replace(parse_network(SMALL), projections=(base,)))
    for old, new, what in (
        ("all_to_all", "all_to_al", "no connectivity 'all_to_al'. Did you mean 'all_to_all'?"),
        ("synapse static", "synapse statik", "no synapse type 'statik'. Did you mean 'static'?"),
        ("self_connections=True", "loops=True", "unexpected keyword argument 'loops'"),
    ):
        assert old in text
        with pytest.raises(FileFormatError, match="line") as caught:
            parse_network(text.replace(old, new))
        assert what in str(caught.value)


def neuro_all_to_all() -> Any:
    return neuro.AllToAllConnector().connect(1, 1).connectivity
