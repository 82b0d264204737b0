"""Spiking cell of the PHC state-space network, with a subtractive reset outside the integrator."""

from __future__ import annotations

from neuro.cells.base import Cell
from neuro.ir.declare import cell_type
from neuro.surface import Given

_PARAMETERS = """
    a_exc : 1 = 0.9
    a_inh : 1 = 0.8
    v_thresh : 1 = 1.0
    r : 1 = 1.0
    e_floor : 1 = -0.5
    eps : 1 = 1e-8
"""
_STATE = """
    integral : 1 = 0
    adaptation : 1 = 0
    v : 1 = 0
"""
# Sums in brackets are what a scan adds in each step, so that scans have the bits of a loop.
_UPDATE = """
    integral = a_exc * integral + (drive + input)
    bounded = max(integral, e_floor)
    would = 1 if bounded > v_thresh else 0
    adaptation = a_inh * adaptation + (max(r * would, 0) + eps)
    v = bounded - adaptation
"""
_PORTS = "input : 1\n drive : 1"

_FIXED = cell_type(
    "PHC",
    parameters=_PARAMETERS,
    state=_STATE,
    ports=_PORTS,
    update=_UPDATE,
    spike="v > v_thresh",
    reset="",
)
_ADAPTIVE = cell_type(
    "PHC_adaptive",
    parameters=_PARAMETERS + "beta : 1 = 0.5\n rho : 1 = 0.95",
    state=_STATE + "trace : 1 = 0\n threshold : 1 = 1",
    ports=_PORTS,
    update="threshold = v_thresh + beta * trace\n"
    + _UPDATE.replace("v_thresh", "threshold")
    + "\n trace = rho * trace",
    spike="v > threshold",
    reset="trace = trace + (1 - rho)",
)


class PHC(Cell):
    r"""Cell of a PHC spiking state-space network, one step at a time.

    .. math::

        I &\leftarrow a_{exc} I + \mathrm{drive} + \mathrm{input}

        A &\leftarrow a_{inh} A + \max(r\, [\max(I, e) > \theta],\ 0) + \epsilon

        v &\leftarrow \max(I, e) - A

    A spike is fired when ``v > v_thresh``.  Nothing is reset: ``A``, which follows the spikes that
    would be there without it, is taken off the integral, decays slowly, and so serves as reset and as
    adaptation.  Both recurrences are affine once the other is known, so they can be trained as
    parallel scans.

    An *adaptive* cell's threshold also rises with its own spikes ``s``, of the steps before:
    :math:`\theta = v_{thresh} + \beta T`, and then :math:`T \leftarrow \rho T + (1 - \rho) s`.

    Parameters
    ----------
    adaptive
        Whether the threshold adapts (False).
    a_exc, a_inh
        Factors by which integral and adaptation shrink in a step (0.9, 0.8).
    v_thresh
        Threshold of v, and of the integral for the adaptation (1).
    r
        Jump of the adaptation (1).
    e_floor, eps
        Lower bound of the integral in v (-0.5), and what the adaptation gains in every step (1e-8).
    beta, rho
        Of adaptive cells: how far the threshold rises, and the factor by which its trace shrinks in a
        step (0.5, 0.95).

    Notes
    -----
    Ports: ``input`` (plain numbers of either sign; from other cells), ``drive`` (the same; from
    outside).  States are ``integral``, ``adaptation``, ``v``;
    of adaptive cells also ``trace`` and ``threshold``.

    References
    ----------
    P.-H. Chiang, arXiv 2604.01295 (2026).  The equations of the sequential form are reconstructed.
    """

    def __init__(self, *, adaptive: bool = False, **parameters: Given) -> None:
        self.cell_type = _ADAPTIVE if adaptive else _FIXED
        super().__init__(**parameters)
