"""Hebbian and anti-Hebbian plasticity of spikes."""

from __future__ import annotations

from typing import Any

from neuro.ir.declare import synapse_type, trace
from neuro.ir.synapse import SynapseType
from neuro.synapses.base import Synapse


def _type(name: str, sign: str) -> SynapseType:
    return synapse_type(
        name,
        parameters="""
            tau : ms = 20.0, shared
            eta : weight = 0.01
            w_min : weight = 0.0
            w_max : weight = 1.0
        """,
        derived="decay = exp(-dt / tau)",
        pre=trace("x_pre : 1", on_spike="x_pre = x_pre + 1", each_step="x_pre = decay * x_pre"),
        post=trace(
            "x_post : 1", on_spike="x_post = x_post + 1", each_step="x_post = decay * x_post"
        ),
        on_post=f"w = clip(w {sign} eta * x_pre, w_min, w_max)",
        on_pre=f"w = clip(w {sign} eta * x_post, w_min, w_max)",
    )


_HEBBIAN = _type("Hebbian", "+")
_ANTI_HEBBIAN = _type("AntiHebbian", "-")


class Hebbian(Synapse):
    r"""Weights grow when both cells spike together, in either order.

    .. math:: \Delta w = \eta \sum_{\text{pairs}} e^{-|t_{post} - t_{pre}| / \tau}

    clipped to the bounds after every update.  Spikes are seen as in `PairSTDP`: postsynaptic ones
    after the dendritic delay, before the presynaptic ones of the same step.

    Parameters
    ----------
    weight, delay, dendritic_delay_fraction
        As for `Synapse`.
    tau
        Width of the window, ms (20).
    eta
        Growth for coincident spikes, in the unit of the weight (0.01).
    w_min, w_max
        Bounds of the weight, in its unit (0, 1).

    References
    ----------
    W. Gerstner and W. M. Kistler, "Mathematical formulations of Hebbian learning", Biological
    Cybernetics 87 (2002).
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(_HEBBIAN, **given)


class AntiHebbian(Synapse):
    r"""Weights shrink when both cells spike together, in either order.

    .. math:: \Delta w = -\eta \sum_{\text{pairs}} e^{-|t_{post} - t_{pre}| / \tau}

    Parameters
    ----------
    weight, delay, dendritic_delay_fraction, tau, eta, w_min, w_max
        As for `Hebbian`; ``eta`` is the loss for coincident spikes.

    References
    ----------
    As for `Hebbian`.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(_ANTI_HEBBIAN, **given)
