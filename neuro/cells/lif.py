"""Leaky integrate-and-fire cell without units, as used in machine learning."""

from __future__ import annotations

from typing import Literal

from neuro.cells.base import Cell
from neuro.errors import ParameterError
from neuro.ir.declare import cell_type
from neuro.surface import Given

_RESETS = {"value": "v = v_reset", "subtract": "v = v - v_thresh"}

_TYPES = {
    reset: cell_type(
        f"LIF_{reset}",
        parameters="""
            tau_m : ms = 20.0
            v_thresh : 1 = 1.0
            v_reset : 1 = 0.0
            tau_refrac : ms = 0.0
            bias : 1 = 0.0
        """,
        state="v : 1 = 0, held",
        ports="input : 1",
        derived="beta = exp(-dt / tau_m)",
        update="v = beta * v + input + bias",
        spike="v >= v_thresh",
        reset=program,
        refractory="tau_refrac",
    )
    for reset, program in _RESETS.items()
}


class LIF(Cell):
    r"""Leaky integrate-and-fire cell with plain numbers (snnTorch's ``Leaky``).

    .. math:: v \leftarrow \beta v + \mathrm{input} + \mathrm{bias}, \qquad \beta = e^{-dt/\tau_m}

    A spike is fired when ``v >= v_thresh``.  *Reset* ``"value"`` then sets ``v`` to ``v_reset``,
    ``"subtract"`` takes ``v_thresh`` off it (soft reset, the overshoot is kept).  The reset acts in
    the step of the spike.

    Parameters
    ----------
    reset
        ``"value"`` or ``"subtract"``.
    tau_m
        Membrane time constant, ms (20).
    v_thresh, v_reset
        Threshold (1) and value after a spike (0).
    tau_refrac
        Refractory period, ms (0), rounded to steps.
    bias
        Constant input (0).

    Notes
    -----
    Ports: ``input`` (plain numbers of either sign).

    References
    ----------
    J. K. Eshraghian et al., "Training spiking neural networks using lessons from deep learning",
    Proceedings of the IEEE 111 (2023).
    """

    def __init__(
        self, *, reset: Literal["value", "subtract"] = "value", **parameters: Given
    ) -> None:
        if reset not in _TYPES:
            raise ParameterError(
                f"there is no reset {reset!r}.", where="LIF", hint="Use 'value' or 'subtract'."
            )
        self.cell_type = _TYPES[reset]
        super().__init__(**parameters)
