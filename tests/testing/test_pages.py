"""The pages that are written by commands, and the outcomes on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from neuro.backends.registry import BUILT_IN, get_backend
from neuro.errors import Finding, NeuroError
from neuro.testing import matrix as matrix_module
from neuro.testing.conformance import (
    Outcome,
    Result,
    compare,
    fixed_case,
    judge,
    reference,
    suite,
)
from neuro.testing.library import Case
from neuro.testing.matrix import main, matrix, page
from neuro.testing.support import SILENT, Support, network_of_synapse, support, synapse_support
from neuro.testing.support import page as support_page
from tests.conftest import ROOT

HASHES = ["793bdf49", "523893e8", "b3675ec1"]
WARNING = Finding(severity="warning", rule="latency", where="cells", what="a step later.")


def loadable() -> bool:
    try:
        return all(get_backend(name) for name in BUILT_IN if name not in SILENT)
    except NeuroError:
        return False


@pytest.mark.skipif(not loadable(), reason="a backend of ours cannot be loaded here")
def test_the_page_of_what_runs_where_is_up_to_date() -> None:
    """If this fails: ``python -m neuro.testing.support > docs/reference/support.md``."""
    assert support_page() == (ROOT / "docs/reference/support.md").read_text(encoding="utf-8")


def test_a_synapse_is_told_only_what_concerns_it() -> None:
    nest = get_backend("pynn:nest")
    rules = support(nest, partial(network_of_synapse, "tm B")).rules
    assert "synapse" in rules
    assert synapse_support(nest, "tm B").rules == ("synapse",)
    assert str(Support(answer="no", rules=("a", "b"))) == "no (a, b)"
    assert str(Support(answer="yes", form="float64")) == "yes (float64)"


def test_fixed_networks_are_the_same_on_every_machine() -> None:
    hashes = [fixed_case(number).network.content_hash[:8] for number in range(3)]
    assert hashes == HASHES
    assert len(set(hashes)) == 3


def test_the_suite_names_every_case_once() -> None:
    names = list(suite(3))
    assert {name.partition("/")[0] for name in names} == {"cell", "synapse", "network", "memory"}
    assert [name for name in names if name.startswith("network/")] == [
        "network/0",
        "network/1",
        "network/2",
    ]


@pytest.fixture(scope="module")
def result() -> Result:
    return reference(suite(0)["cell/LIF value/float64"]())


def moved(result: Result) -> Result:
    """One spike a step later."""
    spikes = result.spikes["cells"]
    step = spikes.step.copy()
    step[-1] += 1
    return replace(result, spikes={"cells": replace(spikes, step=step)})


def test_equal_means_state_where_it_is_shown(result: Result) -> None:
    assert compare(result, result, 80).verdict == "equal"
    silent = replace(result, snapshot=None)
    assert compare(result, silent, 80) == Outcome(verdict="equal", detail="spikes")
    assert result.snapshot is not None
    other = {name: array.copy() for name, array in result.snapshot.items()}
    other["state/cells/v"][3] += 1e-15
    found = compare(result, replace(result, snapshot=other), 80)
    assert (found.verdict, found.conforms) == ("different", False)
    assert "cells/v[3]" in found.detail


def test_other_spikes_need_a_warning_beforehand(result: Result) -> None:
    found = compare(result, moved(result), 80)
    assert found.verdict == "different"
    assert found.detail.startswith("2 of ")
    warned = compare(result, moved(result), 80, [WARNING])
    assert warned.verdict == "near"
    assert warned.conforms
    assert warned.detail.endswith("(latency)")


def test_a_refusal_names_its_rules() -> None:
    case = suite(0)["cell/PHC/float32"]()
    assert judge(case, "pynn:nest").detail.split(", ")[0] == "cell"
    assert judge(case, "pynn:nest").verdict == "refused"


def few(networks: int) -> dict[str, Callable[[], Case]]:
    """A suite of a few cases."""
    names = ["cell/LIF value/float64", "synapse/static/float64", "network/0", "network/1"]
    return {name: suite(networks)[name] for name in names}


def test_the_matrix_of_an_engine_is_equal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix_module, "suite", few)
    assert (
        main(["--on", "reference,pynn:neuron", "--networks", "2", "--out", str(tmp_path / "m")])
        == 0
    )
    text = (tmp_path / "m").read_text(encoding="utf-8")
    assert (
        "Written by `python -m neuro.testing.matrix --on reference,pynn:neuron --networks 2`"
        in text
    )
    assert "| LIF value/float64 | equal | refused (cell" in text
    assert "- `reference`: 2 equal" in text
    assert capsys.readouterr().out == ""


def test_a_backend_that_breaks_off_does_not_conform(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **more: object) -> Outcome:
        raise RuntimeError("boom")

    monkeypatch.setattr(matrix_module, "suite", few)
    monkeypatch.setattr(matrix_module, "judge", fail)
    found = matrix(["reference"], 2)
    assert all(not row["reference"].conforms for row in found.values())
    assert "**different** (RuntimeError: boom)" in page(found, "a command")


def test_the_page_of_the_matrix_shows_no_silent_difference() -> None:
    text = (ROOT / "docs/reference/conformance.md").read_text(encoding="utf-8")
    assert text.startswith("# Conformance\n")
    assert text.count("**different**") == 1  # where the word is explained
    assert "- `brian2`: 100 equal" in text
