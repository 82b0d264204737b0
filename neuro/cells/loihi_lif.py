"""Leaky integrate-and-fire cell in the integer arithmetic of Loihi."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type
from neuro.ir.loihi import DECAY_ONE, LIMIT, UNIT

STATE = "u : 1\n v : 1 = 0, held"
CURRENT = f"""
    u = (floor(u * keep_u) if u >= 0 else -floor(-u * keep_u)) + {UNIT} * input
    u = u - {2 * LIMIT} if u > {LIMIT} else u + {2 * LIMIT} if u <= -{LIMIT} else u
"""
"""How the current of a compartment goes on; it wraps."""
MEMBRANE = f"""
    v = (floor(v * keep_v) if v >= 0 else -floor(-v * keep_v)) + {{added}}
    v = clip(v, -{LIMIT - 1}, {LIMIT - 1})
"""
"""How the membrane goes on, to be formatted with what is added; it saturates."""


class LoihiLIF(Cell):
    r"""Leaky integrate-and-fire cell with a current, as Loihi's cores compute it (Lava's ``LIF``).

    All numbers are integers.  With :math:`T(x) = \mathrm{sign}(x) \lfloor |x| \rfloor` (towards
    zero):

    .. math::

        u &\leftarrow W(T(u \, (4095 - du) / 4096) + 64 \, \mathrm{input})

        v &\leftarrow \mathrm{clip}(T(v \, (4096 - dv) / 4096) + u + b, -2^{23} + 1, 2^{23} - 1)

    where :math:`b = \lfloor \mathrm{bias\_mant} \cdot 2^{\mathrm{bias\_exp}} \rfloor`, and
    :math:`W` takes off :math:`2^{24}` above :math:`2^{23}` and adds it at :math:`-2^{23}` and below
    (the current wraps, the membrane saturates).  A spike is fired when ``v > 64 vth``; then ``v``
    is 0.

    The numbers are exact in float64 and in fixed point, ``fixed_point(31, 0)``, and there equal to
    those of Lava's ``LIF`` with the tag ``fixed_pt``, bit for bit.  In float32 products are rounded.

    Parameters
    ----------
    du
        Decay of the current, at most 4095, which leaves nothing for the next step (4095).
    dv
        Decay of the membrane, at most 4095; without a leak it is 0 (0).
    vth
        Threshold, 0 to 131071, in units of 64 steps of the membrane (100).
    bias_mant, bias_exp
        Constant input to the membrane: -4096 to 4095, shifted left by 0 to 7 (0, 0).
    tau_refrac
        Refractory period, ms (0), rounded to steps.  Lava's fixed-point model has none.

    Notes
    -----
    Port: ``input``, integers of either sign.  Loihi's synapses hold 8 bits and an exponent for each
    projection; see `neuro.passes.loihi`.

    References
    ----------
    M. Davies et al., "Loihi: a neuromorphic manycore processor with on-chip learning", IEEE Micro
    38 (2018).  Lava 0.10, ``lava.proc.lif`` (BSD-3-Clause), was read for widths and rounding.
    """

    cell_type = cell_type(
        "LoihiLIF",
        parameters="""
            du : 1 = 4095.0
            dv : 1 = 0.0
            vth : 1 = 100.0
            bias_mant : 1 = 0.0
            bias_exp : 1 = 0.0
            tau_refrac : ms = 0.0
        """,
        state=STATE,
        ports="input : 1",
        derived=f"""
            keep_u = (4095 - du) / {DECAY_ONE}
            keep_v = ({DECAY_ONE} - dv) / {DECAY_ONE}
            bias = floor(bias_mant * 2 ** bias_exp)
            threshold = {UNIT} * vth
        """,
        update=f"{CURRENT}\n{MEMBRANE.format(added='(u + bias)')}",
        spike="v > threshold",
        reset="v = 0",
        refractory="tau_refrac",
    )
