"""What a continual run comes to: accuracies of tasks after each task."""

from __future__ import annotations

from collections.abc import Sequence

Matrix = Sequence[Sequence[float]]
"""``matrix[t][i]`` is the accuracy on task i after task t."""


def average_accuracy(matrix: Matrix) -> float:
    """ACC: the mean accuracy on all tasks at the end."""
    last = matrix[-1]
    return sum(last) / len(last)


def backward_transfer(matrix: Matrix) -> float | None:
    """BWT: how much better tasks are done at the end than when they were learnt, on average.

    None if there was nothing to forget: one task, or all at once.
    """
    if len(matrix) < 2:
        return None
    last = matrix[-1]
    changes = [last[i] - row[i] for i, row in enumerate(matrix[:-1])]
    return sum(changes) / len(changes)
