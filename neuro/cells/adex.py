"""Adaptive exponential integrate-and-fire cell with conductances."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type


class AdEx(Cell):
    r"""Adaptive exponential integrate-and-fire cell (PyNN's EIF_cond_exp_isfa_ista).

    .. math::

        c_m \frac{dv}{dt} &= g_L (v_{rest} - v)
            + g_L \Delta_T e^{(v - v_{thresh}) / \Delta_T}
            + g_{exc} (e_{rev,E} - v) + g_{inh} (e_{rev,I} - v) - w + i_{offset} + i

        \tau_w \frac{dw}{dt} &= a (v - v_{rest}) - w, \qquad g_L = c_m / \tau_m

    A spike is fired when ``v >= v_spike``; then ``v`` is set to ``v_reset`` and held for
    ``tau_refrac``, and ``w`` grows by ``b``.

    *Update* (exponential Euler, first order): the exponential current and ``w`` are taken from the
    beginning of the step and conductances at their mean over it; then ``v`` relaxes exactly.  In
    the exponent ``v`` is not taken above ``v_spike``.

    Parameters
    ----------
    cm, tau_m
        Membrane capacitance, nF (0.281), and time constant, ms (9.3667).
    tau_refrac
        Refractory period, ms (0.1), rounded to steps.
    v_rest, v_reset, v_thresh, v_spike
        Resting potential, potential after a spike, threshold of the exponential, and where a spike
        is cut; mV (-70.6, -70.6, -50.4, -40).
    delta_T
        Sharpness of the exponential, mV (2).
    a, b, tau_w
        Adaptation: coupling, nS (4), jump at a spike, nA (0.0805), time constant, ms (144).
    tau_syn_E, tau_syn_I, e_rev_E, e_rev_I
        Synapses: decay, ms (5, 5), reversal potentials, mV (0, -80).
    i_offset
        Constant current, nA (0).

    Notes
    -----
    Ports: ``excitatory`` and ``inhibitory`` (uS per spike), ``current`` (nA).

    References
    ----------
    R. Brette and W. Gerstner, "Adaptive exponential integrate-and-fire model as an effective
    description of neuronal activity", Journal of Neurophysiology 94 (2005).
    """

    cell_type = cell_type(
        "AdEx",
        parameters="""
            cm : nF = 0.281
            tau_m : ms = 9.3667
            tau_refrac : ms = 0.1
            v_rest : mV = -70.6
            v_reset : mV = -70.6
            v_thresh : mV = -50.4
            v_spike : mV = -40.0
            delta_T : mV = 2.0
            a : nS = 4.0
            b : nA = 0.0805
            tau_w : ms = 144.0
            tau_syn_E : ms = 5.0
            tau_syn_I : ms = 5.0
            e_rev_E : mV = 0.0
            e_rev_I : mV = -80.0
            i_offset : nA = 0.0
        """,
        state="""
            v : mV = v_rest, held
            w : nA
            g_exc : uS
            g_inh : uS
        """,
        ports="""
            excitatory : uS -> g_exc, nonnegative
            inhibitory : uS -> g_inh, nonnegative
            current : nA
        """,
        derived="""
            g_leak = cm / tau_m
            P_w = exp(-dt / tau_w)
            a_w = (1 - P_w) * a
            d_exc = exp(-dt / tau_syn_E)
            d_inh = exp(-dt / tau_syn_I)
            m_exc = exprel(-dt / tau_syn_E)
            m_inh = exprel(-dt / tau_syn_I)
            rate = dt / cm
            g_spike = g_leak * delta_T
        """,
        update="""
            ge = m_exc * g_exc
            gi = m_inh * g_inh
            g = g_leak + ge + gi
            i_spike = g_spike * exp((min(v, v_spike) - v_thresh) / delta_T)
            pull = g_leak * v_rest + ge * e_rev_E + gi * e_rev_I
            v_inf = (pull + i_spike - w + (i_offset + current)) / g
            w = P_w * w + a_w * (v - v_rest)
            v = v_inf + (v - v_inf) * exp(-rate * g)
            g_exc = d_exc * g_exc
            g_inh = d_inh * g_inh
        """,
        spike="v >= v_spike",
        reset="""
            v = v_reset
            w = w + b
        """,
        refractory="tau_refrac",
    )


EIF_cond_exp_isfa_ista = AdEx
"""PyNN's name of the same cell."""
