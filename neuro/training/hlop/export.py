"""A trained network in the IR: it runs on every engine, and answers as the layers do."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from neuro.cells.base import CustomCell
from neuro.errors import ParameterError, UnsupportedError
from neuro.frontend.builder import NetworkBuilder
from neuro.frontend.connectors import DenseConnector
from neuro.frontend.handles import PopulationHandle
from neuro.frontend.sources import StepCurrentSource
from neuro.ir.declare import cell_type
from neuro.ir.network import Network
from neuro.simulation.session import Session
from neuro.synapses.static import StaticSynapse
from neuro.training.hlop.dsr import DSRNeuron
from neuro.training.hlop.layers import ProjectedLinear
from neuro.training.hlop.network import SpikingLayers
from neuro.training.hlop.rules import Rule
from neuro.training.hlop.surrogate import OnlineLIF, SurrogateLIF

SOURCE, READOUT, SIGNAL = "Pixels", "Readout", "image"

RELAY = cell_type("relay", state="x : 1 = 0", ports="input : 1", update="x = input")
"""Passes on what it gets."""

SUBTRACTING = cell_type(
    "subtracting",
    parameters="keep : 1 = 1\n take : 1 = 1\n bound : 1 = 1\n v_thresh : 1 = 1",
    state="v : 1 = 0",
    ports="input : 1",
    update="v = keep * v + take * input",
    spike="v >= bound",
    reset="v = v - v_thresh",
)
"""Cells of DSR, BPTT and OTTT: fires from `bound` on, and takes `v_thresh` off."""

TOTAL = cell_type(
    "total",
    parameters="keep : 1 = 1",
    state="total : 1 = 0",
    ports="input : 1",
    update="total = keep * total + input",
)
"""Adds up what it gets; late steps weigh more if `keep` is below 1."""


def to_network(
    layers: SpikingLayers,
    rule: Rule,
    name: str = "hlop",
    image: NDArray[np.generic] | None = None,
) -> Network:
    """The network of trained layers.

    A sample is shown for `Rule.steps` steps on the input ``image``; the class is the cell of
    ``Readout`` with the largest ``total`` one step for each layer later (`network_answers`).

    Parameters
    ----------
    layers
        Matrices and the cells between them.
    rule
        How they were trained.
    name
        Of the network.
    image
        What is shown unless a run says otherwise, shape (pixels,); None for nothing.

    Raises
    ------
    UnsupportedError
        If a layer is not a matrix.
    """
    net = NetworkBuilder(dt=1.0, name=name, seed=0)
    weights = [_matrix(layer) for layer in layers.projected]
    source = net.population(len(weights[0]), CustomCell(RELAY), label=SOURCE)
    shown = np.zeros(source.size) if image is None else np.asarray(image, np.float64)
    signal = StepCurrentSource([0.0, float(rule.steps)], [shown, np.zeros(source.size)])
    net.inject(signal, source, port="input", label=SIGNAL)
    before, height = source, 0.0
    for place, neuron in enumerate(layers.neurons):
        constants, next_height = constants_of(neuron)
        cells = net.population(
            weights[place].shape[1],
            CustomCell(SUBTRACTING, **constants),
            label=f"Hidden{place + 1}",
        )
        _connect(net, before, cells, weights[place], height)
        before, height = cells, next_height
    keep = getattr(layers.neurons[-1], "decay", 1.0) if len(layers.neurons) else 1.0
    readout = net.population(weights[-1].shape[1], CustomCell(TOTAL, keep=keep), label=READOUT)
    _connect(net, before, readout, weights[-1], height)
    readout.record("total")
    return net.build()


def _matrix(layer: nn.Module) -> NDArray[np.float32]:
    if not isinstance(layer, ProjectedLinear):
        raise UnsupportedError(
            f"a layer is a {type(layer).__name__}; only matrices are exported.",
            hint="Build the network of a convolution with neuro.NetworkBuilder.",
        )
    made: NDArray[np.float32] = layer.weight.detach().cpu().numpy()
    return made


def _connect(
    net: NetworkBuilder,
    pre: PopulationHandle,
    post: PopulationHandle,
    weight: NDArray[np.float32],
    height: float,
) -> None:
    """Values through a matrix from the source, spikes of some height from cells."""
    if pre.name == SOURCE:
        net.graded_projection(pre, "x", post, DenseConnector(), weight=weight.astype(np.float64))
        return
    scaled = (np.float32(height) * weight).astype(np.float64)
    net.projection(pre, post, DenseConnector(), StaticSynapse(weight=scaled, delay=1.0))


@singledispatch
def constants_of(neuron: Any) -> tuple[dict[str, float], float]:
    """Parameters of `SUBTRACTING` for a layer of cells, and the size of its spikes.

    Raises
    ------
    UnsupportedError
        If it knows no such cells.
    """
    raise UnsupportedError(f"cells of kind {type(neuron).__name__} are not exported.")


@constants_of.register
def _(neuron: DSRNeuron) -> tuple[dict[str, float], float]:
    cells = neuron.cells
    constants = {"keep": cells.keep, "take": cells.take, "bound": cells.bound}
    return {**constants, "v_thresh": cells.threshold}, cells.height


@constants_of.register(SurrogateLIF)
@constants_of.register(OnlineLIF)
def _(neuron: Any) -> tuple[dict[str, float], float]:
    bound = {"bound": neuron.threshold, "v_thresh": neuron.threshold}
    return {"keep": neuron.keep, **bound}, 1.0


def network_inputs(image: NDArray[np.generic], steps: int, depth: int) -> dict[str, Any]:
    """Inputs of a run of ``steps + depth`` steps that shows `image`, shape (pixels,)."""
    shown = np.zeros((steps + depth, image.size))
    shown[:steps] = image
    return {SIGNAL: shown}


def network_answers(
    network: Network,
    images: Iterable[NDArray[np.generic]],
    steps: int,
    *,
    backend: str = "auto",
) -> NDArray[np.float64]:
    """What ``Readout`` has collected for each image; shape (images, classes).

    Parameters
    ----------
    network
        As made by `to_network`.
    images
        Of shape (pixels,), normalised as for training.
    steps
        How long each is shown.
    backend
        Which engine.

    Raises
    ------
    ParameterError
        If the network is not one of these, or an image has another size.
    """
    names = [p.name for p in network.populations]
    if SOURCE not in names or READOUT not in names:
        raise ParameterError(
            f"network {network.name!r} has no {SOURCE} or no {READOUT}.",
            where="network_answers",
            hint="Give a network that training with neuro.training.hlop left.",
        )
    depth, pixels, found = len(names) - 1, network.population(SOURCE).size, []
    with Session(network, backend=backend) as session:
        start = session.snapshot()
        for image in images:
            if image.shape != (pixels,):
                raise ParameterError(
                    f"has shape {image.shape}.", where="image", hint=f"Needed: ({pixels},)."
                )
            session.restore(start)
            inputs = network_inputs(image, steps, depth)
            recording = session.run(steps + depth, inputs=inputs, progress=None)
            found.append(recording.trace_data(READOUT, "total").values[-1])
    return np.array(found, np.float64)
