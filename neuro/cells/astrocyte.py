"""Astrocyte: senses spikes, sums them up slowly, and gives a gate between 0 and 1."""

from __future__ import annotations

from typing import Literal

from neuro.cells.base import Cell
from neuro.errors import ParameterError
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type
from neuro.surface import Given

_RESPONSES = {"linear": "g", "hill": "peak * g * g / (g * g + half * half)"}
_OWN = {"linear": "", "hill": "peak : 1 = 1.0"}
"""Parameters of one response only."""


def _build(response: str) -> CellType:
    return cell_type(
        f"Astrocyte_{response}",
        parameters=f"""
            tau_sense : ms = 30.0
            tau_calcium : ms = 500.0
            kappa : 1 = 4.0
            c0 : 1 = 0.5
            half : 1 = 1.0
            {_OWN[response]}
        """,
        state="""
            g : 1 = 0
            c : 1 = 0
            m : 1 = 0
            swing : 1 = 0
        """,
        ports="input : 1, nonnegative",
        derived="""
            keep_g = exp(-dt / tau_sense)
            keep_c = exp(-dt / tau_calcium)
        """,
        update=f"""
            g = keep_g * g + input
            c = keep_c * c + (1 - keep_c) * ({_RESPONSES[response]})
            m = sigmoid(kappa * (c - c0))
            swing = 2 * m - 1
        """,
    )


_TYPES = {response: _build(response) for response in _RESPONSES}


class Astrocyte(Cell):
    r"""Astrocyte of a tripartite synapse: spikes raise a trace, the trace calcium, calcium a gate.

    .. math::

        g &\leftarrow \lambda_g\, g + \mathrm{input}, \qquad \lambda_x = e^{-dt/\tau_x}

        c &\leftarrow \lambda_c\, c + (1 - \lambda_c)\, f(g)

        m &\leftarrow \sigma(\kappa (c - c_0)), \qquad \mathrm{swing} \leftarrow 2 m - 1

    It never spikes.  What it senses comes through projections (`NetworkBuilder.senses`), what it
    does to neurons, synapses or other astrocytes leaves through graded projections
    (`NetworkBuilder.modulates`), which take a step at least.  Before step 0 nothing leaves it, so
    in step 0 its targets run as if it were not there.

    With the *response* ``"linear"``, :math:`f(g) = g`, the cell is two affine recurrences of what
    it senses and can be trained as parallel scans; ``"hill"`` grows with the square and saturates,
    :math:`f(g) = P g^2 / (g^2 + K^2)` with ``half`` for :math:`K` and ``peak`` for :math:`P`, so that
    a burst raises calcium more than as many spikes apart.

    Parameters
    ----------
    response
        ``"linear"`` or ``"hill"``.
    tau_sense, tau_calcium
        Time constants of trace and calcium, ms (30, 500).
    kappa, c0
        Slope of the gate, and the calcium at which it is half open (4, 0.5).
    half
        Trace at which the Hill function is half its largest value; ``"linear"`` does not read it (1).
    peak
        Its largest value; of ``"hill"`` only (1).

    Notes
    -----
    Port: ``input`` (plain numbers, not negative).

    References
    ----------
    A. Araque, V. Parpura, R. P. Sanzgiri and P. G. Haydon, "Tripartite synapses: glia, the
    unacknowledged partner", Trends in Neurosciences 22 (1999).  The equations are our own, inspired
    by, not a reproduction of, arXiv 2312.07625.
    """

    def __init__(
        self, *, response: Literal["linear", "hill"] = "linear", **parameters: Given
    ) -> None:
        if response not in _TYPES:
            raise ParameterError(
                f"there is no response {response!r}.",
                where="Astrocyte",
                hint="Use 'linear' or 'hill'.",
            )
        self.cell_type = _TYPES[response]
        super().__init__(**parameters)
