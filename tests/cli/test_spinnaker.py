"""SpiNNaker and PyNN on the command line: check, export, run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import neuro
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import NEST, SPINNAKER
from tests.cli.conftest import words

Call = Callable[..., Result]


def many(place: Path) -> Path:
    net = neuro.NetworkBuilder(dt=1.0, name="many")
    net.population(20_000, neuro.IF_curr_exp(scheme="spinnaker"), label="cells")
    return neuro.save_network(net.build(), place / "many.txt")


def test_check_predicts_and_a_board_implies_its_target(call: Call) -> None:
    result = call("check", "ca3-memory", "--board", "spinn3")
    assert result.exit_code == 0
    text = words(result.stdout)
    assert "On spinn3, predicted" in text
    assert "all 12 166,940" in text
    assert "ca3-5x10 runs on spinn3." in text


def test_check_lists_what_does_not_fit(call: Call, tmp_path: Path) -> None:
    result = call("check", many(tmp_path), "--target", "spinnaker", "--board", "spinn3", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["runs"] is False
    errors = [f for f in found["findings"] if f["severity"] == "error"]
    assert [f["rule"] for f in errors] == ["cores"]
    assert found["space"]["parts"][0]["cores"] == 79


def test_an_unknown_board_offers_the_nearest(call: Call) -> None:
    result = call("check", "ca3-memory", "--target", "spinnaker", "--board", "spin3")
    assert result.exit_code == 2
    assert "Did you mean 'spinn3'?" in words(result.stderr)


def test_an_unknown_backend_offers_the_nearest(call: Call) -> None:
    result = call("run", "ca3-memory", "--backend", "pynn:nets")
    assert result.exit_code == 2
    assert "Did you mean 'pynn:nest'?" in words(result.stderr)


def test_export_writes_a_folder_and_refuses_what_does_not_fit(call: Call, tmp_path: Path) -> None:
    given = ("--target", "spinnaker", "--board", "spinn3", "--out", "a b")
    result = call("export", "ca3-memory", *given)
    assert result.exit_code == 0
    assert "wrote a b/run.py" in words(result.stdout)
    assert "fixed point" in (tmp_path / "a b" / "README.md").read_text()
    refused = call("export", many(tmp_path), "--steps", "10", *given[:-1], "other")
    assert refused.exit_code == 1
    assert "79 cores; 63 are free" in words(refused.stdout + refused.stderr)
    assert not (tmp_path / "other").exists()


def test_export_to_a_target_without_boards(call: Call) -> None:
    result = call("export", "ca3-memory", "--target", "loihi", "--board", "spinn3", "--out", "out")
    assert result.exit_code == 2
    assert "has no boards" in words(result.stderr)


@pytest.mark.skipif(bool(missing(SPINNAKER)), reason=missing(SPINNAKER))
def test_a_run_without_a_board_says_that_nothing_ran(call: Call, tmp_path: Path) -> None:
    result = call("run", "ca3-memory", "--backend", "spinnaker", "--board", "spinn3")
    assert result.exit_code == 0, result.stderr
    text = words(result.stdout)
    assert "12 cores on 1 of 4 chips, 166,944 bytes of SDRAM, 10 routing entries." in text
    assert "nothing ran, so there are no spikes" in text
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"mapping.json", "mapping.png", "network.txt"}


@pytest.mark.skipif(bool(missing(NEST)), reason=missing(NEST))
def test_verify_prints_distances(call: Call) -> None:
    result = call("verify", "ca3-memory", "--set", "form=delta", "--on", "reference,pynn:nest")
    assert result.exit_code == 1
    text = words(result.stdout)
    assert "step 24: S2Cue[0] should not spike" in text
    assert "S1Cont 41 51 1.00 0.76" in text
