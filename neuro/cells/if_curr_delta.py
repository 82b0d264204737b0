"""Leaky integrate-and-fire cell whose membrane jumps at each spike."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type


class IF_curr_delta(Cell):  # noqa: N801
    r"""Leaky integrate-and-fire cell with delta-shaped synaptic currents (PyNN's IF_curr_delta).

    .. math::

        c_m \frac{dv}{dt} = \frac{c_m}{\tau_m} (v_{rest} - v) + i_{offset} + i

    and each spike that arrives moves ``v`` by its weight.

    *Update*: ``v <- v_rest + exp(-dt/tau_m) (v - v_rest) + (excitatory - inhibitory) + ...``: the
    exact solution, with spikes arriving at the end of the step.  A spike is fired when
    ``v >= v_thresh``; then ``v`` is set to ``v_reset`` and held for ``tau_refrac``, and what
    arrives meanwhile is lost.

    Parameters
    ----------
    cm
        Membrane capacitance, nF (1).
    tau_m
        Membrane time constant, ms (20).
    tau_refrac
        Refractory period, ms (0.1), rounded to steps.
    v_rest, v_reset, v_thresh
        Resting potential, potential after a spike, threshold; mV (-65, -65, -50).
    i_offset
        Constant current, nA (0).

    Notes
    -----
    Ports: ``excitatory`` and ``inhibitory`` (mV per spike, magnitudes), ``current`` (nA).

    References
    ----------
    S. Rotter and M. Diesmann, "Exact digital simulation of time-invariant linear systems with
    applications to neuronal modeling", Biological Cybernetics 81 (1999).
    """

    cell_type = cell_type(
        "IF_curr_delta",
        parameters="""
            cm : nF = 1.0
            tau_m : ms = 20.0
            tau_refrac : ms = 0.1
            v_rest : mV = -65.0
            v_reset : mV = -65.0
            v_thresh : mV = -50.0
            i_offset : nA = 0.0
        """,
        state="v : mV = v_rest, held",
        ports="""
            excitatory : mV, nonnegative
            inhibitory : mV, nonnegative
            current : nA
        """,
        derived="""
            P_v = exp(-dt / tau_m)
            P_current = dt / cm * exprel(-dt / tau_m)
            v_drive = (1 - P_v) * v_rest + P_current * i_offset
        """,
        update="v = P_v * v + (excitatory - inhibitory) + (v_drive + P_current * current)",
        spike="v >= v_thresh",
        reset="v = v_reset",
        refractory="tau_refrac",
    )
