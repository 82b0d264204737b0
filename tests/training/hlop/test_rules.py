"""The three rules and their cells: values, gradients, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from neuro.errors import ParameterError, UnknownNameError, UnsupportedError
from neuro.training.hlop.dsr import DSRIF, DSRLIF, SMALLEST, DSRNeuron
from neuro.training.hlop.network import SpikingLayers, perceptron
from neuro.training.hlop.rates import step_weights, weighted_rate
from neuro.training.hlop.rules import BPTT, DSR, OTTT, Rule, rule_of
from neuro.training.hlop.spikes import Cells, in_one_call, step_by_step
from neuro.training.hlop.surrogate import OnlineLIF, SurrogateLIF, surrogate

STEPS, BATCH, CELLS = 20, 4, 70


def drawn(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def layers_of(rule: Rule, **given: Any) -> SpikingLayers:
    generator = torch.Generator().manual_seed(1)
    return perceptron((12, 30, 20, 5), rule.neuron, generator=generator, **given)


def labels(count: int = BATCH) -> Tensor:
    return torch.arange(count) % 5


# Cells of DSR ----------------------------------------------------------------------------------


@pytest.mark.parametrize("steady", [False, True])
@pytest.mark.parametrize("cells", [7, 32, 70])
def test_one_call_of_c_gives_the_bits_of_steps_in_torch(steady: bool, cells: int) -> None:
    current = drawn(STEPS, BATCH, cells, scale=3.0)
    current = current[:1].expand(STEPS, -1, -1) if steady else current
    constants = Cells(0.95, 0.05, 0.09, 0.3, 6.0)
    made = in_one_call(current, constants)
    assert torch.equal(made, step_by_step(current, constants))
    assert 0 < (made > 0).float().mean() < 1


def test_a_leaky_cell_gives_its_mean_input_up_to_the_ceiling() -> None:
    inputs = torch.tensor([[-1.0, 0.0, 1.0, 3.0, 9.0]])
    neuron = DSRLIF()
    rate = weighted_rate(neuron(inputs.expand(400, 1, 5)), neuron.decay)
    torch.testing.assert_close(rate[0], torch.tensor([0, 0, 1.0, 3.0, 6.0]), atol=0.3, rtol=0)


def test_weights_of_steps_are_those_of_a_leak() -> None:
    weights = step_weights(3, math.exp(-0.05)).tolist()
    raw = [math.exp(-0.1), math.exp(-0.05), 1.0]
    assert weights == pytest.approx([w / sum(raw) for w in raw])
    values = drawn(3, 2, 4)
    expected = sum(w * v for w, v in zip(weights, values, strict=True))
    torch.testing.assert_close(weighted_rate(values, math.exp(-0.05)), expected)


def leaky_gradient(current: Tensor, g: Tensor) -> tuple[Tensor, float]:
    """What the rule says, written out."""
    w = [math.exp(-(STEPS - i) * 0.05) for i in range(1, STEPS + 1)]
    total = sum(w)
    mean = sum(a * x for a, x in zip(w, g, strict=True)) / total * STEPS
    rate = sum(a * x for a, x in zip(w, current, strict=True)) / total
    inside = ((rate > 0) & (rate < 0.3 / 0.05)).float()
    threshold = 0.05 * (mean * (rate > 0.3 / 0.05)).sum().item()
    return (mean * inside / STEPS).expand(STEPS, *mean.shape), threshold


def plain_gradient(current: Tensor, g: Tensor) -> tuple[Tensor, float]:
    mean, rate = g.sum(0), current.mean(0)
    inside = ((rate >= 0) & (rate <= 0.3)).float()
    return (mean * inside / STEPS).expand(STEPS, *mean.shape), (mean * (rate > 0.3)).sum().item()


@pytest.mark.parametrize(
    ("kind", "written", "scale"), [(DSRLIF, leaky_gradient, 20.0), (DSRIF, plain_gradient, 1.0)]
)
def test_backward_is_the_derivative_of_rates(
    kind: type[DSRNeuron], written: Callable[[Tensor, Tensor], tuple[Tensor, float]], scale: float
) -> None:
    neuron = kind()
    current = drawn(STEPS, BATCH, CELLS, scale=scale).requires_grad_()
    g = drawn(STEPS, BATCH, CELLS, seed=1)
    (neuron(current) * g).sum().backward()
    expected, threshold = written(current.detach(), g)
    torch.testing.assert_close(current.grad, expected, atol=1e-5, rtol=1e-4)
    assert neuron.threshold.grad is not None
    assert neuron.threshold.grad.item() == pytest.approx(threshold, rel=1e-3, abs=1e-4)
    assert abs(threshold) > 1e-3


def test_a_threshold_never_falls_below_its_bound() -> None:
    neuron = DSRLIF()
    neuron.threshold.data.fill_(-1.0)
    neuron(drawn(2, 1, 3))
    assert neuron.threshold.item() == pytest.approx(SMALLEST)


# Cells with surrogates -----------------------------------------------------------------------


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distance: Tensor) -> Tensor:
        ctx.save_for_backward(distance)
        return (distance >= 0).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * surrogate(ctx.saved_tensors[0])


def test_gradients_through_time_are_those_of_the_unrolled_graph() -> None:
    current = drawn(6, BATCH, CELLS).requires_grad_()
    g = drawn(6, BATCH, CELLS, seed=1)
    spikes = SurrogateLIF()(current)
    (spikes * g).sum().backward()
    again = current.detach().clone().requires_grad_()
    v, sent = torch.zeros(BATCH, CELLS), []
    for x in again:
        v = 0.5 * v + x
        s = _Step.apply(v - 1)  # type: ignore[no-untyped-call]
        v = v - s.detach()
        sent.append(s)
    assert torch.equal(spikes, torch.stack(sent))
    (torch.stack(sent) * g).sum().backward()
    torch.testing.assert_close(current.grad, again.grad)


def test_online_cells_spike_alike_keep_a_trace_and_send_no_gradient_back_in_time() -> None:
    current, cell = drawn(6, BATCH, CELLS), OnlineLIF()
    trace, inputs = torch.zeros(1, BATCH, CELLS), [x[None].requires_grad_() for x in current]
    expected = SurrogateLIF()(current)
    for x, spikes in zip(inputs, expected, strict=True):
        sent = cell(x)
        trace = 0.5 * trace + sent.detach()
        assert torch.equal(sent[0], spikes)
    torch.testing.assert_close(cell.trace, trace)
    sent.sum().backward()
    assert inputs[-1].grad is not None
    assert all(x.grad is None for x in inputs[:-1])


# Rules ---------------------------------------------------------------------------------------


def test_dsr_changes_weights_by_rates() -> None:
    """The gradient of the last matrix is that of the weighted rates in front of it."""
    rule = DSR()
    layers, images = layers_of(rule), drawn(BATCH, 12, scale=4.0)
    rule.learn(layers, images, labels(), lambda: None)
    last = layers.projected[-1]
    sent = layers.before_last(rule.shown(images)).detach()
    weight = last.weight.detach().clone().requires_grad_()
    logits = weighted_rate(sent @ weight, math.exp(-0.05))
    cross_entropy(logits, labels()).backward()
    torch.testing.assert_close(last.weight.grad, weight.grad, atol=1e-6, rtol=1e-4)


def test_bptt_is_autograd_through_the_unrolled_network() -> None:
    rule = BPTT()
    layers, images = layers_of(rule), drawn(BATCH, 12, scale=4.0)
    learnt = rule.learn(layers, images, labels(), lambda: None)
    weights = [x.weight.detach().clone().requires_grad_() for x in layers.projected]
    states, total = [torch.zeros(BATCH, 30), torch.zeros(BATCH, 20)], torch.zeros(BATCH, 5)
    for _ in range(6):
        sent = images
        for k, weight in enumerate(weights[:-1]):
            v = 0.5 * states[k] + sent @ weight
            sent = _Step.apply(v - 1)  # type: ignore[no-untyped-call]
            states[k] = v - sent.detach()
        total = total + sent @ weights[-1] / 6
    loss = cross_entropy(total, labels())
    loss.backward()
    assert learnt.loss == pytest.approx(loss.item(), rel=1e-5)
    for layer, weight in zip(layers.projected, weights, strict=True):
        torch.testing.assert_close(layer.weight.grad, weight.grad, atol=1e-6, rtol=1e-4)


def test_ottt_takes_traces_in_place_of_spikes() -> None:
    rule = OTTT()
    layers, images = layers_of(rule), drawn(BATCH, 12, scale=4.0)
    rule.learn(layers, images, labels(), lambda: None)
    cells, traces = [OnlineLIF(), OnlineLIF()], None
    expected = torch.zeros(20, 5)
    weights = [x.weight.detach() for x in layers.projected]
    for _ in range(6):
        sent = images[None]
        for cell, weight in zip(cells, weights[:-1], strict=True):
            sent = cell(sent @ weight).detach()
        traces = cells[1].trace[0]
        logits = (sent[0] @ weights[-1]).requires_grad_()
        (cross_entropy(logits, labels()) / 6).backward()
        assert logits.grad is not None
        expected += traces.T @ logits.grad
    torch.testing.assert_close(layers.projected[-1].weight.grad, expected, atol=1e-6, rtol=1e-4)


def test_ottt_online_changes_weights_in_every_step() -> None:
    counts = {}
    for online in (False, True):
        rule, calls = OTTT(online=online), []
        layers = layers_of(rule)
        rule.learn(layers, drawn(BATCH, 12), labels(), lambda calls=calls: calls.append(1))  # type: ignore[misc]
        counts[online] = len(calls)
    assert counts == {False: 1, True: 6}


@pytest.mark.parametrize("rule", [DSR(), DSR(leaky=False), BPTT(), OTTT(), OTTT(online=True)])
def test_every_rule_learns_with_and_without_projection(rule: Rule) -> None:
    layers, images = layers_of(rule), drawn(60, 12, scale=2.0)
    generators = [torch.Generator().manual_seed(k) for k in range(3)]
    layers.add_rows([2, 3, 4], generators)
    layers.merge()
    layers.add_rows([1, 1, 1], generators)
    optimiser = torch.optim.SGD(layers.parameters(), lr=0.3)

    def update() -> None:
        optimiser.step()
        optimiser.zero_grad()

    before = [x.lateral.new.clone() for x in layers.projected]
    losses = [rule.learn(layers, images, labels(60), update).loss for _ in range(25)]
    assert losses[-1] < losses[0]
    for layer, rows in zip(layers.projected, before, strict=True):
        assert not torch.equal(layer.lateral.new, rows)


def test_a_network_of_convolutions_learns() -> None:
    from neuro.training.hlop.layers import ProjectedConv2d, ProjectedLinear

    generator = torch.Generator().manual_seed(0)
    for rule in (DSR(), BPTT(), OTTT()):
        kernels = ProjectedConv2d(1, 4, 3, generator=generator, project="weight")
        matrix = ProjectedLinear(4 * 16, 5, generator=generator, exact=True)
        layers = SpikingLayers([kernels, matrix], [rule.neuron()])
        layers.add_rows([2, 4], [generator, generator])
        layers.merge()
        optimiser = torch.optim.SGD(layers.parameters(), lr=0.2)
        images = drawn(20, 1, 6, 6, scale=2.0)
        losses = [rule.learn(layers, images, labels(20), optimiser.step).loss for _ in range(12)]
        assert losses[-1] < losses[0]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="rule='dsr' or 'bptt'"):
        rule_of("ottt", "sign")
    with pytest.raises(UnknownNameError, match="bptt"):
        rule_of("bptr")
    with pytest.raises(ParameterError, match="Give 1 or more"):
        DSR(0)
    with pytest.raises(ParameterError, match="positive"):
        DSRLIF(threshold=0)
    with pytest.raises(ParameterError, match="at least one step"):
        SurrogateLIF(tau=0.5)
    with pytest.raises(ParameterError, match="one less than layers"):
        SpikingLayers([], [nn.Identity()])
    with pytest.raises(ParameterError, match="one number a layer"):
        layers_of(BPTT()).add_rows([1], [torch.Generator()])
