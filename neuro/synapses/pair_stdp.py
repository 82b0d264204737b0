"""Pair-based spike-timing-dependent plasticity."""

from __future__ import annotations

from typing import Any, Literal

from neuro.ir.declare import synapse_type, trace
from neuro.ir.synapse import SynapseType
from neuro.synapses.base import Synapse, chosen

_PARAMETERS = """
    tau_plus : ms = 20.0, shared
    tau_minus : ms = 20.0, shared
    A_plus : {amplitude} = 0.01
    A_minus : {amplitude} = 0.012
    w_min : weight = 0.0
    w_max : weight = 1.0
"""
_DERIVED = """
    decay_plus = exp(-dt / tau_plus)
    decay_minus = exp(-dt / tau_minus)
"""
_AMPLITUDE = {"additive": "weight", "multiplicative": "1"}
_POTENTIATE = {
    "additive": "w = clip(w + {gate}A_plus * x_pre, w_min, w_max)",
    "multiplicative": "w = clip(w + {gate}A_plus * (w_max - w) * x_pre, w_min, w_max)",
}
_DEPRESS = {
    "additive": "w = clip(w - {gate}A_minus * x_post, w_min, w_max)",
    "multiplicative": "w = clip(w - {gate}A_minus * (w - w_min) * x_post, w_min, w_max)",
}
_RAISE = {"all_to_all": "{x} = {x} + 1", "nearest": "{x} = 1"}


def _build(pairing: str, dependence: str, gated: bool) -> SynapseType:
    gate = "gate * " if gated else ""
    parts = [pairing, dependence, *(["gated"] if gated else [])]
    return synapse_type(
        "_".join(["PairSTDP", *parts]),
        parameters=_PARAMETERS.format(amplitude=_AMPLITUDE[dependence]),
        derived=_DERIVED,
        pre=trace(
            "x_pre : 1",
            on_spike=_RAISE[pairing].format(x="x_pre"),
            each_step="x_pre = decay_plus * x_pre",
        ),
        post=trace(
            "x_post : 1",
            on_spike=_RAISE[pairing].format(x="x_post"),
            each_step="x_post = decay_minus * x_post",
        ),
        factors="gate : 1" if gated else "",
        on_post=_POTENTIATE[dependence].format(gate=gate),
        on_pre=_DEPRESS[dependence].format(gate=gate),
    )


_TYPES = {
    (pairing, dependence, gated): _build(pairing, dependence, gated)
    for pairing in _RAISE
    for dependence in _AMPLITUDE
    for gated in (False, True)
}


class PairSTDP(Synapse):
    r"""Pair-based STDP with traces; amplitudes are absolute.

    A presynaptic spike that arrives sees the postsynaptic trace and depresses, a postsynaptic spike
    that comes back sees the presynaptic trace and potentiates; the weight is clipped after every
    single update:

    .. math::

        \text{on post:}\quad & w \leftarrow \mathrm{clip}(w + A_+ x_{pre});\quad
            x_{post} \leftarrow x_{post} + 1

        \text{on pre:}\quad & w \leftarrow \mathrm{clip}(w - A_- x_{post});\quad
            x_{pre} \leftarrow x_{pre} + 1

    and both traces decay by ``exp(-dt/tau)`` at the end of each step.  Postsynaptic spikes are seen
    after the dendritic delay and before presynaptic ones of the same step, so a pre spike at ``t``
    and a post spike at ``t - 1`` meet with a difference of zero and depress (dendritic delay 1).

    *Pairing* ``"all_to_all"`` adds 1 to a trace at each spike, ``"nearest"`` sets it to 1.
    *Dependence* ``"additive"`` is as above; ``"multiplicative"`` uses ``A_plus (w_max - w)`` and
    ``A_minus (w - w_min)``, with amplitudes that are plain numbers.

    Parameters
    ----------
    pairing
        ``"all_to_all"`` or ``"nearest"``.
    dependence
        ``"additive"`` or ``"multiplicative"``.
    gated
        True adds a third factor ``gate`` that multiplies every update; feed it with a current
        input (0: weights are frozen, 1: as usual).
    weight, delay, dendritic_delay_fraction
        As for `Synapse`.
    tau_plus, tau_minus
        Decay of the presynaptic and postsynaptic trace, ms (20, 20).
    A_plus, A_minus
        Amplitudes, in the unit of the weight (additive) or plain (multiplicative) (0.01, 0.012).
    w_min, w_max
        Bounds of the weight, in its unit (0, 1).

    References
    ----------
    A. Morrison, M. Diesmann and W. Gerstner, "Phenomenological models of synaptic plasticity based
    on spike timing", Biological Cybernetics 98 (2008).
    """

    def __init__(
        self,
        *,
        pairing: Literal["all_to_all", "nearest"] = "all_to_all",
        dependence: Literal["additive", "multiplicative"] = "additive",
        gated: bool = False,
        **given: Any,
    ) -> None:
        chosen("PairSTDP", "pairing", pairing, _RAISE)
        chosen("PairSTDP", "dependence", dependence, _AMPLITUDE)
        super().__init__(_TYPES[pairing, dependence, gated], **given)
