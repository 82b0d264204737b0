"""Leaky integrate-and-fire cell with exponentially decaying conductances."""

from __future__ import annotations

from typing import Literal

from neuro.cells.base import Cell
from neuro.errors import ParameterError
from neuro.ir.declare import cell_type
from neuro.surface import Given

_PARAMETERS = """
    cm : nF = 1.0
    tau_m : ms = 20.0
    tau_refrac : ms = 0.1
    v_rest : mV = -65.0
    v_reset : mV = -65.0
    v_thresh : mV = -50.0
    tau_syn_E : ms = 5.0
    tau_syn_I : ms = 5.0
    e_rev_E : mV = 0.0
    e_rev_I : mV = -70.0
    i_offset : nA = 0.0
"""
_STATE = """
    v : mV = v_rest, held
    g_exc : uS
    g_inh : uS
"""
_PORTS = """
    excitatory : uS -> g_exc, nonnegative
    inhibitory : uS -> g_inh, nonnegative
    current : nA
"""

_EXPONENTIAL = cell_type(
    "IF_cond_exp",
    parameters=_PARAMETERS,
    state=_STATE,
    ports=_PORTS,
    derived="""
        g_leak = cm / tau_m
        d_exc = exp(-dt / tau_syn_E)
        d_inh = exp(-dt / tau_syn_I)
        m_exc = exprel(-dt / tau_syn_E)
        m_inh = exprel(-dt / tau_syn_I)
        rate = dt / cm
    """,
    update="""
        ge = m_exc * g_exc
        gi = m_inh * g_inh
        g = g_leak + ge + gi
        v_inf = (g_leak * v_rest + ge * e_rev_E + gi * e_rev_I + (i_offset + current)) / g
        v = v_inf + (v - v_inf) * exp(-rate * g)
        g_exc = d_exc * g_exc
        g_inh = d_inh * g_inh
    """,
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

_EULER = cell_type(
    "IF_cond_exp_euler",
    parameters=_PARAMETERS,
    state=_STATE,
    ports=_PORTS,
    derived="""
        leak = dt / tau_m
        rate = dt / cm
        d_exc = exp(-dt / tau_syn_E)
        d_inh = exp(-dt / tau_syn_I)
    """,
    update="""
        synaptic = g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v) + (i_offset + current)
        v = v + leak * (v_rest - v) + rate * synaptic
        g_exc = d_exc * g_exc
        g_inh = d_inh * g_inh
    """,
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

_TYPES = {"exponential": _EXPONENTIAL, "euler": _EULER}


class IF_cond_exp(Cell):  # noqa: N801
    r"""Leaky integrate-and-fire cell with exponentially decaying conductances (PyNN's IF_cond_exp).

    .. math::

        c_m \frac{dv}{dt} &= \frac{c_m}{\tau_m} (v_{rest} - v)
            + g_{exc} (e_{rev,E} - v) + g_{inh} (e_{rev,I} - v) + i_{offset} + i

        \tau_{syn} \frac{dg}{dt} &= -g

    *Scheme* ``"exponential"`` (default): conductances take their mean over the step,
    ``g (1 - exp(-dt/tau_syn)) tau_syn/dt``, and the membrane then relaxes exactly towards the
    potential they pull to (exponential midpoint; second order in ``dt``, stable for any
    conductance).

    *Scheme* ``"euler"``: forward Euler for ``v`` (first order), as many simulators use it.

    What arrives in a step acts from its beginning.  A spike is fired when ``v >= v_thresh``; then
    ``v`` is set to ``v_reset`` and held for ``tau_refrac``, while the conductances go on.

    Parameters
    ----------
    scheme
        ``"exponential"`` or ``"euler"``.
    cm
        Membrane capacitance, nF (1).
    tau_m
        Membrane time constant, ms (20).
    tau_refrac
        Refractory period, ms (0.1), rounded to steps.
    v_rest, v_reset, v_thresh
        Resting potential, potential after a spike, threshold; mV (-65, -65, -50).
    tau_syn_E, tau_syn_I
        Decay of the conductances, ms (5, 5).
    e_rev_E, e_rev_I
        Reversal potentials, mV (0, -70).
    i_offset
        Constant current, nA (0).

    Notes
    -----
    Ports: ``excitatory`` and ``inhibitory`` (uS per spike), ``current`` (nA).

    References
    ----------
    R. Brette et al., "Simulation of networks of spiking neurons: a review of tools and strategies",
    Journal of Computational Neuroscience 23 (2007).
    """

    def __init__(
        self, *, scheme: Literal["exponential", "euler"] = "exponential", **parameters: Given
    ) -> None:
        if scheme not in _TYPES:
            raise ParameterError(
                f"there is no scheme {scheme!r}.",
                where="IF_cond_exp",
                hint="Use 'exponential' or 'euler'.",
            )
        self.cell_type = _TYPES[scheme]
        super().__init__(**parameters)
