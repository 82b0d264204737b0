"""Modules with a forward of their own: traced, loops over time folded into one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import UnsupportedError
from tests.formats.frameworks.oracle import BACKENDS, equal, ours_of
from tests.formats.frameworks.torch_nets import Numbers, events, torch, watched

nets = pytest.importorskip("tests.formats.frameworks.snntorch_nets")
snn = pytest.importorskip("snntorch")
F = torch.nn.functional

STEPS = 12


class Base(torch.nn.Module):  # type: ignore[misc]
    """Layers that the networks below share; weights are multiples of 1/64."""

    def __init__(self) -> None:
        super().__init__()
        n = Numbers(1)
        self.fc1, self.fc2 = n.linear(3, 6), n.linear(6, 4)
        self.back, self.side = n.linear(4, 4), n.linear(6, 4)
        self.lif1 = snn.Leaky(0.8, reset_mechanism="zero")
        self.lif2 = snn.Synaptic(0.6, 0.9, threshold=1.5)
        self.rec = snn.RLeaky(0.7, linear_features=4)
        with torch.no_grad():
            for parameter in (*self.back.parameters(), *n.filled(self.rec.recurrent).parameters()):
                parameter.mul_(0.25)


class OneStep(Base):
    """States come in and go out."""

    def forward(self, x: Any, mem1: Any = None, syn2: Any = None, mem2: Any = None) -> Any:
        spk1, mem1 = self.lif1(self.fc1(x), mem1)
        spk2, syn2, mem2 = self.lif2(self.fc2(spk1), syn2, mem2)
        return spk2, mem1, syn2, mem2


class Loop(Base):
    """The way snnTorch's tutorials write it."""

    def forward(self, x: Any) -> Any:
        mem1 = self.lif1.init_leaky()
        syn2, mem2 = self.lif2.init_synaptic()
        spikes, membranes = [], []
        for step in range(STEPS):
            spk1, mem1 = self.lif1(self.fc1(x[step]), mem1)
            spk2, syn2, mem2 = self.lif2(self.fc2(spk1.view(spk1.size(0), -1)), syn2, mem2)
            spikes.append(spk2)
            membranes.append(mem2)
        return torch.stack(spikes), torch.stack(membranes)


class Branches(Base):
    """Two ways lead to one layer."""

    def forward(self, x: Any) -> Any:
        mem1 = self.lif1.init_leaky()
        syn2, mem2 = self.lif2.init_synaptic()
        spikes = []
        for step in range(STEPS):
            spk1, mem1 = self.lif1(self.fc1(x[step]), mem1)
            current = self.fc2(spk1) + self.side(torch.flatten(spk1, 1))
            spk2, syn2, mem2 = self.lif2(current, syn2, mem2)
            spikes.append(spk2)
        return torch.stack(spikes, dim=0)


