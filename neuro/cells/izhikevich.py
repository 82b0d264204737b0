"""Izhikevich's simple model of spiking neurons."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type


class Izhikevich(Cell):
    r"""Izhikevich's two-variable cell (PyNN's Izhikevich).

    .. math::

        \frac{dv}{dt} &= 0.04 v^2 + 5 v + 140 - u + i / c_m

        \frac{du}{dt} &= a (b v - u)

    with ``v`` in mV and time in ms.  A spike is fired when ``v >= 30 mV``; then ``v`` is set to
    ``c`` and ``u`` grows by ``d``.

    *Update* (forward Euler, as in the paper's program): ``v`` moves by what arrives, then in two
    half steps, then ``u`` in one step with the new ``v``.

    Parameters
    ----------
    a, b
        Rate and coupling of the recovery variable, 1/ms (0.02, 0.2).
    c
        Potential after a spike, mV (-65).
    d
        Jump of the recovery variable at a spike, mV/ms (2).
    cm
        Capacitance that turns currents into changes of ``v``, nF (1).
    i_offset
        Constant current, nA (0).

    Notes
    -----
    Ports: ``excitatory`` and ``inhibitory`` (mV per spike, magnitudes), ``current`` (nA).

    References
    ----------
    E. M. Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14
    (2003).
    """

    cell_type = cell_type(
        "Izhikevich",
        parameters="""
            a : 1/ms = 0.02
            b : 1/ms = 0.2
            c : mV = -65.0
            d : mV/ms = 2.0
            cm : nF = 1.0
            i_offset : nA = 0.0
        """,
        state="""
            v : mV = -70.0
            u : mV/ms = -14.0
        """,
        ports="""
            excitatory : mV, nonnegative
            inhibitory : mV, nonnegative
            current : nA
        """,
        derived="half = 0.5 * dt",
        update="""
            i = (i_offset + current) / cm
            v = v + (excitatory - inhibitory)
            v = v + half * ((0.04 / (mV * ms) * v + 5 / ms) * v + 140 * mV / ms - u + i)
            v = v + half * ((0.04 / (mV * ms) * v + 5 / ms) * v + 140 * mV / ms - u + i)
            u = u + dt * a * (b * v - u)
        """,
        spike="v >= 30 * mV",
        reset="""
            v = c
            u = u + d
        """,
    )
