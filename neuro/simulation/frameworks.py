"""Networks from live models of other frameworks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from neuro.errors import ParameterError, UnavailableError, UnsupportedError
from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.registry import checked_framework, framework_of, module_graph
from neuro.formats.nir.build import Built, Coding, Cycles, build
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.own_cells import own_cell
from neuro.formats.nir.profiles import Conventions
from neuro.ir.network import FLOAT64, Network
from neuro.ir.verify import verified
from neuro.simulation.nir import NIRModel, check_choice


def from_module(
    module: Any,
    input_shape: Sequence[int],
    *,
    inputs: Coding = "spikes",
    dt: float | None = None,
    cycles: Cycles = "refuse",
    name: str | None = None,
) -> NIRModel:
    """Make a network of a live model of snnTorch, Norse, SpikingJelly or Spyx.

    Its neurons become cells with the framework's own step, in its own order of operations, so that
    spikes are the framework's own.  Only sums over synapses may be rounded in another order.  The model
    is read, not run; its network starts with fresh states.

    Parameters
    ----------
    module
        The model.  A chain of layers, or, where the framework builds on torch, a module with a
        ``forward`` of its own: one step, or a loop over time that does the same in every step.
    input_shape
        Shape of one sample, without batch and time; channels first.
    inputs
        ``"spikes"``: zeros and ones; ``"values"``: any number in each step.
    dt
        Length of a step in seconds.  Only Norse has one of its own; elsewhere it has no influence on
        spikes.
    cycles
        As for `from_nir`.
    name
        Name of the network; by default that of the framework.

    Returns
    -------
    NIRModel
        The network, in the framework's own steps.

    Raises
    ------
    UnsupportedError
        If a layer or an operation has no exact counterpart; names it and says what is supported.
    ParameterError
        If the model is from no known framework, is in training mode where that matters, or its layers
        do not fit `input_shape`.
    """
    framework = framework_of(module)
    return _imported(framework, module, input_shape, inputs, dt, cycles, name)


def from_snntorch(
    module: Any,
    input_shape: Sequence[int],
    *,
    inputs: Coding = "spikes",
    dt: float | None = None,
    cycles: Cycles = "refuse",
    name: str | None = None,
) -> NIRModel:
    """Make a network of a live snnTorch model; see `from_module`.

    Raises
    ------
    UnavailableError
        If snnTorch is not installed.
    """
    framework = checked_framework(module, "snntorch")
    return _imported(framework, module, input_shape, inputs, dt, cycles, name)


def to_snntorch(
    model: Network | NIRModel, *, spike_grad: Any = None, learn: Collection[str] = ()
) -> Any:
    """Make a module of snnTorch of a network of snnTorch's cells, such as `from_snntorch` gives.

    Spikes are the network's; only sums over synapses may be rounded in another order.  What
    `neuro.to_torch` or `neuro train` has trained goes back to snnTorch this way.

    Parameters
    ----------
    model
        A chain of layers of ``Leaky``, ``Synaptic``, ``Alpha``, ``Lapicque``, ``RLeaky`` or
        ``RSynaptic``, with dense, sparse or convolutional weights, pooling, and constant biases.
        A model of `from_snntorch` keeps the shape of its input; a network's input is flat.
    spike_grad
        Surrogate gradient of the neurons; None for snnTorch's default.
    learn
        Which of ``"alpha"``, ``"beta"`` and ``"threshold"`` are parameters of the module.

    Returns
    -------
    torch.nn.Sequential
        Neurons keep their state hidden (``snntorch.utils.reset`` clears it); the last one returns
        its spikes and its state.  It takes one step, shape (batch, ...).

    Raises
    ------
    UnsupportedError
        If snnTorch has no counterpart of a cell, a projection or the arrangement; names it.
    UnavailableError
        If snnTorch is not installed.
    """
    if find_spec("snntorch") is None:
        raise UnavailableError(
            "snnTorch is not installed.",
            where="to_snntorch",
            hint="pip install 'neuro-spiking[snntorch]'",
        )
    from neuro.formats.frameworks.to_snntorch import check_learnt, module_of

    check_learnt(learn)
    network = model.network if isinstance(model, NIRModel) else model
    shape = None
    if isinstance(model, NIRModel) and len(model.built.inputs) == 1:
        shape = tuple(model.built.shapes[model.built.inputs[0]])
    return module_of(verified(network), shape, spike_grad, learn)


def from_norse(
    module: Any,
    input_shape: Sequence[int],
    *,
    inputs: Coding = "spikes",
    dt: float | None = None,
    cycles: Cycles = "refuse",
    name: str | None = None,
) -> NIRModel:
    """Make a network of a live Norse model; see `from_module`.

    Raises
    ------
    UnavailableError
        If Norse is not installed.
    """
    framework = checked_framework(module, "norse")
    return _imported(framework, module, input_shape, inputs, dt, cycles, name)


def from_spikingjelly(
    module: Any,
    input_shape: Sequence[int],
    *,
    inputs: Coding = "spikes",
    dt: float | None = None,
    cycles: Cycles = "refuse",
    name: str | None = None,
) -> NIRModel:
    """Make a network of a live SpikingJelly model; see `from_module`.

    Raises
    ------
    UnavailableError
        If SpikingJelly is not installed.
    """
    framework = checked_framework(module, "spikingjelly")
    return _imported(framework, module, input_shape, inputs, dt, cycles, name)


def from_spyx(
    module: Any,
    input_shape: Sequence[int],
    *,
    inputs: Coding = "spikes",
    dt: float | None = None,
    cycles: Cycles = "refuse",
    name: str | None = None,
) -> NIRModel:
    """Make a network of a live Spyx model; see `from_module`.

    Images have channels last in Spyx; `input_shape` and the inputs have them first.

    Raises
    ------
    UnavailableError
        If Spyx is not installed.
    """
    framework = checked_framework(module, "spyx")
    return _imported(framework, module, input_shape, inputs, dt, cycles, name)


def _imported(
    framework: Framework,
    module: Any,
    input_shape: Sequence[int],
    inputs: Coding,
    dt: float | None,
    cycles: Cycles,
    name: str | None,
) -> NIRModel:
    where = f"from_{framework.name}"
    check_choice("inputs", inputs, ("spikes", "values"), where)
    check_choice("cycles", cycles, ("refuse", "stretch"), where)
    step = _step(framework, module, dt)
    graph = module_graph(framework, module, input_shape, coding=inputs, dt=step)
    conventions = Conventions(dt=step, integrator="step")
    built = build(graph, conventions, name=name or framework.name, coding=inputs, cycles=cycles)
    return NIRModel(_in_double(built) if _is_double(graph) else built)


def _step(framework: Framework, module: Any, dt: float | None) -> float:
    """The length of a step: the module's own, the one given, or the framework's."""
    own = framework.step(module)
    if dt is not None and own is not None and dt != own:
        raise ParameterError(
            f"is {dt:g} s, but the model's neurons have {own:g} s.",
            where=f"from_{framework.name}, dt",
            hint="Leave it out.",
        )
    found = own if dt is None else dt
    return framework.default_dt if found is None else found


def _is_double(graph: Graph) -> bool:
    """True if weights are in double precision, hence all that the framework computes.

    Raises
    ------
    UnsupportedError
        If only some neurons are: torch computes these in double precision, others not.
    """
    nodes = [node for node in graph.nodes.values() if isinstance(node, Node)]
    if any(node.values["weight"].dtype == np.float64 for node in nodes if "weight" in node.values):
        return True
    for node in nodes:
        live = own_cell(node)
        found = {} if live is None else live.parameters
        double = [name for name, array in found.items() if array.ndim and array.dtype == np.float64]
        if double:
            raise UnsupportedError(
                f"layer {node.name!r}: its {', '.join(double)} is float64, weights are float32.",
                hint="Call model.float(), or model.double() for double precision throughout.",
            )
    return False


def _in_double(built: Built) -> Built:
    return replace(built, network=replace(built.network, format=FLOAT64))
