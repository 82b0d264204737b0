"""Networks whose firmware is tested: one with every feature, and the memory with its protocol."""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import Any

import neuro
from neuro.drive import drive_of
from neuro.ir.network import Network, NumberFormat
from neuro.models.experiment import Experiment
from neuro.models.spec import load_model
from neuro.passes.quantise import quantise
from tests.networks import ASTROCYTE, NOISY, plastic

Event = tuple[int, int]


def everything(format: NumberFormat = neuro.FLOAT32, name: str = "everything") -> Network:
    """Noise, Poisson input, delays, plasticity, graded projections, trains and currents.

    The sources ``given`` (8 cells, silent) and ``played`` (3 cells) take events; ``played`` also
    spikes by itself, and the current ``step_of_cells`` changes at steps 5 and 25.
    """
    net = neuro.NetworkBuilder(dt=1.0, name=name, seed=11, format=format)
    given = net.population(8, neuro.SpikeSourceArray(), label="given")
    trains = [[2.0, 9.0, 10.0, 31.0], [9.0], [0.0, 40.0]]
    played = net.population(3, neuro.SpikeSourceArray(trains), label="played")
    noisy = net.population(40, neuro.CustomCell(NOISY), label="noisy")
    cells = net.population(37, neuro.LIF(tau_refrac=2.0), label="cells")
    glia = net.population(2, neuro.CustomCell(ASTROCYTE), label="glia")
    dense, sparse = neuro.AllToAllConnector(), neuro.FixedProbabilityConnector(0.3)
    net.projection(given, cells, dense, neuro.StaticSynapse(weight=0.15))
    net.projection(played, noisy, dense, neuro.StaticSynapse(weight=neuro.Uniform(0.1, 0.9)))
    net.projection(noisy, cells, sparse, plastic("stdp all_to_all additive", 0.06), label="stdp")
    delayed = plastic("calcium", 0.08, delay=3.0)
    calcium = net.projection(cells, cells, sparse, delayed, label="calcium")
    spread = plastic("tm B", 0.2, delay=neuro.Uniform(1.0, 7.0))
    net.projection(cells, noisy, sparse, spread, label="short")
    sense = neuro.StaticSynapse(weight=0.05)
    net.projection(cells, glia, dense, sense, label="sense")
    net.graded_projection(
        glia, "gate", noisy, dense, weight=0.1, delay=2.0, receptor_type="input", label="gate"
    )
    net.poisson_input(noisy, rate=neuro.Uniform(50.0, 400.0), weight=0.3)
    step = neuro.StepCurrentSource([5.0, 25.0], [0.2, 0.05])
    net.inject(step, cells, port="input", label="step_of_cells")
    modulator = neuro.StepCurrentSource([0.0, 20.0], [0.5, -0.5])
    net.inject(modulator, calcium, port="modulator", label="reward")
    return net.build()


def memory_demo() -> Experiment:
    """The CA3 memory of 5 cues and 10 bits that learns, recalls and forgets."""
    return load_model("ca3-memory").experiment(None, {})


def events_by_step(network: Network, inputs: dict[str, Any]) -> dict[int, list[Event]]:
    """What is given in each step, by the numbers of sources."""
    names = list(network.sources)
    found: defaultdict[int, list[Event]] = defaultdict(list)
    for name in inputs:
        spikes = drive_of(network, inputs).spikes[name]
        for step, cell in zip(spikes.step, spikes.index, strict=True):
            found[int(step)].append((names.index(name), int(cell)))
    return found


@functools.cache
def in_fixed_point(weight_bits: int = 8) -> Network:
    """Integers only: plastic and static synapses, delays, a graded projection, trains, currents."""
    net = neuro.NetworkBuilder(dt=1.0, name="fixed", seed=12)
    given = net.population(8, neuro.SpikeSourceArray(), label="given")
    played = net.population(3, neuro.SpikeSourceArray([2.0, 9.0, 31.0]), label="played")
    cells = net.population(40, neuro.LIF(tau_refrac=2.0), label="cells")
    others = net.population(5, neuro.LIF(bias=0.04), label="others")
    dense, sparse = neuro.AllToAllConnector(), neuro.FixedProbabilityConnector(0.3)
    net.projection(given, cells, dense, neuro.StaticSynapse(weight=neuro.Uniform(0.1, 0.5)))
    net.projection(played, others, dense, neuro.StaticSynapse(weight=0.4))
    delayed = plastic("stdp all_to_all additive", 0.08, delay=3.0)
    net.projection(cells, cells, sparse, delayed, label="stdp")
    net.projection(cells, others, sparse, plastic("tm B", 0.2, delay=2.0), label="short")
    net.graded_projection(others, "v", cells, dense, weight=0.01, delay=2.0, receptor_type="input")
    step = neuro.StepCurrentSource([5.0, 25.0], [0.2, 0.05])
    net.inject(step, cells, port="input", label="step_of_cells")
    return quantise(net.build(), steps=60, weight_bits=weight_bits, backend="reference").network
