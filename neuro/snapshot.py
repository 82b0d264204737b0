"""The complete state of a running network under names that all engines share.

============================  ==================================================================
``step``                      the next step; int64, shape ()
``state/POP/VAR``             state variables; shape (n,)
``refractory/POP``            steps for which each cell is still refractory; int64, shape (n,)
``ring/POP/PORT``             sums per future step, next step first; shape (depth, n)
``history/SOURCE``            rows (age, cell) of recent spikes, age 0 being the last step; int64
``synapse/PROJ/VAR``          weights ``w`` and synaptic variables, in the order of synapses; weights
                              of a convolution or pooling without lists as they are stored
``trace/PROJ/pre/VAR``        traces; shape (number of delays, n), longest delay first
``trace/PROJ/post/VAR``       likewise of the postsynaptic side
``graded/NAME``               sums per future step of a graded projection; shape (depth, n)
============================  ==================================================================

A run goes on from a snapshot bit for bit, on the engine that made it or on any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError

Integers = NDArray[np.int64]


def history_rows(spikes: Sequence[Integers]) -> Integers:
    """Rows (age, cell) from lists of cells, last step first."""
    ages = np.repeat(np.arange(len(spikes)), [len(cells) for cells in spikes])
    cells = np.concatenate([np.empty(0, np.int64), *spikes])
    return np.stack([ages, cells], axis=1).astype(np.int64)


def history_lists(rows: Integers, depth: int) -> list[Integers]:
    """Lists of cells for ages 0 to `depth` - 1."""
    return [rows[rows[:, 0] == age, 1].astype(np.int64) for age in range(depth)]


def check_snapshot(snapshot: Mapping[str, NDArray[Any]], *, like: Mapping[str, Any]) -> None:
    """Make sure that `snapshot` has the names, shapes and kinds of numbers of `like`.

    Raises
    ------
    ParameterError
        If it has not.
    """
    hint = "It must be one of the same network."
    different = sorted(snapshot.keys() ^ like.keys())
    if different:
        state = "lacks" if different[0] in like else "has an unknown"
        raise ParameterError(f"{state} {different[0]!r}.", where="snapshot", hint=hint)
    for name, array in like.items():
        found = snapshot[name]
        if not name.startswith("history/") and found.shape != array.shape:
            raise ParameterError(
                f"{name!r} has shape {found.shape}, not {array.shape}.", where="snapshot", hint=hint
            )
        if found.dtype.kind != array.dtype.kind:
            raise ParameterError(
                f"{name!r} holds {found.dtype.name}, not {array.dtype.name}.",
                where="snapshot",
                hint="It must be one of the same network, in the same number format.",
            )
