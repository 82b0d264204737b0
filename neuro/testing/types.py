"""Cells and synapses that use everything the language has; the library's do not, each on its own."""

from __future__ import annotations

from neuro.ir.declare import cell_type, synapse_type, trace

NOISY = cell_type(
    "noisy",
    parameters="tau : ms = 10\n sigma : 1 = 0.3",
    state="v : 1 = 0, held\n n : 1 = 0\n slow : 1 = 0",
    ports="input : 1\n bound : 1 -> slow",
    derived="beta = exp(-dt / tau)",
    update="""
        n = 0.5 * n + normal()
        high = n > 1 or uniform() > 0.9
        slow = 0.9 * slow + (0.01 if high else 0)
        v = beta * v + input + sigma * n * sqrt(dt / ms) + tanh(slow) * 0.1
    """,
    spike="v > 1 - 0.1 * uniform()",
    reset="v = v - 1; slow = slow + 0.05",
    refractory="3 * ms",
)
"""A cell with noise, a local condition, library functions and a mixed threshold."""

COUPLED = cell_type(
    "coupled",
    parameters="tau : ms = 15\n rest : ms = 2",
    state="v : 1 = 0, held\n w : 1 = 0",
    ports="input : 1",
    update="""
        v = v + dt / tau * (input * 8 - v) - 0.05 * w
        w = w + dt / (5 * tau) * (v - w)
    """,
    spike="v >= 0.8 and t >= 2 * ms",
    reset="v = 0; w = w + 0.2",
    refractory="rest",
)
"""A cell in which a variable that is not held depends on the new value of one that is."""

ASTROCYTE = cell_type(
    "astrocyte",
    parameters="tau_g : ms = 30\n tau_c : ms = 100",
    state="g : 1 = 0\n c : 1 = 0\n gate : 1 = 0",
    ports="sense : 1 -> g",
    derived="d_g = exp(-dt / tau_g)\n d_c = exp(-dt / tau_c)",
    update="""
        c = d_c * c + (1 - d_c) * g
        gate = sigmoid(4 * (c - 0.2))
        g = d_g * g
    """,
)
"""A graded cell: it never spikes."""

INTEGER_ASTROCYTE = cell_type(
    "integer_astrocyte",
    parameters="tau_g : ms = 30\n tau_c : ms = 100",
    state="g : 1 = 0\n c : 1 = 0\n gate : 1 = 0",
    ports="sense : 1 -> g",
    derived="d_g = exp(-dt / tau_g)\n d_c = exp(-dt / tau_c)",
    update="""
        c = d_c * c + (1 - d_c) * g
        gate = clip(4 * (c - 0.2), 0, 1)
        g = d_g * g
    """,
)
"""An astrocyte that has an integer form."""

CALCIUM = synapse_type(
    "calcium",
    parameters="tau : ms = 30, shared\n rate : 1 = 0.02\n w_max : weight = 1",
    derived="d = exp(-dt / tau)",
    state="ca : 1 = 0",
    pre=trace("x : 1", on_spike="x = x + 0.5 * (1 - x)", each_step="x = d * x"),
    post=trace(
        "y : 1\n z : 1", on_spike="y = y + 1; z = z + y", each_step="y = d * y; z = 0.9 * z"
    ),
    factors="modulator : 1, per_post",
    on_pre="ca = ca + 0.3 * y; w = clip(w - rate * w * ca, 0, w_max)",
    send="w * (1 - 0.5 * x)",
    on_post="ca = ca + x; w = clip(w + rate * (w_max - w) * ca * (1 + modulator), 0, w_max)",
    each_step="ca = 0.95 * ca",
)
"""A synapse with everything: state, traces on both sides, a factor per cell, a sent value."""
