"""Networks built in Norse give Norse's own spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnsupportedError
from tests.formats.frameworks.oracle import compare, equal, ours_of, round_trip, same_membranes
from tests.formats.frameworks.torch_nets import doubled, events, torch

nets = pytest.importorskip("tests.formats.frameworks.norse_nets")
norse = pytest.importorskip("norse.torch")


def checked(net: Any, shape: tuple[int, ...], seed: int = 0) -> int:
    values = events(seed, shape)

    def in_double() -> Any:
        other = doubled(net)
        return neuro.from_norse(other, shape), nets.run(other, values)

    model = neuro.from_norse(net, shape)
    round_trip(model)
    theirs = nets.watch(net, values)
    if seed % 2:
        same_membranes(model, values, theirs.membranes)
    return compare(model, values, theirs.spikes, in_double)


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_give_their_own_spikes(seed: int) -> None:
    net, shape = nets.network(seed)
    assert checked(net, shape, seed) > 20


def test_layers_over_time_are_the_same_layers() -> None:
    """LIF and LIFRecurrent take all steps at once; torch's own layers are lifted."""
    n = nets.Numbers(1)
    p = norse.LIFParameters(tau_mem_inv=torch.tensor(300.0), v_th=torch.tensor(0.25))
    last = norse.LIFRecurrent(6, 4, p=p)
    net = norse.SequentialState(norse.Lift(n.linear(5, 6)), norse.LIF(p=p), n.filled(last))
    values = events(1, (5,))
    theirs = {}
    for k, layer in (("1", net[1]), ("2", net[2])):
        layer.register_forward_hook(
            lambda _, __, out, k=k: theirs.__setitem__(k, out[0].detach().numpy()[:, 0] != 0)
        )
    net(torch.tensor(values)[:, None])
    assert equal(ours_of(neuro.from_norse(net, (5,)), values, theirs, "reference"), theirs)
    assert all(spikes.any() for spikes in theirs.values())


def test_readouts_show_the_framework_s_values() -> None:
    n = nets.Numbers(1)
    p = norse.LIParameters(v_leak=torch.tensor(0.25))
    net = norse.SequentialState(
        n.linear(5, 6), norse.LIFBoxCell(), n.linear(6, 3), norse.LICell(p=p)
    )
    values, theirs, state = events(2, (5,)), [], None
    for row in torch.tensor(values):
        out, state = net(row[None], state)
        theirs.append(out.detach().numpy()[0])
    model = neuro.from_norse(net, (5,))
    found = model.simulate(values, backend="reference").traces[model.outputs["output"]]["v"].values
    np.testing.assert_array_equal(found, np.array(theirs))


class TwoLayers(torch.nn.Module):  # type: ignore[misc]
    """The way Norse's tutorials write a network."""

    def __init__(self) -> None:
        super().__init__()
        n = nets.Numbers(3)
        self.first = norse.SequentialState(n.linear(5, 6), norse.LIFBoxCell())
        self.fc, self.lif = n.linear(6, 4), norse.LIFCell()

    def forward(self, x: Any, state: Any = None) -> Any:
        first, last = (None, None) if state is None else state
        x, first = self.first(x, first)
        x, last = self.lif(self.fc(x), last)
        return x, (first, last)


def test_modules_of_one_s_own_are_traced() -> None:
    net, values = TwoLayers().eval(), events(5, (5,))
    with torch.no_grad():
        net.first[0].weight.mul_(4)
        net.fc.weight.mul_(4)
    theirs = nets.run(net, values)
    model = neuro.from_module(net, (5,))
    assert equal(ours_of(model, values, theirs, "reference"), theirs)
    assert theirs["lif"].any()


@pytest.mark.parametrize("seed", range(4))
def test_layers_that_do_not_rest_start_when_their_turn_comes(seed: int) -> None:
    """Negative thresholds, leaks and resets; a value from a leaky integrator between two layers."""
    n = nets.Numbers(2 * seed + 1)

    def some() -> Any:
        return n.between(-0.3, 0.6, (5,))

    def lif() -> Any:
        return norse.LIFCell(p=norse.LIFParameters(v_th=some(), v_leak=some(), v_reset=some()))

    middle = norse.LICell(p=norse.LIParameters(v_leak=some()))
    last = norse.IAFCell(p=norse.IAFParameters(v_th=some(), v_reset=some()))
    layers = (lif(), n.linear(5, 5), middle, n.linear(5, 5), lif(), n.linear(5, 5), last)
    net = norse.SequentialState(n.linear(5, 5), *layers)
    values = events(seed, (5,), 15)
    theirs = {name: spikes for name, spikes in nets.run(net, values).items() if name != "3"}
    model = neuro.from_norse(net, (5,))
    assert equal(ours_of(model, values, theirs, "reference"), theirs)


@pytest.mark.parametrize("kind", ["LIF", "LIFBox"])
def test_other_readers_get_norse_s_conventions(kind: str) -> None:
    """Without the sidecar, by the profile of the same name."""
    n = nets.Numbers(1)
    cells = [nets.cell(kind, 0, (6,), n, 1e-3) for _ in range(2)]
    net = norse.SequentialState(n.linear(5, 6), cells[0], n.linear(6, 6), cells[1])
    model, values = neuro.from_norse(net, (5,)), events(1, (5,))
    plain = neuro.from_nir(neuro.to_nir(model).graph, profile="norse", dt=1e-3)
    like = {model.names[name]: spikes for name, spikes in nets.run(net, values).items()}
    assert equal(ours_of(plain, values, like, "reference"), like)
    assert all(spikes.any() for spikes in like.values())


def test_steps_of_neurons_must_agree() -> None:
    net = norse.SequentialState(norse.LIFBoxCell(dt=1e-3), norse.LIFBoxCell(dt=1e-4))
    with pytest.raises(ParameterError, match=r"different length \('0': 0\.001 s, '1': 0\.0001 s\)"):
        neuro.from_norse(net, (2,))
    net = norse.SequentialState(norse.LIFBoxCell(dt=1e-4))
    assert neuro.from_norse(net, (2,)).network.dt == 1e-4
    with pytest.raises(
        ParameterError, match=r"dt: is 0\.001 s, but the model's neurons have 0\.0001"
    ):
        neuro.from_norse(net, (2,), dt=1e-3)


def test_what_has_no_counterpart_is_named() -> None:
    net = norse.SequentialState(norse.LIFAdExCell())
    with pytest.raises(UnsupportedError, match=r"layer '0': .*LIFAdExCell: torch's exp differs"):
        neuro.from_norse(net, (2,))
    mixed = torch.nn.Sequential(norse.LIFBoxCell(), pytest.importorskip("snntorch").Leaky(0.9))
    with pytest.raises(ParameterError, match="several frameworks: norse, snntorch"):
        neuro.from_module(mixed, (2,))
