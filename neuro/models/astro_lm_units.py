"""The spiking parts of the language model, as networks of the IR."""

from __future__ import annotations

import numpy as np

import neuro
from neuro.ir.network import Network
from neuro.models.astro_lif import Modulation, add_modulation

TOKEN = 1.0
"""A step, which is a token, in ms."""
QUICK, SLOW = 0.7, 2.0
"""Membrane time constants at the start, in tokens: the lowest and the highest."""


def spread(cells: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Time constants from quick to slow, evenly on a logarithmic scale, in an order that mixes them."""
    order = np.argsort(np.modf(np.arange(cells) * 0.6180339887)[0])
    return np.geomspace(QUICK, SLOW, cells)[order]


def encoder(cells: int) -> Network:
    """LIF cells that turn currents (input ``Drive``) into spikes of queries, keys and values."""
    net = neuro.NetworkBuilder(dt=TOKEN, name="astro-lm-encoder", seed=0)
    neurons = net.population(cells, neuro.LIF(reset="subtract", tau_m=spread(cells)), label="Cells")
    net.inject(neuro.DCSource(0.0), neurons, port="input", label="Drive")
    neurons.record("spikes")
    return net.build()


def unit(sensed: int, cells: int, astrocytes: int, seed: int) -> Network:
    """Neurons with currents from outside (input ``Drive``) and astrocytes that sense ``Pre``.

    Without astrocytes (0), the neurons are LIF cells and there is no ``Pre``.
    """
    net = neuro.NetworkBuilder(dt=TOKEN, name="astro-lm-unit", seed=0)
    tau = spread(cells)
    if not astrocytes:
        neurons = net.population(cells, neuro.LIF(reset="subtract", tau_m=tau), label="Cells")
    else:
        pre = net.population(sensed, neuro.SpikeSourceArray(), label="Pre")
        neurons = net.population(cells, neuro.ModulatedLIF(tau_m=tau), label="Cells")
        rng = np.random.default_rng(seed)
        add_modulation(
            net,
            pre,
            neurons,
            astrocytes,
            _modulation(astrocytes, cells, rng),
            sensing=rng.uniform(0, 4 / sensed, (sensed, astrocytes)),
        )
    net.inject(neuro.DCSource(0.0), neurons, port="input", label="Drive")
    neurons.record("spikes")
    return net.build()


def _modulation(astrocytes: int, cells: int, rng: np.random.Generator) -> Modulation:
    """Calcium follows the sensed spikes over 3 + 20 tokens; gains start on either side of zero."""
    return Modulation(
        tau_sense=3.0 * TOKEN,
        tau_calcium=20.0 * TOKEN,
        kappa=np.full(astrocytes, 2.0),
        c0=np.full(astrocytes, 1.5),
        gain=rng.uniform(-0.3, 0.3, cells),
        bias=rng.normal(0, 0.1, cells),
        threshold=rng.uniform(0, 0.2, cells),
    )
