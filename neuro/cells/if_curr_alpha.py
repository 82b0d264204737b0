"""Leaky integrate-and-fire cell with alpha-shaped synaptic currents."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type

_NEAR = (
    "1/2 + {z} * (1/3 + {z} * (1/8 + {z} * (1/30 + {z} * (1/144 + {z} * (1/840"
    " + {z} * (1/5760 + {z} * (1/45360 + {z} * (1/403200 + {z} * 1/3991680))))))))"
)
"""``(exp(z) (z - 1) + 1) / z**2`` as the sum of ``z**k / (k! (k + 2))``, for small z."""


class IF_curr_alpha(Cell):  # noqa: N801
    r"""Leaky integrate-and-fire cell with alpha-shaped currents (PyNN's IF_curr_alpha).

    .. math::

        c_m \frac{dv}{dt} = \frac{c_m}{\tau_m} (v_{rest} - v) + i_{exc} - i_{inh} + i_{offset} + i,
        \qquad i_{syn}(t) = w \frac{t}{\tau_{syn}} e^{1 - t / \tau_{syn}}

    so a spike's current peaks at its weight, ``tau_syn`` after it arrived.

    *Update*: the exact solution over one step of ``dx/dt = -x/tau_syn``,
    ``di/dt = -i/tau_syn + e x/tau_syn`` and the membrane; what arrives in a step is added to ``x``
    at its beginning (Rotter and Diesmann 1999).

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
    tau_syn_E, tau_syn_I
        Rise time of the synaptic currents, ms (0.5, 0.5).
    i_offset
        Constant current, nA (0).

    Notes
    -----
    Ports: ``excitatory`` and ``inhibitory`` (nA at the peak, magnitudes), ``current`` (nA).

    The propagator of ``x`` holds ``(exp(z) (z - 1) + 1) / z**2`` with
    ``z = dt/tau_m - dt/tau_syn``; near ``z = 0`` its series is used.

    References
    ----------
    S. Rotter and M. Diesmann, "Exact digital simulation of time-invariant linear systems with
    applications to neuronal modeling", Biological Cybernetics 81 (1999).
    """

    cell_type = cell_type(
        "IF_curr_alpha",
        parameters="""
            cm : nF = 1.0
            tau_m : ms = 20.0
            tau_refrac : ms = 0.1
            v_rest : mV = -65.0
            v_reset : mV = -65.0
            v_thresh : mV = -50.0
            tau_syn_E : ms = 0.5
            tau_syn_I : ms = 0.5
            i_offset : nA = 0.0
        """,
        state="""
            v : mV = v_rest, held
            x_exc : nA
            i_exc : nA
            x_inh : nA
            i_inh : nA
        """,
        ports="""
            excitatory : nA -> x_exc, nonnegative
            inhibitory : nA -> x_inh, nonnegative
            current : nA
        """,
        derived=f"""
            P_v = exp(-dt / tau_m)
            d_exc = exp(-dt / tau_syn_E)
            d_inh = exp(-dt / tau_syn_I)
            rise_exc = exp(1) * dt / tau_syn_E * d_exc
            rise_inh = exp(1) * dt / tau_syn_I * d_inh
            z_exc = dt / tau_m - dt / tau_syn_E
            z_inh = dt / tau_m - dt / tau_syn_I
            near_exc = {_NEAR.format(z="z_exc")}
            near_inh = {_NEAR.format(z="z_inh")}
            far_exc = (exp(z_exc) * (z_exc - 1) + 1) / z_exc**2
            far_inh = (exp(z_inh) * (z_inh - 1) + 1) / z_inh**2
            P_exc = dt / cm * P_v * exprel(z_exc)
            P_inh = dt / cm * P_v * exprel(z_inh)
            scale_exc = exp(1) * dt**2 / (cm * tau_syn_E) * P_v
            scale_inh = exp(1) * dt**2 / (cm * tau_syn_I) * P_v
            X_exc = scale_exc * (near_exc if abs(z_exc) < 0.1 else far_exc)
            X_inh = scale_inh * (near_inh if abs(z_inh) < 0.1 else far_inh)
            P_current = dt / cm * exprel(-dt / tau_m)
            v_drive = (1 - P_v) * v_rest + P_current * i_offset
        """,
        update="""
            drive = v_drive + P_current * current
            v = P_v * v + (P_exc * i_exc + X_exc * x_exc) - (P_inh * i_inh + X_inh * x_inh) + drive
            i_exc = d_exc * i_exc + rise_exc * x_exc
            i_inh = d_inh * i_inh + rise_inh * x_inh
            x_exc = d_exc * x_exc
            x_inh = d_inh * x_inh
        """,
        spike="v >= v_thresh",
        reset="v = v_reset",
        refractory="tau_refrac",
    )
