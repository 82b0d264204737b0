"""Leaky integrate-and-fire cell whose gain, current and threshold astrocytes modulate."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type


class ModulatedLIF(Cell):
    r"""`LIF` with a soft reset, and with ports that modulate it.

    .. math::

        \theta &\leftarrow v_{thresh} (1 - \mathrm{threshold})

        v &\leftarrow \beta v + (1 + \mathrm{gain})\, \mathrm{input} + \mathrm{bias}
            + \mathrm{current}, \qquad \beta = e^{-dt/\tau_m}

    A spike is fired when ``v >= theta``, and ``theta`` is taken off ``v``.  Where nothing arrives at
    ``gain``, ``current`` and ``threshold``, or only zeros, it is ``LIF(reset="subtract")`` to the
    last bit.

    Parameters
    ----------
    tau_m
        Membrane time constant, ms (20).
    v_thresh
        Threshold without modulation (1).
    tau_refrac
        Refractory period, ms (0), rounded to steps.
    bias
        Constant input (0).

    Notes
    -----
    Ports: ``input``, ``gain``, ``current``, ``threshold`` (plain numbers of either sign).  The
    threshold stays positive as long as less than 1 arrives at ``threshold``.

    References
    ----------
    G. Perea, M. Navarrete and A. Araque, "Tripartite synapses: astrocytes process and control
    synaptic information", Trends in Neurosciences 32 (2009).  The equations are our own, inspired by,
    not a reproduction of, arXiv 2312.07625.
    """

    cell_type = cell_type(
        "ModulatedLIF",
        parameters="""
            tau_m : ms = 20.0
            v_thresh : 1 = 1.0
            tau_refrac : ms = 0.0
            bias : 1 = 0.0
        """,
        state="""
            v : 1 = 0, held
            theta : 1 = v_thresh
        """,
        ports="""
            input : 1
            gain : 1
            current : 1
            threshold : 1
        """,
        derived="beta = exp(-dt / tau_m)",
        update="""
            theta = v_thresh * (1 - threshold)
            v = beta * v + (1 + gain) * input + bias + current
        """,
        spike="v >= theta",
        reset="v = v - theta",
        refractory="tau_refrac",
    )
