"""NeuroBench's metrics: numbers counted by hand, and neurobench's own on a network of snnTorch."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.ir.connectivity import Convolution
from neuro.ir.expansion import expand
from neuro.ir.network import Network
from neuro.metrics import connection_sparsity, footprint, measure, observed, parameter_count
from neuro.metrics.fan_out import fan_out

WEIGHT = np.float32([[1, 0], [2, 1], [0, 0.5]])


def small(spikes: list[list[float]] | None = None) -> Network:
    """Three inputs onto two cells that forget nothing and fire at 2."""
    times = [[0.0], [0.0], [2.0]] if spikes is None else spikes
    net = neuro.NetworkBuilder(name="small", dt=1.0)
    source = net.population(3, neuro.SpikeSourceArray(spike_times=times), label="in")
    cells = net.population(2, neuro.LIF(v_thresh=2.0, tau_m=1e9), label="cells")
    net.projection(source, cells, neuro.DenseConnector(), neuro.StaticSynapse(weight=WEIGHT))
    return net.build()


def run(network: Network, steps: int) -> Any:
    watched = observed(network)
    return neuro.simulate(watched, steps, backend="reference")


def test_numbers_counted_by_hand() -> None:
    """Steps 0..3: both spikes of step 0 arrive in step 1, where cell 0 gets 3 and fires, cell 1 gets 1;
    in step 3 cell 1 gets 0.5."""
    network = small()
    found = measure(network, run(network, 4))
    assert found.connection_sparsity == 2 / 6
    assert found.activation_sparsity == 1 - 1 / 8
    assert found.activation_sparsity_by_layer == {"cells": 1 - 1 / 8}
    assert found.synaptic_operations.effective_acs == 1 + 2 + 1
    assert found.synaptic_operations.effective_macs == 0
    assert found.synaptic_operations.dense == 6 * 4
    # Step 0 counts both membranes; cell 1 changes in step 1 and in step 3; cell 0 is reset to 0.
    assert found.membrane_updates == 2 + 2
    assert found.parameter_count == 6
    assert found.footprint.weights == 6 * 4


def test_what_arrives_after_the_end_is_not_counted() -> None:
    network = small()
    assert measure(network, run(network, 2)).synaptic_operations.effective_acs == 1 + 2
    assert measure(network, run(network, 3)).synaptic_operations.effective_acs == 1 + 2


def test_numbers_of_operations_are_per_sample() -> None:
    network = small()
    recording = run(network, 4)
    halves = measure(network, recording, samples=2)
    assert halves.synaptic_operations.dense == 12
    assert halves.membrane_updates == 2
    assert halves.activation_sparsity == measure(network, recording).activation_sparsity


def test_names_are_neurobench_s() -> None:
    network = small()
    named = measure(network, run(network, 4)).as_dict()
    assert set(named) == {"Footprint", "ParameterCount", "ConnectionSparsity", "ActivationSparsity",
                          "ActivationSparsityByLayer", "SynapticOperations", "MembraneUpdates"}  # fmt: skip
    assert set(named["SynapticOperations"]) == {"Effective_MACs", "Effective_ACs", "Dense"}


def test_lists_of_synapses_count_what_is_missing() -> None:
    net = neuro.NetworkBuilder(name="net", dt=1.0)
    cells = net.population(10, neuro.LIF(), label="cells")
    pairs = [(0, 1, 0.5, 1.0), (0, 2, 0.0, 1.0), (3, 1, 0.5, 2.0)]
    net.projection(cells, cells, neuro.FromListConnector(pairs))
    network = net.build()
    assert connection_sparsity(network) == pytest.approx(98 / 100)
    size = footprint(network)
    assert size.weights == 3 * 4
    assert size.connections == 4 * (3 + 11) + 4 * 3  # indices, and delays that differ
    assert size.total == size.weights + size.connections + size.parameters + size.state
    assert parameter_count(network) == 3


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
def test_a_kernel_reaches_as_many_as_when_expanded(
    groups: int, stride: tuple[int, ...], dilation: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(groups)
    shape = (4, 4 // groups, 3, 2)
    weight = (rng.normal(size=shape) * (rng.random(shape) < 0.6)).astype(np.float32)
    c = Convolution(input_shape=(4, 7, 6), kernel_shape=shape, stride=stride, padding=(1, 0),
                    dilation=dilation, groups=groups)  # fmt: skip
    rows = expand(c, 4 * 7 * 6, 0, 0)
    assert rows.kernel_index is not None
    used = weight.reshape(-1)[rows.kernel_index] != 0
    wanted = np.bincount(rows.sources()[used], minlength=4 * 7 * 6)
    network = small()
    item = replace(network.projections[0], connectivity=c, weight=weight)
    found = fan_out(network, item, 0)
    assert found is not None
    np.testing.assert_array_equal(found.effective, wanted)
    assert found.dense == rows.count
    assert (found.weights, found.zeros) == (weight.size, int((weight == 0).sum()))


def test_values_that_are_no_spikes_are_multiplied() -> None:
    model = one_layer(inputs="values")
    model = observed(model)
    values = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 1.0], [0.0, 0.0, 0.0]])
    found = measure(model, model.simulate(values, backend="reference"))
    # Fan-outs are 1, 2, 1: the first row adds 3 times, the second multiplies 1 + 1 times.
    assert found.synaptic_operations.effective_acs == 3
    assert found.synaptic_operations.effective_macs == 2
    assert found.synaptic_operations.dense == 18


def one_layer(**more: Any) -> neuro.NIRModel:
    from neuro.formats.nir.graph import Graph
    from tests.formats.nir.one_neuron import node

    nodes = [
        node("in", "Input", shape=[3]),
        node("fc", "Linear", weight=WEIGHT.T),
        node("lif", "IF", r=np.ones(2), v_threshold=np.full(2, 2.0)),
        node("out", "Output", shape=[2]),
    ]
    edges = (("in", "fc"), ("fc", "lif"), ("lif", "out"))
    return neuro.from_nir(
        Graph({n.name: n for n in nodes}, edges), profile="norse", dt=1e-3, **more
    )


@pytest.mark.parametrize("lacking", ["spikes", "v"])
def test_a_recording_that_lacks_something_is_refused(lacking: str) -> None:
    network = small()
    probes = tuple(p for p in observed(network).probes if p.variable != lacking)
    recording = neuro.simulate(replace(network, probes=probes), 4, backend="reference")
    with pytest.raises(ParameterError, match=rf"lacks '{lacking}' of .*observed"):
        measure(network, recording)


def test_a_number_of_samples_below_one_is_refused() -> None:
    network = small()
    with pytest.raises(ParameterError, match="samples: is 0"):
        measure(network, run(network, 1), samples=0)


# neurobench ---------------------------------------------------------------------------------------


def torch_network(kind: str, reset: str) -> tuple[Any, tuple[int, ...]]:
    """Weights are multiples of 1/64, some of them zero: sums are exact in any order."""
    import snntorch as snn
    import torch

    rng = np.random.default_rng(3)

    def weighted(layer: Any) -> Any:
        with torch.no_grad():
            for parameter in layer.parameters():
                drawn = rng.integers(-20, 40, parameter.shape) / 64
                drawn[rng.random(parameter.shape) < 0.3] = 0
                parameter.copy_(torch.tensor(drawn, dtype=torch.float32))
        return layer

    given = {"init_hidden": True, "reset_mechanism": reset}
    last = snn.Leaky(beta=0.75, output=True, **given)
    if kind == "conv":
        return torch.nn.Sequential(
            weighted(torch.nn.Conv2d(2, 3, (3, 2), padding=(1, 0), stride=(1, 2))),
            snn.Leaky(beta=0.5, **given),
            torch.nn.Flatten(),
            weighted(torch.nn.Linear(3 * 6 * 2, 4)),
            last,
        ), (2, 6, 5)
    middle: Any = snn.Leaky(beta=0.875, **given)
    if kind == "recurrent":
        middle = snn.RLeaky(beta=0.875, all_to_all=True, linear_features=7, **given)
        weighted(middle.recurrent)
    return torch.nn.Sequential(
        weighted(torch.nn.Linear(5, 7)), middle, weighted(torch.nn.Linear(7, 4, bias=False)), last
    ), (5,)


def neurobench_s(net: Any, values: np.ndarray) -> dict[str, Any]:
    """What neurobench counts for one sample."""
    import torch
    from neurobench.metrics import static, workload
    from neurobench.models import SNNTorchModel

    model = SNNTorchModel(net)
    found = {"ConnectionSparsity": static.ConnectionSparsity()(model)}
    found["ParameterCount"] = static.ParameterCount()(model)
    model.register_hooks()
    data = torch.tensor(values[None], dtype=torch.float32)
    with torch.no_grad():
        out = model(data)
    for name in ("ActivationSparsity", "SynapticOperations", "MembraneUpdates"):
        found[name] = getattr(workload, name)()(model, out, (data, None))
    model.cleanup_hooks()
    return found


def twice(kind: str, reset: str) -> int:
    """Operations that neurobench counts twice: snnTorch's RLeaky asks its loop twice a step to reset to 0."""
    return 7 * 7 * 25 if (kind, reset) == ("recurrent", "zero") else 0


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("kind", ["dense", "conv", "recurrent"])
def test_numbers_are_neurobench_s_own(kind: str, reset: str) -> None:
    pytest.importorskip("snntorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("neurobench.models", exc_type=ImportError)
        net, shape = torch_network(kind, reset)
        values = (np.random.default_rng(0).random((25, *shape)) < 0.3).astype(float)
        theirs = neurobench_s(net, values)
    model = neuro.from_snntorch(net.eval(), shape)
    model = observed(model)
    ours = measure(model, model.simulate(values, backend="reference")).as_dict()
    assert round(ours["ConnectionSparsity"], 4) == theirs["ConnectionSparsity"]
    assert ours["ActivationSparsity"] == pytest.approx(theirs["ActivationSparsity"], abs=1e-15)
    again = twice(kind, reset)
    assert ours["SynapticOperations"]["Dense"] + again == theirs["SynapticOperations"]["Dense"]
    if not again:
        assert ours["SynapticOperations"] == theirs["SynapticOperations"]
    assert ours["SynapticOperations"]["Effective_ACs"] > 0
    assert ours["MembraneUpdates"] == theirs["MembraneUpdates"]
    assert ours["ParameterCount"] == theirs["ParameterCount"]


def test_weights_and_biases_take_as_many_bytes_as_in_torch() -> None:
    pytest.importorskip("snntorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net, shape = torch_network("dense", "subtract")
    size = footprint(neuro.from_snntorch(net.eval(), shape).network)
    stored = sum(p.numel() * p.element_size() for p in net.parameters())
    assert size.weights + size.biases == stored
