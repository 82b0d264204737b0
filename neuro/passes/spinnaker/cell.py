r"""``IF_curr_exp`` in the integer arithmetic of SpiNNaker; plain numbers in mV, nA, nF and ms.

State is s16.15.  With F(x) the multiple of 2^-15 below x and N(x) the nearest one (halves away from
zero), for both kinds of input s:

    i_s <- i_s + F(g_s min(input_s, limit_s))
    a    = N(R (i_exc - i_inh + i_offset)) + v_rest
    v   <- a - N(P (a - v))
    i_s <- F(d_s i_s)

``d_s = exp(-dt/tau_s)`` and ``g_s = (1 - d_s) tau_s/dt`` have 32 bits behind the point, ``R =
tau_m/cm`` and ``P = exp(-dt/tau_m)`` have 15.  A ring buffer holds 16 bits without sign, hence
``limit_s = (2^16 - 1) 2^(shift_s - 15)``.  A spike is fired when ``v >= v_thresh``; then ``v`` is set
to ``v_reset`` and held for ``tau_refrac``, rounded up to steps.

This is exact in fixed point, ``fixed_point(16, 15)``.
"""

from __future__ import annotations

from neuro.ir.declare import cell_type
from neuro.ir.spinnaker import FRACTION_BITS, WEIGHT_BITS

_ONE = 2**FRACTION_BITS
_STEP = f"{1 / _ONE!r}"

SPINNAKER_LIF = cell_type(
    "IF_curr_exp_s1615",
    parameters="""
        cm : 1
        tau_m : 1
        tau_refrac : ms
        v_rest : 1
        v_reset : 1
        v_thresh : 1
        tau_syn_E : 1
        tau_syn_I : 1
        i_offset : 1
        shift_E : 1
        shift_I : 1
    """,
    state="""
        v : 1 = v_rest, held
        i_exc : 1
        i_inh : 1
        drive : 1
        gap : 1
    """,
    ports="""
        excitatory : 1, nonnegative
        inhibitory : 1, nonnegative
        current : 1
    """,
    derived=f"""
        step = dt / ms
        R = floor(tau_m / cm * {_ONE}) / {_ONE}
        P = floor(exp(-step / tau_m) * {_ONE} + 0.5) / {_ONE}
        d_exc = floor(exp(-step / tau_syn_E) * 2 ** 32 + 0.5) / 2 ** 32
        d_inh = floor(exp(-step / tau_syn_I) * 2 ** 32 + 0.5) / 2 ** 32
        g_exc = floor((1 - d_exc) * floor(tau_syn_E / step * {_ONE}) / {_ONE} * 2 ** 32) / 2 ** 32
        g_inh = floor((1 - d_inh) * floor(tau_syn_I / step * {_ONE}) / {_ONE} * 2 ** 32) / 2 ** 32
        limit_exc = {2**WEIGHT_BITS - 1} * 2 ** (shift_E - {FRACTION_BITS})
        limit_inh = {2**WEIGHT_BITS - 1} * 2 ** (shift_I - {FRACTION_BITS})
    """,
    update=f"""
        i_exc = i_exc + floor(min(excitatory, limit_exc) * ({_ONE} * g_exc)) * {_STEP}
        i_inh = i_inh + floor(min(inhibitory, limit_inh) * ({_ONE} * g_inh)) * {_STEP}
        drive = i_exc - i_inh + (i_offset + current)
        drive = R * drive + v_rest
        gap = drive - v
        v = drive - P * gap
        i_exc = floor(i_exc * ({_ONE} * d_exc)) * {_STEP}
        i_inh = floor(i_inh * ({_ONE} * d_inh)) * {_STEP}
    """,
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory=f"-floor(-floor(tau_refrac / dt * {_ONE} + 0.5) / {_ONE}) * dt",
)
"""The cell type; widths and rounding are those of sPyNNaker 7."""
