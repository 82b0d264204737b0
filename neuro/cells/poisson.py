"""A source of Poisson spikes."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type


class SpikeSourcePoisson(Cell):
    r"""Cells that spike at random, independently (PyNN's SpikeSourcePoisson).

    In each step between ``start`` and ``start + duration`` a cell spikes with probability
    :math:`1 - e^{-rate\,dt}`; that is, at most once a step.  For many events a step use
    `NetworkBuilder.poisson_input`.

    Parameters
    ----------
    rate
        Mean rate, Hz (1).
    start, duration
        ms (0, 1e10).

    References
    ----------
    P. Dayan and L. F. Abbott, "Theoretical Neuroscience", MIT Press (2001), section 1.4.
    """

    cell_type = cell_type(
        "SpikeSourcePoisson",
        parameters="""
            rate : Hz = 1.0
            start : ms = 0.0
            duration : ms = 1e10
        """,
        derived="""
            p = -expm1(-rate * dt)
            stop = start + duration
        """,
        spike="uniform() < p and t >= start and t < stop",
    )
