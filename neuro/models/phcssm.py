"""A PHC spiking state-space network in its sequential form: the network that is deployed."""

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


LEAD = 2
"""Steps before the signal reaches the first region: through the channels, and through the drive."""
_BASE = ("sizes", "w_in", "b_in", "recurrent", "a_exc", "a_inh", "r", "v_thresh", "w_out")
_CELLS = ("a_exc", "a_inh", "r", "v_thresh", "beta", "rho")


class PHCSSM:
    """A sequential PHC network: channels, rectified input, regions of `neuro.PHC` cells, a readout.

    Every stage hears the one before a step later.  To train one, see
    `neuro.models.phc.module.PHCModule`.

    Parameters
    ----------
    weights
        ``sizes``, the cells of each region; ``w_in`` (channels, first region) and ``b_in`` (first
        region); ``recurrent`` (cells, cells), by pre then post, 0 where there is no synapse;
        ``a_exc``, ``a_inh``, ``r``, ``v_thresh`` (cells); ``w_out`` (last region, classes).

        Besides, where a network has them: ``beta`` and ``rho`` (cells), thresholds that adapt;
        ``delay`` (cells), steps from a spike of a cell to its arrival; ``stp``, the utilisation and
        the time constants tau_rec and tau_fac (ms) of short-term plasticity after Tsodyks and
        Markram; ``b_out`` (classes), see `steps`.
    steps
        Length of a sequence: totals then start from ``b_out`` times the `LEAD` + `steps` steps in
        which the readout hears something, and the class is the largest total.  0 starts from 0.
    dale
        Whether a cell must either excite or inhibit.
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
    normalisation of inputs.
    """

    def __init__(
        self,
        weights: Mapping[str, ArrayLike],
        *,
        steps: int = 0,
        dale: bool = True,
        dt: float = 1.0,
        name: str = "phcssm",
    ) -> None:
        w = checked_weights(weights, dale=dale)
        sizes = [int(size) for size in w["sizes"]]
        self.neurons = sum(sizes)
        net = neuro.NetworkBuilder(dt=dt, name=name, seed=0)
        channels = net.population(len(w["w_in"]), neuro.CustomCell(CHANNEL), label="Channels")
        rectifier = neuro.CustomCell(RECTIFIER, bias=w["b_in"])
        drive = net.population(sizes[0], rectifier, label="Drive")
        regions = _regions(net, w, sizes)
        readout = net.population(
            w["w_out"].shape[1],
            neuro.CustomCell(READOUT),
            label="Readout",
            initial_values={"total": w["b_out"] * (steps + LEAD)} if steps else None,
        )
        everyone, one = neuro.AllToAllConnector(), neuro.OneToOneConnector()
        net.graded_projection(channels, "x", drive, everyone, weight=w["w_in"].reshape(-1))
        net.graded_projection(drive, "x", regions[0], one, receptor_type="drive")
        net.graded_projection(regions[-1], "v", readout, everyone, weight=w["w_out"].reshape(-1))
        net.inject(neuro.DCSource(0.0), channels, label="signal")
        readout.record("total")
        self.network: Network = net.build()


def checked_weights(weights: Mapping[str, ArrayLike], *, dale: bool = True) -> dict[str, Array]:
    """`weights` of a `PHCSSM` as arrays, with those that may be left out.

    Raises
    ------
    ParameterError
        As for `PHCSSM`.
    """
    missing = [name for name in _BASE if name not in weights]
    if missing:
        raise ParameterError(
            f"lack {', '.join(missing)}.", where="PHCSSM, weights", hint=f"Needed: {_BASE}."
        )
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    cells, first, last = int(w["sizes"].sum()), int(w["sizes"][0]), int(w["sizes"][-1])
    classes = w["w_out"].shape[-1]
    w = {"delay": np.ones(cells), "b_out": np.zeros(classes)} | w
    needed = {
        "w_in": (len(w["w_in"]), first),
        "b_in": (first,),
        "recurrent": (cells, cells),
        "w_out": (last, classes),
        "b_out": (classes,),
        "stp": (3,),
    } | dict.fromkeys((*_CELLS, "delay"), (cells,))
    for name in needed.keys() & w.keys():
        if w[name].shape != needed[name]:
            hint = f"Needed: {needed[name]}."
            raise ParameterError(f"has shape {w[name].shape}.", where=f"PHCSSM, {name}", hint=hint)
    both = np.flatnonzero((w["recurrent"] > 0).any(1) & (w["recurrent"] < 0).any(1))
    if dale and len(both):
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
        own = {name: w[name][place] for name in _CELLS if name in w}
        cell = neuro.PHC(adaptive="beta" in w, **own)
        region = net.population(place.stop - place.start, cell, label=f"Region{number}")
        region.record("spikes")
        regions.append(region)
    for pre, rows in zip(regions, places, strict=True):
        for post, columns in zip(regions, places, strict=True):
            block = w["recurrent"][rows, columns]
            i, j = np.nonzero(block)
            if len(i):
                listed = np.column_stack([i, j, block[i, j]])
                delay = w["delay"][rows][i] * net.dt * 1e3
                net.projection(pre, post, neuro.FromListConnector(listed), _synapse(w, delay))
    return regions


def _synapse(w: Mapping[str, Array], delay: Array) -> neuro.Synapse:
    if "stp" not in w:
        return neuro.StaticSynapse(delay=delay)
    utilisation, recovery, facilitation = w["stp"].tolist()
    return neuro.TsodyksMarkram(U=utilisation, tau_rec=recovery, tau_fac=facilitation, delay=delay)