class Feedback(Base):
    """The last layer hears its own spikes of the step before, through weights of its own."""

    def forward(self, x: Any) -> Any:
        mem1 = self.lif1.init_leaky()
        syn2, mem2 = self.lif2.init_synaptic()
        spk2 = torch.zeros(1, 4)
        spikes = []
        for step in range(STEPS):
            spk1, mem1 = self.lif1(self.fc1(x[step]), mem1)
            spk2, syn2, mem2 = self.lif2(self.fc2(spk1) + self.back(spk2), syn2, mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class Recurrent(Base):
    """RLeaky takes its own spikes as a state."""

    def forward(self, x: Any) -> Any:
        mem1 = self.lif1.init_leaky()
        spk2, mem2 = self.rec.init_rleaky()
        spikes = []
        for step in range(STEPS):
            spk1, mem1 = self.lif1(self.fc1(x[step]), mem1)
            spk2, mem2 = self.rec(self.fc2(spk1), spk2, mem2)
            spikes.append(spk2)
        return torch.stack(spikes), mem2


class Static(Base):
    """One picture is shown in all steps; its current is computed once."""

    def forward(self, x: Any) -> Any:
        mem1 = self.lif1.init_leaky()
        current, spikes = self.fc1(x), []
        for _ in range(STEPS):
            spk1, mem1 = self.lif1(mem=mem1, input_=current)
            spikes.append(spk1)
        return torch.stack(spikes)


class Images(torch.nn.Module):  # type: ignore[misc]
    """Layers without state at two places, functions of torch, keywords."""

    def __init__(self) -> None:
        super().__init__()
        n = Numbers(5)
        self.conv = n.filled(torch.nn.Conv2d(2, 2, 3, padding=1))
        self.pool, self.fc = torch.nn.AvgPool2d(2), n.linear(8, 3)
        self.out = torch.nn.Sequential(n.filled(torch.nn.Conv2d(2, 2, 2)), torch.nn.Flatten())
        self.lif1, self.lif2 = (snn.Leaky(0.9, init_hidden=True) for _ in range(2))
        self.lif3 = snn.Leaky(0.8, init_hidden=True)

    def forward(self, x: Any) -> Any:
        first = self.lif1(self.pool(self.conv(input=x)))
        second = self.lif2(F.avg_pool2d(self.conv(F.max_pool2d(first, 2, padding=1)), 3, 1, 1))
        second = F.dropout(second, 0.5, training=self.training)
        return self.lif3(self.fc(self.pool(first).flatten(1)) + self.fc(self.out(second)))


def whole(net: Any, rows: Any) -> None:
    net(rows[:, None])


def by_step(net: Any, rows: Any) -> None:
    states: tuple[Any, ...] = (None,) * 3
    for row in rows:
        _, *states = net(row[None], *states)  # type: ignore[assignment]


CASES: tuple[tuple[type, Callable[[Any, Any], None]], ...] = (
    (OneStep, by_step), (Loop, whole), (Branches, whole), (Feedback, whole), (Recurrent, whole),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "drive"), CASES, ids=lambda item: item.__name__)
def test_modules_give_their_own_spikes(kind: Any, drive: Callable[[Any, Any], None]) -> None:
    net = kind().eval()
    values = events(3, (3,), STEPS)
    nets.reset(net)
    theirs = watched(
        net,
        nets.is_neuron,
        lambda: drive(net, torch.tensor(values)),
    ).spikes
    model = neuro.from_module(net, (3,))
    for backend in BACKENDS:
        assert equal(ours_of(model, values, theirs, backend), theirs), backend
    assert list(model.outputs.values()) == [model.names[list(theirs)[-1]]]
    assert all(spikes.any() for spikes in theirs.values())


def test_a_picture_that_stays_is_an_input_in_each_step() -> None:
    net, picture = Static().eval(), np.float32([[1, 0, 1]])
    nets.reset(net)
    theirs = watched(net, nets.is_neuron, lambda: net(torch.tensor(picture))).spikes
    values = np.repeat(picture, STEPS, axis=0)
    assert equal(ours_of(neuro.from_module(net, (3,)), values, theirs, "reference"), theirs)
    assert 0 < theirs["lif1"].sum() < theirs["lif1"].size


def test_layers_without_state_may_be_used_again() -> None:
    net, values = Images().eval(), events(1, (2, 8, 8), STEPS)
    theirs = nets.run(net, values)
    model = neuro.from_module(net, (2, 8, 8))
    for backend in BACKENDS:
        assert equal(ours_of(model, values, theirs, backend), theirs)
    assert all(spikes.any() for spikes in theirs.values())


def test_a_chain_may_use_a_layer_again_but_no_neuron() -> None:
    pool, lif = torch.nn.AvgPool2d(2), snn.Leaky(0.5, threshold=0.2, init_hidden=True)
    net = torch.nn.Sequential(pool, lif, pool)
    model = neuro.from_module(net, (1, 8, 8))
    assert [model.shape(name) for name in model.outputs] == [(1, 2, 2)]
    with pytest.raises(UnsupportedError, match="layer '2': the same Leaky is used at two places"):
        neuro.from_module(torch.nn.Sequential(pool, lif, lif), (1, 8, 8))


def test_a_model_is_as_it_was_before() -> None:
    """Tracing runs forward, which resets states; they are put back."""
    net = Loop().eval()
    net(torch.tensor(events(1, (3,), STEPS))[:, None])
    before = {name: value.clone() for name, value in net.named_buffers()}
    assert before["lif2.mem"].any()
    neuro.from_module(net, (3,))
    after = dict(net.named_buffers())
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
