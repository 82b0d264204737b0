"""Leaky integrate-and-fire cell with exponentially decaying synaptic currents."""

from __future__ import annotations

from typing import Literal

from neuro.cells.base import Cell
from neuro.errors import ParameterError
from neuro.ir.declare import cell_type
from neuro.surface import Given

_PARAMETERS = """
    cm : nF = 1.0            # membrane capacitance
    tau_m : ms = 20.0        # membrane time constant
    tau_refrac : ms = 0.1    # refractory period
    v_rest : mV = -65.0      # resting potential
    v_reset : mV = -65.0     # potential after a spike
    v_thresh : mV = -50.0    # threshold
    tau_syn_E : ms = 5.0     # decay of the excitatory current
    tau_syn_I : ms = 5.0     # decay of the inhibitory current
    i_offset : nA = 0.0      # constant current
"""
_STATE = """
    v : mV = v_rest, held
    i_exc : nA
    i_inh : nA
"""
_PORTS = """
    excitatory : nA -> i_exc, nonnegative
    inhibitory : nA -> i_inh, nonnegative
    current : nA
"""

# exprel keeps the propagator accurate where tau_m and tau_syn are (nearly) equal.
_EXACT = cell_type(
    "IF_curr_exp",
    parameters=_PARAMETERS,
    state=_STATE,
    ports=_PORTS,
    derived="""
        P_v = exp(-dt / tau_m)
        d_exc = exp(-dt / tau_syn_E)
        d_inh = exp(-dt / tau_syn_I)
        P_exc = dt / cm * P_v * exprel(dt / tau_m - dt / tau_syn_E)
        P_inh = dt / cm * P_v * exprel(dt / tau_m - dt / tau_syn_I)
        P_current = dt / cm * exprel(-dt / tau_m)
        v_drive = (1 - P_v) * v_rest + P_current * i_offset
    """,
    update="""
        v = P_v * v + P_exc * i_exc - P_inh * i_inh + (v_drive + P_current * current)
        i_exc = d_exc * i_exc
        i_inh = d_inh * i_inh
    """,
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)

_SPINNAKER = cell_type(
    "IF_curr_exp_spinnaker",
    parameters=_PARAMETERS,
    state=_STATE,
    ports=_PORTS,
    derived="""
        R = tau_m / cm
        P_v = exp(-dt / tau_m)
        d_exc = exp(-dt / tau_syn_E)
        d_inh = exp(-dt / tau_syn_I)
        g_exc = exprel(-dt / tau_syn_E)
        g_inh = exprel(-dt / tau_syn_I)
    """,
    update="""
        i = g_exc * i_exc - g_inh * i_inh + (i_offset + current)
        v_inf = i * R + v_rest
        v = v_inf - P_v * (v_inf - v)
        i_exc = d_exc * i_exc
        i_inh = d_inh * i_inh
    """,
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)


class IF_curr_exp(Cell):  # noqa: N801
    r"""Leaky integrate-and-fire cell with exponentially decaying currents (PyNN's IF_curr_exp).

    .. math::

        c_m \frac{dv}{dt} &= \frac{c_m}{\tau_m} (v_{rest} - v) + i_{exc} - i_{inh} + i_{offset} + i

        \tau_{syn} \frac{di_{syn}}{dt} &= -i_{syn}

    A spike is fired when ``v >= v_thresh``; then ``v`` is set to ``v_reset`` and held for
    ``tau_refrac``, while the currents go on.

    *Scheme* ``"exact"`` (default): the exact solution over one step, with what arrives in a step
    acting from its beginning (Rotter and Diesmann 1999):
    ``v <- P_v v + P_exc i_exc - P_inh i_inh + ...``, then ``i <- i exp(-dt/tau_syn)``.

    *Scheme* ``"spinnaker"``: SpiNNaker's arithmetic: the current's mean over the step acts as if
    constant, ``v <- v_inf - exp(-dt/tau_m) (v_inf - v)`` with ``v_inf = v_rest + i R``.

    Parameters
    ----------
    scheme
        ``"exact"`` or ``"spinnaker"``.
    cm
        Membrane capacitance, nF (1).
    tau_m
        Membrane time constant, ms (20).
    tau_refrac
        Refractory period, ms (0.1), rounded to steps.
    v_rest, v_reset, v_thresh
        Resting potential, potential after a spike, threshold; mV (-65, -65, -50).
    tau_syn_E, tau_syn_I
        Decay of the synaptic currents, ms (5, 5).
    i_offset
        Constant current, nA (0).

    Notes
    -----
    Ports: ``excitatory`` and ``inhibitory`` (nA per spike, magnitudes), ``current`` (nA).

    References
    ----------
    S. Rotter and M. Diesmann, "Exact digital simulation of time-invariant linear systems with
    applications to neuronal modeling", Biological Cybernetics 81 (1999).
    """

    cell_type = _EXACT

    def __init__(
        self, *, scheme: Literal["exact", "spinnaker"] = "exact", **parameters: Given
    ) -> None:
        types = {"exact": _EXACT, "spinnaker": _SPINNAKER}
        if scheme not in types:
            raise ParameterError(
                f"there is no scheme {scheme!r}.",
                where="IF_curr_exp",
                hint="Use 'exact' or 'spinnaker'.",
            )
        self.cell_type = types[scheme]
        super().__init__(**parameters)
