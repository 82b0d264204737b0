"""Nengo's synapses as filters, with Nengo's own coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro.formats.nengo.parts import Filter, Synapse

MOST = 4
"""State variables of a filter."""


def synapse_of(synapse: Any, dt: float) -> Synapse | None:
    """What `synapse` is for steps of `dt`; None if it has no counterpart.

    Parameters
    ----------
    synapse
        One of Nengo's, or None.
    dt
        Length of a step in seconds.
    """
    if synapse is None:
        return Synapse()
    if not hasattr(synapse, "num") or not hasattr(synapse, "den"):
        return None
    from nengo.utils.filter_design import cont2discrete, tf2ss

    a, b, c, d = tf2ss(synapse.num, synapse.den)
    if synapse.analog and len(a):
        a, b, c, d, _ = cont2discrete((a, b, c, d), dt, method=synapse.method)
    if not len(a):
        return Synapse(delay=1) if np.all(d == 1) else None
    if np.any(d) or len(a) > MOST:
        return None
    return Synapse(delay=1, filter=_filter(a, b.reshape(-1), c.reshape(-1)))


def _filter(a: Any, b: Any, c: Any) -> Filter:
    """With one state variable, the output is kept instead of the state, as Nengo does."""
    if len(a) == 1:
        b, c = b * c, np.ones(1)
    rows = tuple(tuple(map(float, row)) for row in a)
    return Filter(rows, tuple(map(float, b)), tuple(map(float, c)))
