"""Additive pair STDP in the integer arithmetic of SpiNNaker.

A weight moves by whole steps, towards what is below it; all pairs count, and the weight is clipped
after every update:

    on post: w <- clip(w + step floor(A_plus x_pre)),    then x_post <- x_post + 1
    on pre:  w <- clip(w + step floor(-A_minus x_post)), then x_pre <- x_pre + 1

Amplitudes are in steps of the weight.  Traces decay in each step.
"""

from __future__ import annotations

from neuro.ir.declare import synapse_type, trace

SPINNAKER_STDP = synapse_type(
    "SpiNNakerSTDP",
    parameters="""
        tau_plus : ms, shared
        tau_minus : ms, shared
        A_plus : 1
        A_minus : 1
        step : weight
        w_min : weight
        w_max : weight
    """,
    derived="""
        decay_plus = exp(-dt / tau_plus)
        decay_minus = exp(-dt / tau_minus)
    """,
    pre=trace("x_pre : 1", on_spike="x_pre = x_pre + 1", each_step="x_pre = decay_plus * x_pre"),
    post=trace(
        "x_post : 1", on_spike="x_post = x_post + 1", each_step="x_post = decay_minus * x_post"
    ),
    on_post="w = clip(w + floor(A_plus * x_pre) * step, w_min, w_max)",
    on_pre="w = clip(w + floor(-A_minus * x_post) * step, w_min, w_max)",
)
"""The synapse type; widths and rounding are those of sPyNNaker 7."""
