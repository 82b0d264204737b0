"""Leaky integrate-and-fire cell with an adaptive threshold."""

from __future__ import annotations

from typing import Literal

from neuro.cells.base import Cell
from neuro.errors import ParameterError
from neuro.ir.declare import cell_type
from neuro.surface import Given

_JUMPS = {"lsnn": "1 - rho", "eprop": "1"}

_TYPES = {
    convention: cell_type(
        f"ALIF_{convention}",
        parameters="""
            tau_m : ms = 20.0
            tau_adapt : ms = 200.0
            v_thresh : 1 = 1.0
            beta : 1 = 1.6
            tau_refrac : ms = 0.0
            bias : 1 = 0.0
        """,
        state="""
            v : 1 = 0, held
            a : 1 = 0
        """,
        ports="input : 1",
        derived=f"""
            alpha = exp(-dt / tau_m)
            rho = exp(-dt / tau_adapt)
            jump = {jump}
        """,
        update="""
            a = rho * a
            v = alpha * v + input + bias
        """,
        spike="v >= v_thresh + beta * a",
        reset="""
            v = v - (v_thresh + beta * a)
            a = a + jump
        """,
        refractory="tau_refrac",
    )
    for convention, jump in _JUMPS.items()
}


class ALIF(Cell):
    r"""Leaky integrate-and-fire cell whose threshold rises with its own spikes.

    .. math::

        a &\leftarrow \rho a + k\, s[t-1], \qquad \rho = e^{-dt/\tau_{adapt}}

        v &\leftarrow \alpha v + \mathrm{input} + \mathrm{bias}, \qquad \alpha = e^{-dt/\tau_m}

    A spike is fired when ``v >= v_thresh + beta a``, and that threshold is taken off ``v``.

    The *convention* fixes the jump ``k`` of the adaptation at a spike: ``"lsnn"`` (Bellec et al.
    2018) uses ``1 - rho``, ``"eprop"`` (Bellec et al. 2020) uses 1.  They are the same model with
    ``beta_eprop = beta_lsnn (1 - rho)``.  The jump is made in the step of the spike, after the
    reset, and decays from the next step on.

    Parameters
    ----------
    convention
        ``"lsnn"`` or ``"eprop"``.
    tau_m, tau_adapt
        Time constants of membrane and adaptation, ms (20, 200).
    v_thresh
        Threshold without adaptation (1).
    beta
        Strength of the adaptation (1.6).
    tau_refrac
        Refractory period, ms (0), rounded to steps.
    bias
        Constant input (0).

    Notes
    -----
    Ports: ``input`` (plain numbers of either sign).

    References
    ----------
    G. Bellec, D. Salaj, A. Subramoney, R. Legenstein and W. Maass, NeurIPS 2018, arXiv 1803.09574.
    """

    def __init__(
        self, *, convention: Literal["lsnn", "eprop"] = "lsnn", **parameters: Given
    ) -> None:
        if convention not in _TYPES:
            raise ParameterError(
                f"there is no convention {convention!r}.",
                where="ALIF",
                hint="Use 'lsnn' or 'eprop'.",
            )
        self.cell_type = _TYPES[convention]
        super().__init__(**parameters)
