"""Short-term plasticity after Tsodyks and Markram, in all the forms met in the field."""

from __future__ import annotations

from typing import Any, Literal

from neuro.ir.declare import synapse_type, trace
from neuro.ir.synapse import SynapseType, Trace
from neuro.synapses.base import Synapse, chosen

_PARAMETERS = """
    U : 1 = 0.5, shared
    tau_rec : ms = 800.0, shared
    tau_fac : ms = 0.0, shared
"""
_DERIVED = """
    d_fac = exp(-dt / tau_fac)
    d_rec = exp(-dt / tau_rec)
"""
_TO_U = "u = U + d_fac * (u - U)"
_TO_0 = "u = d_fac * u"
_RECOVER = "x = 1 + d_rec * (x - 1)"


def _type(notation: str, state: str, send: str, on_spike: str, each_step: str) -> SynapseType:
    pre: Trace = trace(state, on_spike=on_spike, each_step=each_step)
    return synapse_type(
        f"TsodyksMarkram_{notation}", parameters=_PARAMETERS, derived=_DERIVED, pre=pre, send=send
    )


_TYPES = {
    "B": _type(
        "B",
        "u : 1 = U\nx : 1 = 1",
        "w * (u * x)",
        "x = x - u * x; u = u + U * (1 - u)",
        f"{_TO_U}; {_RECOVER}",
    ),
    "A": _type(
        "A",
        "u : 1 = 0\nx : 1 = 1\nh_fac : 1 = 1\nh_rec : 1 = 1",
        "w * ((U + u * (1 - U) * h_fac) * (1 + (x - x * u - 1) * h_rec))",
        """
        x = 1 + (x - x * u - 1) * h_rec
        u = U + u * (1 - U) * h_fac
        h_fac = 1
        h_rec = 1
        """,
        "h_fac = d_fac * h_fac; h_rec = d_rec * h_rec",
    ),
    "C0": _type(
        "C0",
        "u : 1 = 0\nx : 1 = 1",
        "w * ((u + U * (1 - u)) * x)",
        "u = u + U * (1 - u); x = x - u * x",
        f"{_TO_0}; {_RECOVER}",
    ),
    "C": _type(
        "C",
        "u : 1 = U\nx : 1 = 1",
        "w * ((u + U * (1 - u)) * x)",
        "u = u + U * (1 - u); x = x - u * x",
        f"{_TO_U}; {_RECOVER}",
    ),
    "B2": _type(
        "B2",
        "u : 1 = U\nx : 1 = 1",
        "w * (u * x)",
        "u = u + U * (1 - u); x = x - u * x",
        f"{_TO_U}; {_RECOVER}",
    ),
}


class TsodyksMarkram(Synapse):
    r"""Short-term facilitation and depression.

    Each presynaptic cell has a utilisation ``u`` and a resource ``x``; a spike sends
    ``weight * u * x`` and uses up resource.  In the canonical *notation* ``"B"``:

    .. math::

        \text{at a spike:}\quad & r = w\,u\,x;\quad x \leftarrow x (1 - u);\quad
            u \leftarrow u + U (1 - u)

        \text{between spikes:}\quad & u \to U \text{ with } \tau_{fac},\quad
            x \to 1 \text{ with } \tau_{rec}

    Notations ``"A"`` (event to event with updated values; NEST's tsodyks2) and ``"C0"`` (``u``
    decays to 0 and is raised before the release; common in Brian2 code) are the same model and give
    the same amplitudes.  Two look-alikes are different models and must be asked for: ``"C"``
    (``u`` decays to U *and* is raised before the release) and ``"B2"`` (``x`` is used up with the
    already raised ``u``).

    Parameters
    ----------
    notation
        ``"B"``, ``"A"``, ``"C0"``; or the variants ``"C"``, ``"B2"``.
    weight, delay, dendritic_delay_fraction
        As for `Synapse`.
    U
        Utilisation of the first spike, 0 to 1 (0.5).
    tau_rec, tau_fac
        Recovery of the resource and decay of the facilitation, ms (800, 0); a ``tau_fac`` of 0 is
        no facilitation.

    References
    ----------
    M. Tsodyks, K. Pawelzik and H. Markram, "Neural networks with dynamic synapses", Neural
    Computation 10 (1998).
    """

    def __init__(self, *, notation: Literal["A", "B", "C0", "C", "B2"] = "B", **given: Any) -> None:
        chosen("TsodyksMarkram", "notation", notation, _TYPES)
        super().__init__(_TYPES[notation], **given)
