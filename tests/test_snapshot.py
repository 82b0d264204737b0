"""Snapshots: recent spikes as rows, and a check that one fits."""

from __future__ import annotations

import numpy as np
import pytest

from neuro.errors import ParameterError
from neuro.snapshot import check_snapshot, history_lists, history_rows


def test_history_survives_as_rows() -> None:
    lists = [np.array([2, 5]), np.array([], np.int64), np.array([0])]
    rows = history_rows(lists)
    assert rows.tolist() == [[0, 2], [0, 5], [2, 0]]
    assert [cells.tolist() for cells in history_lists(rows, 3)] == [[2, 5], [], [0]]


def test_no_history_has_no_rows() -> None:
    assert history_rows([]).shape == (0, 2)
    assert [len(cells) for cells in history_lists(history_rows([]), 2)] == [0, 0]


def test_a_deeper_history_is_cut_and_a_shallower_one_filled_up() -> None:
    rows = history_rows([np.array([1]), np.array([2])])
    assert [cells.tolist() for cells in history_lists(rows, 1)] == [[1]]
    assert [cells.tolist() for cells in history_lists(rows, 3)] == [[1], [2], []]


def test_histories_may_differ_in_length_but_nothing_else() -> None:
    like = {"state/a/v": np.zeros(3), "history/a": np.zeros((0, 2))}
    check_snapshot({**like, "history/a": np.zeros((4, 2))}, like=like)
    with pytest.raises(ParameterError, match=r"snapshot: 'state/a/v' has shape \(1,\), not \(3,\)"):
        check_snapshot({**like, "state/a/v": np.zeros(1)}, like=like)
    with pytest.raises(ParameterError, match=r"lacks 'state/a/v'\. It must be one of the same"):
        check_snapshot({"history/a": like["history/a"]}, like=like)
