"""Medians, ratios and agreement, from small made-up measurements."""

from __future__ import annotations

from typing import Any

import pytest

from neuro.bench.peers import Measurement
from neuro.bench.table import COLUMNS, cells, rows


def measured(**given: Any) -> Measurement:
    """A measurement in which only what matters is given."""
    usual = {"build": 1.0, "run": 2.0, "rate": 10.0, "memory": 100.0, "own_memory": 40.0}
    return Measurement(**{**usual, "version": "1", **given})


def test_a_row_holds_medians() -> None:
    found = [measured(build=build, run=run) for build, run in ((1, 9), (3, 5), (2, 7))]
    row = rows({"neuro": found})[0]
    assert (row.build, row.run, row.memory, row.own_memory) == (2, 7, 100, 40)


def test_ratios_are_to_neuro() -> None:
    ours, other = rows({"neuro": [measured(run=2)], "brian2": [measured(build=29, run=7)]})
    assert (ours.run_ratio, ours.total_ratio) == (1, 1)
    assert (other.run_ratio, other.total_ratio) == (3.5, 12)


def test_without_neuro_there_are_no_ratios() -> None:
    row = rows({"neuro": [], "nest": [measured()]})[0]
    assert (row.simulator, row.run_ratio, row.total_ratio) == ("nest", None, None)
    assert cells(row, "NEST")[5:7] == ("", "")


@pytest.mark.parametrize(
    ("rate", "agrees"), [(10.0, True), (11.4, True), (8.4, False), (11.6, False)]
)
def test_rates_agree_within_fifteen_per_cent_of_the_median(rate: float, agrees: bool) -> None:
    results = {"limit": [measured()], "neuro": [measured()], "nest": [measured(rate=rate)]}
    found = {row.simulator: row for row in rows(results)}
    assert found["nest"].agrees is agrees
    assert found["neuro"].agrees
    assert cells(found["nest"], "NEST")[4].endswith("differs") is not agrees


def test_silence_agrees_with_silence() -> None:
    found = rows({"neuro": [measured(rate=0.0)], "nest": [measured(rate=0.0)]})
    assert all(row.agrees for row in found)


def test_a_memory_has_a_speed() -> None:
    row = rows({"neuro": [measured(run=0.5, operations=200)]})[0]
    assert row.operations_per_second == 400
    assert cells(row, "neuro")[-1] == "400"
    assert cells(rows({"neuro": [measured()]})[0], "neuro")[-1] == ""


def test_cells_are_readable() -> None:
    row = rows({"neuro": [measured(build=0.01234, run=12.345, memory=12345.6)]})[0]
    texts = cells(row, "neuro, C engine")
    assert len(texts) == len(COLUMNS)
    assert texts[:5] == ("neuro, C engine", "0.0123", "12.35", "12,346", "10.00")
