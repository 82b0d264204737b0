"""Three-factor plasticity: STDP marks synapses, a later signal turns the marks into weights."""

from __future__ import annotations

from typing import Any

from neuro.ir.declare import synapse_type, trace
from neuro.synapses.base import Synapse

_TYPE = synapse_type(
    "ThreeFactorSTDP",
    parameters="""
        tau_plus : ms = 20.0, shared
        tau_minus : ms = 20.0, shared
        tau_eligibility : ms = 1000.0
        A_plus : weight = 0.01
        A_minus : weight = 0.012
        learning_rate : Hz = 1.0
        w_min : weight = 0.0
        w_max : weight = 1.0
    """,
    derived="""
        decay_plus = exp(-dt / tau_plus)
        decay_minus = exp(-dt / tau_minus)
        decay_eligibility = exp(-dt / tau_eligibility)
        gain = learning_rate * dt
    """,
    state="e : weight = 0",
    pre=trace("x_pre : 1", on_spike="x_pre = x_pre + 1", each_step="x_pre = decay_plus * x_pre"),
    post=trace(
        "x_post : 1", on_spike="x_post = x_post + 1", each_step="x_post = decay_minus * x_post"
    ),
    factors="reward : 1",
    on_post="e = e + A_plus * x_pre",
    on_pre="e = e - A_minus * x_post",
    each_step="""
        w = clip(w + gain * reward * e, w_min, w_max)
        e = decay_eligibility * e
    """,
)


class ThreeFactorSTDP(Synapse):
    r"""STDP with an eligibility trace, gated by a third factor.

    Pairs of spikes raise or lower the eligibility ``e`` of a synapse as `PairSTDP` would its
    weight; ``e`` decays slowly, and while a ``reward`` arrives it moves the weight:

    .. math::

        \frac{dw}{dt} = \eta\, \mathrm{reward}(t)\, e, \qquad
        \frac{de}{dt} = -\frac{e}{\tau_e} + A_+ x_{pre} s_{post} - A_- x_{post} s_{pre}

    In each step, after the spikes: ``w <- clip(w + eta dt reward e)``, then
    ``e <- e exp(-dt/tau_e)``.

    Parameters
    ----------
    weight, delay, dendritic_delay_fraction
        As for `Synapse`.
    tau_plus, tau_minus
        Decay of the spike traces, ms (20, 20).
    tau_eligibility
        Decay of the eligibility, ms (1000).
    A_plus, A_minus
        Amplitudes, in the unit of the weight (0.01, 0.012).
    learning_rate
        ``eta``, 1/s (1).
    w_min, w_max
        Bounds of the weight, in its unit (0, 1).

    Notes
    -----
    Factor: ``reward`` (plain number, for the whole projection); feed it with a current input or a
    graded projection.

    References
    ----------
    E. M. Izhikevich, "Solving the distal reward problem through linkage of STDP and dopamine
    signaling", Cerebral Cortex 17 (2007).
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(_TYPE, **given)
