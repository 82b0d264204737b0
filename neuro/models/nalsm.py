"""NALSM: a liquid of spiking neurons whose plasticity one astrocyte keeps near criticality."""

from __future__ import annotations

from typing import Any

import numpy as np

import neuro
from neuro.ir.declare import cell_type, synapse_type, trace
from neuro.ir.network import FLOAT32, Network, NumberFormat
from neuro.models.shapes import Matrix, shaped

ASTROCYTE = cell_type(
    "NALSMAstrocyte",
    parameters="tau : 1 = 100.0\n b : 1 = 0.15",
    state="a : 1 = b",
    ports="input : 1",
    update="a = a + (input + b - a) / tau",
)
"""``a <- a + (w_a (spikes of the liquid - spikes of the input) + b - a) / tau``; tau in steps."""


def _stdp(name: str, plus: str, minus: str, low: str, high: str) -> Any:
    raised = {"on_spike": "{x} = {x} + 0.1", "each_step": "{x} = decay * {x}"}
    pre, post = ({k: v.format(x=x) for k, v in raised.items()} for x in ("x_pre", "x_post"))
    return synapse_type(
        name,
        parameters="tau : 1 = 10.0, shared\n potentiation : weight = 0.15\n w_max : weight = 3.0",
        derived="decay = exp(-1 / tau)",
        pre=trace("x_pre : 1", **pre),
        post=trace("x_post : 1", **post),
        factors="depression : 1",
        on_post=f"w = clip(w {plus} potentiation * x_pre, {low}, {high})",
        on_pre=f"w = clip(w {minus} depression * x_post, {low}, {high})",
    )


EXCITATORY = _stdp("NALSMExcitatory", "+", "-", "0", "w_max")
INHIBITORY = _stdp("NALSMInhibitory", "-", "+", "-w_max", "0")


class NALSM:
    r"""A liquid state machine whose STDP one astrocyte regulates.

    .. math::

        A &\leftarrow A + [w_a (n_{liquid} - n_{input}) + b - A] / \tau_a

        \Delta w &= \pm (0.15\, x_{pre} s_{post} - A\, x_{post} s_{pre}), \qquad
        x \leftarrow d\, (x + 0.1\, s)

    with + for synapses of excitatory cells, whose weights stay in [0, w_max], and - for those of
    inhibitory cells, in [-w_max, 0].  The astrocyte is a graded cell that senses both populations,
    and its state is the factor ``depression`` of every plastic synapse.  Counts of spikes take a step
    to the astrocyte, and its state a step to the synapses; spikes meet as in `neuro.PairSTDP`.

    Parameters
    ----------
    inputs, excitatory, inhibitory
        Sizes.
    weight
        Weights among the neurons, shape (neurons, neurons), excitatory ones first; 0 is no synapse.
        Drawn with `seed` if it is not given.
    drive
        Weights of the inputs, shape (inputs, neurons); drawn if it is not given.
    w_a, tau_a, b
        Of the astrocyte; the published `w_a` is 0.015 for 1,000 neurons, 0.0075 for 8,000.
    w_max
        Largest size of a weight.
    seed, format
        Of the weights, and of the network.

    Attributes
    ----------
    network
        Source ``Input``; populations ``Exc``, ``Inh`` and ``Astrocyte``; plastic projections
        ``ExcExc``, ``ExcInh``, ``InhExc``, ``InhInh``.

    References
    ----------
    V. Ivanov and K. Michmizos, "Increasing liquid state machine performance with edge-of-chaos
    dynamics organized by astrocyte-modulated plasticity", NeurIPS 2021; constants as in the authors'
    code (MIT).  The neurons here are `neuro.LIF`, and the wiring is drawn without distances.
    """

    def __init__(
        self,
        inputs: int,
        excitatory: int,
        inhibitory: int,
        *,
        weight: Matrix | None = None,
        drive: Matrix | None = None,
        w_a: float = 0.015,
        tau_a: float = 100.0,
        b: float = 0.15,
        w_max: float = 3.0,
        seed: int = 0,
        format: NumberFormat = FLOAT32,
    ) -> None:
        cells, rng = excitatory + inhibitory, np.random.default_rng(seed)
        drawn = _drawn(excitatory, inhibitory, w_max, rng)
        among = shaped(drawn if weight is None else weight, (cells, cells), "weight")
        given = rng.uniform(0, 0.6, (inputs, cells)) if drive is None else drive
        net = neuro.NetworkBuilder(dt=1.0, name="nalsm", seed=seed, format=format)
        source = net.population(inputs, neuro.SpikeSourceArray(), label="Input")
        cell = neuro.LIF(tau_m=20.0, tau_refrac=2.0)
        parts = {
            "Exc": net.population(excitatory, cell, label="Exc"),
            "Inh": net.population(inhibitory, cell, label="Inh"),
        }
        glia = net.population(1, neuro.CustomCell(ASTROCYTE, tau=tau_a, b=b), label="Astrocyte")
        place = {"Exc": slice(0, excitatory), "Inh": slice(excitatory, cells)}
        into = shaped(given, (inputs, cells), "drive")
        for name, part in parts.items():
            synapse = neuro.StaticSynapse(weight=into[:, place[name]])
            net.projection(source, part, neuro.DenseConnector(), synapse, label=f"Input{name}")
        for pre, kind in (("Exc", EXCITATORY), ("Inh", INHIBITORY)):
            for post, target in parts.items():
                block = among[place[pre], place[post]]
                pairs = [(int(i), int(j), float(block[i, j])) for i, j in np.argwhere(block)]
                plastic = net.projection(
                    parts[pre],
                    target,
                    neuro.FromListConnector(pairs),
                    neuro.CustomSynapse(kind, w_max=w_max),
                    label=pre + post,
                )
                plastic.record("w")
                net.graded_projection(
                    glia, "a", plastic, neuro.AllToAllConnector(), receptor_type="depression"
                )
        for part in parts.values():
            sensed = neuro.StaticSynapse(weight=w_a)
            net.projection(part, glia, neuro.AllToAllConnector(), sensed)
            part.record("spikes")
        less = neuro.StaticSynapse(weight=-w_a)
        net.projection(source, glia, neuro.AllToAllConnector(), less)
        glia.record("a")
        self.network: Network = net.build()


def _drawn(excitatory: int, inhibitory: int, w_max: float, rng: np.random.Generator) -> Matrix:
    """A fifth of all pairs, no cell onto itself; magnitudes up to a tenth of the largest."""
    cells = excitatory + inhibitory
    made = rng.uniform(0, 0.1 * w_max, (cells, cells)) * (rng.random((cells, cells)) < 0.2)
    np.fill_diagonal(made, 0.0)
    made[excitatory:] *= -1
    return np.asarray(made)
