"""``neuro quantise``: a table, JSON, and a network file that runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import neuro
from tests.cli.conftest import words

Call = Callable[..., Result]


@pytest.mark.parametrize("suffix", ["txt", "h5"])
def test_the_memory_in_fixed_point_is_written_and_verifies(
    call: Call, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"memory.{suffix}"
    result = call("quantise", "ca3-memory", "--weight-bits", "8", "--out", path)
    assert result.exit_code == 0
    text = words(result.stdout)
    assert "weights of 8 bits" in text
    assert "0 spikes changed, 0 values reached their limit." in text
    network = neuro.load_network(path)
    assert network.format == neuro.fixed_point(15, 16, weight_bits=8)
    assert len(neuro.simulate(network, 90).spikes["OutCont"]) > 20  # it has the protocol's input
    assert call("verify", path, "--steps", "20").exit_code == 0


def test_json_has_scales_and_spikes(call: Call, own_model: Path) -> None:
    result = call("quantise", own_model, "--steps", "20", "--seed", "4", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["weight_bits"] == 16
    assert found["out"] is None
    assert {"target", "variable", "exponent", "peak", "limit", "clipped"} == set(found["scales"][0])
    assert {"source", "before", "after", "changed"} == set(found["spikes"][0])
    assert found["changed"] == sum(row["changed"] for row in found["spikes"])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--weight-bits", "4"], "weights of 4 bits. Use 8 or 16."),
        (["--headroom-bits", "40"], "headroom_bits: is 40. Use 0 to 16."),
    ],
)
def test_wrong_use_is_2(call: Call, arguments: list[str], text: str) -> None:
    result = call("quantise", "ca3-memory", *arguments)
    assert result.exit_code == 2
    assert text in words(result.stderr)


def test_the_memory_in_loihis_format_is_written_and_verifies(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "memory.txt"
    result = call("quantise", "ca3-memory", "--to", "loihi", "--out", path)
    assert result.exit_code == 0
    text = words(result.stdout)
    assert "in Loihi's format" in text
    assert "0 spikes changed." in text
    assert neuro.load_network(path).format == neuro.fixed_point(31, 0)
    assert call("verify", path, "--steps", "20").exit_code == 0


def test_the_memory_in_spinnakers_arithmetic_is_written_and_verifies(
    call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "memory.h5"
    result = call("quantise", "ca3-memory", "--to", "spinnaker", "--out", path)
    assert result.exit_code == 0
    text = words(result.stdout)
    assert "in SpiNNaker's arithmetic" in text
    assert "0 spikes changed." in text
    assert neuro.load_network(path).format == neuro.fixed_point(16, 15)
    assert call("verify", path, "--steps", "20").exit_code == 0


def test_json_of_loihis_format_has_cells_and_synapses(call: Call) -> None:
    result = call("quantise", "ca3-memory", "--to", "loihi", "--refractory", "drop", "--json")
    found = json.loads(result.stdout)
    assert {cell["refractory"] for cell in found["cells"]} == {0}
    assert {"projection", "exponent", "largest", "error"} < set(found["synapses"][0])
    assert found["changed"] == sum(row["changed"] for row in found["spikes"]) > 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--to", "lohi"], "--to: there is no format 'lohi'. Did you mean 'loihi'?"),
        (["--to", "loihi", "--weight-bits", "8"], "--weight-bits: is no option of 'loihi'."),
        (["--refractory", "drop"], "--refractory: is no option of 'fixed'."),
        (["--to", "spinnaker", "--headroom-bits", "2"], "is no option of 'spinnaker'."),
        (["--to", "loihi", "--refractory", "no"], "refractory: is 'no'. Use 'keep' or 'drop'."),
    ],
)
def test_options_belong_to_formats(call: Call, arguments: list[str], text: str) -> None:
    result = call("quantise", "ca3-memory", *arguments)
    assert result.exit_code == 2
    assert text in words(result.stderr)
