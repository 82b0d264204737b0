"""A PHC spiking state-space network in its sequential form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro
from neuro.errors import ParameterError
from neuro.frontend.handles import PopulationHandle
from neuro.ir.declare import cell_type
from neuro.ir.network import Network

Array = NDArray[np.float64]

CHANNEL = cell_type("Channel", state="x : 1 = 0", ports="current : 1", update="x = current")
"""Holds a signal from outside."""

RECTIFIER = cell_type(
    "Rectifier",
    parameters="bias : 1 = 0",
    state="x : 1 = 0",
    ports="input : 1",
    update="x = abs(input + bias)",
)
"""Makes the drive of the first region, which only excites."""

READOUT = cell_type(
    "Readout",
    state="total : 1 = 0",
    ports="input : 1",
    update="total = total + input",
)
"""Sums what it hears."""


class PHCSSM:
    """A sequential PHC network: channels, rectified input, regions of `neuro.PHC` cells, a readout.

    Every stage hears the one before a step later.

    Parameters
    ----------
    weights
        ``sizes``, the cells of each region; ``w_in`` (channels, first region) and ``b_in`` (first
        region); ``recurrent`` (cells, cells), by pre then post, 0 where there is no synapse;
        ``a_exc``, ``a_inh``, ``r``, ``v_thresh`` (cells); ``w_out`` (last region, classes).
    dt
        ms.
    name
        Name of the network.

    Attributes
    ----------
    network
        Populations ``Channels``, ``Drive``, ``Region1`` …, ``Readout``; the signal is the current
        input ``signal``.  Recorded: spikes of all regions, and ``total`` of the readout.
    neurons
        Cells of all regions.

    Raises
    ------
    ParameterError
        If an array is missing, its shape does not fit, or a cell both excites and inhibits (Dale).

    References
    ----------
    P.-H. Chiang, arXiv 2604.01295 (2026).  Reconstructed from descriptions of it; without the
    normalisation of inputs, short-term plasticity and STDP.
    """

    def __init__(
        self, weights: Mapping[str, ArrayLike], *, dt: float = 1.0, name: str = "phcssm"
    ) -> None:
        w = checked_weights(weights)
        sizes = [int(size) for size in w["sizes"]]
        self.neurons = sum(sizes)
        net = neuro.NetworkBuilder(dt=dt, name=name, seed=0)
        channels = net.population(len(w["w_in"]), neuro.CustomCell(CHANNEL), label="Channels")
        rectifier = neuro.CustomCell(RECTIFIER, bias=w["b_in"])
        drive = net.population(sizes[0], rectifier, label="Drive")
        regions = _regions(net, w, sizes)
        readout = net.population(w["w_out"].shape[1], neuro.CustomCell(READOUT), label="Readout")
        everyone, one = neuro.AllToAllConnector(), neuro.OneToOneConnector()
        net.graded_projection(channels, "x", drive, everyone, weight=w["w_in"].reshape(-1))
        net.graded_projection(drive, "x", regions[0], one, receptor_type="drive")
        net.graded_projection(regions[-1], "v", readout, everyone, weight=w["w_out"].reshape(-1))
        net.inject(neuro.DCSource(0.0), channels, label="signal")
        readout.record("total")
        self.network: Network = net.build()


def checked_weights(weights: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """`weights` of a `PHCSSM` as arrays.

    Raises
    ------
    ParameterError
        As for `PHCSSM`.
    """
    names = ("sizes", "w_in", "b_in", "recurrent", "a_exc", "a_inh", "r", "v_thresh", "w_out")
    missing = [name for name in names if name not in weights]
    if missing:
        raise ParameterError(
            f"lack {', '.join(missing)}.", where="PHCSSM, weights", hint=f"Needed: {names}."
        )
    w = {name: np.asarray(weights[name], np.float64) for name in names}
    cells, first, last = int(w["sizes"].sum()), int(w["sizes"][0]), int(w["sizes"][-1])
    needed = {
        "w_in": (len(w["w_in"]), first),
        "b_in": (first,),
        "recurrent": (cells, cells),
        "w_out": (last, w["w_out"].shape[-1]),
    } | dict.fromkeys(("a_exc", "a_inh", "r", "v_thresh"), (cells,))
    for name, shape in needed.items():
        if w[name].shape != shape:
            raise ParameterError(
                f"has shape {w[name].shape}.", where=f"PHCSSM, {name}", hint=f"Needed: {shape}."
            )
    both = np.flatnonzero((w["recurrent"] > 0).any(1) & (w["recurrent"] < 0).any(1))
    if len(both):
        raise ParameterError(
            f"cell {both[0]} has weights of both signs.",
            where="PHCSSM, recurrent",
            hint="A cell either excites or inhibits.",
        )
    return w


def _regions(
    net: neuro.NetworkBuilder, w: Mapping[str, Array], sizes: list[int]
) -> list[PopulationHandle]:
    """The regions, and the synapses inside and between them."""
    places = [slice(*pair) for pair in pairwise(np.cumsum([0, *sizes]).tolist())]
    regions = []
    for number, place in enumerate(places, 1):
        own = {name: w[name][place] for name in ("a_exc", "a_inh", "r", "v_thresh")}
        region = net.population(place.stop - place.start, neuro.PHC(**own), label=f"Region{number}")
        region.record("spikes")
        regions.append(region)
    for pre, rows in zip(regions, places, strict=True):
        for post, columns in zip(regions, places, strict=True):
            block = w["recurrent"][rows, columns]
            i, j = np.nonzero(block)
            if len(i):
                listed = np.column_stack([i, j, block[i, j]])
                synapse = neuro.StaticSynapse(delay=net.dt * 1e3)
                net.projection(pre, post, neuro.FromListConnector(listed), synapse)
    return regions
