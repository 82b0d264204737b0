"""What has no exact counterpart is refused, by layer, class and reason; bad calls get clear errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import NeuroError, ParameterError, UnavailableError, UnsupportedError
from neuro.formats.frameworks import registry
from tests.formats.frameworks.torch_nets import torch

snn = pytest.importorskip("snntorch")
nn = torch.nn


def leaky(beta: Any = 0.9, **more: Any) -> Any:
    return snn.Leaky(beta, init_hidden=True, **more)


def chain(*layers: Any) -> Any:
    """The layers between a matrix and a neuron."""
    return nn.Sequential(nn.Linear(2, 4), *layers, leaky())


class Twice(nn.Linear):  # type: ignore[misc]
    """A matrix that does something else."""

    def forward(self, input: Any) -> Any:
        return super().forward(input) * 2


class Sign(torch.autograd.Function):  # type: ignore[misc]
    """A surrogate that never is 0."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        del ctx
        return torch.sign(x)


LAYERS: tuple[tuple[Callable[[], Any], str], ...] = (
    (lambda: chain(nn.GELU()), r"layer '1': .*counterpart of GELU\. Supported: Alpha, AvgPool2d"),
    (lambda: chain(nn.ReLU()), r"layer '1': .*of ReLU: its output is neither a spike"),
    (lambda: chain(nn.Sequential(nn.LayerNorm(4))), r"layer '1\.0': .*LayerNorm"),
    (lambda: chain(snn.SLSTM(4, 4, init_hidden=True)), r"layer '1': .*SLSTM: it is an LSTM"),
    (lambda: chain(Twice(4, 4)), r"Twice is a class of its own, made from Linear"),
    (lambda: chain(leaky(state_quant=torch.round)), r"layer '1': inhibition or quantised state"),
    (lambda: chain(leaky(spike_grad=Sign.apply)), r"layer '1': its spike_grad does not put out 1"),
    (lambda: chain(nn.Linear(4, 4).half()), r"layer '1': its weight is float16.*model\.float"),
    (lambda: chain(nn.Linear(4, 4).bfloat16()), r"layer '1': its weight is bfloat16"),
    (lambda: chain(leaky(torch.ones(4).double() / 3)), r"layer '1': its beta is float64, weights"),
    (lambda: chain(nn.LazyLinear(4)), r"layer '1': .*LazyLinear"),
    (lambda: chain(leaky(0.9 * torch.ones(3))), r"layer '1': its beta has shape \(3,\); .*\(4,\)"),
    (lambda: chain(leaky(float("nan"))), r"layer '1': its beta holds a number that is not finite"),
    (lambda: chain(leaky(graded_spikes_factor=0.0, reset_delay=False)), r"divides by .* which is 0"),
    (lambda: chain(nn.Dropout(0.5)).train(), r"layer '1': Dropout is in training mode.*eval"),
    (lambda: chain(nn.BatchNorm1d(4)).train(), r"layer '1': BatchNorm1d is in training mode"),
    (
        lambda: chain(snn.RSynaptic(0.5, 0.9, linear_features=4, reset_delay=False)),
        r"layer '1': RSynaptic with reset_delay=False does not run in snnTorch",
    ),
)  # fmt: skip

IMAGES: tuple[tuple[Callable[[], Any], str], ...] = (
    (lambda: nn.MaxPool2d(2), r"layer '1': a maximum is exact on spikes only, and '0' puts out"),
    (lambda: nn.AvgPool2d(2, ceil_mode=True), r"layer '1': ceil_mode"),
    (lambda: nn.LPPool2d(2, 2), r"layer '1': only norm_type=1"),
    (lambda: nn.Linear(6, 6), r"layer '1': a Linear on what has more than one axis, \(3, 6, 6\)"),
    (
        lambda: nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"),
        "layer '1': padding with 'circ",
    ),
    (lambda: nn.Flatten(0), r"layer '1': it flattens the batch"),
)


@pytest.mark.parametrize(("make", "message"), LAYERS)
def test_layers_are_refused_by_name(make: Callable[[], Any], message: str) -> None:
    net = make()
    with pytest.raises(NeuroError, match=message):
        neuro.from_snntorch(net if net.training and "training" in message else net.eval(), (2,))


@pytest.mark.parametrize(("make", "message"), IMAGES)
def test_layers_of_images_are_refused_by_name(make: Callable[[], Any], message: str) -> None:
    net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), make(), leaky())
    with pytest.raises(UnsupportedError, match=message):
        neuro.from_snntorch(net, (2, 6, 6))


class Own(nn.Module):  # type: ignore[misc]
    """A module with one matrix and one neuron."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.lif, self.other = nn.Linear(2, 2), snn.Leaky(0.9), snn.Leaky(0.9)


class Multiplies(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(self.fc(x) * 2)


class DependsOnValues(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(x) if x.sum() > 0 else self.lif(self.fc(x))


class LoopsOverItsInput(Own):
    def forward(self, x: Any) -> Any:
        return [self.lif(self.fc(row)) for row in x]


class Changes(Own):
    """The first step is another one than the rest."""

    def forward(self, x: Any) -> Any:
        spikes, state = self.lif(self.fc(x[0]))
        for step in range(1, 3):
            spikes, state = self.lif(x[step], state)
        return spikes


class TwoStepsLate(Own):
    def forward(self, x: Any) -> Any:
        late, last, shown, state = torch.zeros(1, 2), torch.zeros(1, 2), [], None
        for step in range(4):
            spikes, state = self.lif(self.fc(x[step]) + late, state)
            late, last = last, spikes
            shown.append(spikes)
        return shown


class ForeignState(Own):
    def forward(self, x: Any) -> Any:
        spikes, state = self.lif(self.fc(x))
        return self.other(spikes, state)


class ShowsNothing(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(self.fc(x))[1]


class AddsANumber(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(self.fc(x) + 1)


class HearsAState(Own):
    def forward(self, x: Any) -> Any:
        return self.other(self.lif(self.fc(x))[1])


class TakesAPart(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(self.fc(x[:, 1:3]))


class TakesAColumn(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(self.fc(x[:, 1]))


class AlwaysTheFirst(Own):
    def forward(self, x: Any) -> Any:
        shown, state = [], None
        for _ in range(3):
            spikes, state = self.lif(self.fc(x[0]), state)
            shown.append(spikes)
        return shown


class TwiceInAStep(Own):
    def forward(self, x: Any) -> Any:
        spikes, state = self.lif(self.fc(x))
        return self.lif(self.fc(spikes), state)


class HearsNothing(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(torch.zeros(1, 2))


class PoolsWithCeiling(Own):
    def forward(self, x: Any) -> Any:
        return self.lif(nn.functional.avg_pool2d(x, 2, 2, 0, True))


class StateFromOutside(Own):
    def forward(self, x: Any, spikes: Any) -> Any:
        return self.lif(self.fc(x) + spikes)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Multiplies, "module 'Multiplies' does 'mul', which has no counterpart"),
        (
            DependsOnValues,
            "module 'DependsOnValues' cannot be traced: symbolically traced variables",
        ),
        (LoopsOverItsInput, "module 'LoopsOverItsInput' cannot be traced: Proxy object cannot be"),
        (Changes, r"calls 'fc' once|calls 'fc' 1 times|lets 'lif' hear something else"),
        (TwoStepsLate, "lets 'lif' hear 'lif' 2 steps late"),
        (ForeignState, "hands 'other' a state that is not its own"),
        (ShowsNothing, "returns nothing that a layer puts out"),
        (AddsANumber, "a number is added to what a layer hears"),
        (HearsAState, "hands 'other' a state, or a number, as its input"),
        (TakesAPart, r"takes a part of a value, \[\(slice"),
        (TakesAColumn, "lets 'lif' hear input 1 in step 0"),
        (AlwaysTheFirst, "lets 'lif' hear input 0 in step 1"),
        (TwiceInAStep, "lets 'lif' hear something else from step to step"),
        (HearsNothing, "lets 'lif' hear nothing"),
        (PoolsWithCeiling, "ceil_mode"),
        (StateFromOutside, "hands 'lif' a state, or a number, as its input"),
    ],
)
def test_what_cannot_be_traced_is_said(kind: type, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        neuro.from_module(kind().eval(), (2,))


def test_a_module_of_no_framework_is_refused() -> None:
    with pytest.raises(
        ParameterError, match=r"Linear has neurons of no known framework.*snnTorch, N"
    ):
        neuro.from_module(nn.Linear(2, 2), (2,))
    with pytest.raises(ParameterError, match="from_module: int has neurons of no known"):
        neuro.from_module(3, (2,))


def test_a_module_of_another_framework_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match="from_snntorch: Linear has no layer of snnTorch"):
        neuro.from_snntorch(nn.Linear(2, 2), (2,))
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    for name in registry.FRAMEWORKS:
        title = registry.FRAMEWORKS[name].title
        with pytest.raises(UnavailableError, match=rf"{title} is not .*'neuro-spiking\[{name}\]'"):
            getattr(neuro, f"from_{name}")(nn.Linear(2, 2), (2,))


def test_bad_calls_are_refused() -> None:
    net = chain()
    with pytest.raises(ParameterError, match=r"from_snntorch, inputs: is 'both'"):
        neuro.from_snntorch(net, (2,), inputs="both")  # type: ignore[arg-type]
    with pytest.raises(NeuroError, match="takes 2"):
        neuro.from_snntorch(net, (3,))
    for shape in ((), (0,), 2, "2", (2.5,), None):
        with pytest.raises(ParameterError, match=r"input_shape: is .*One sample's"):
            neuro.from_snntorch(net, shape)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="dt: is 0"):
        neuro.from_snntorch(net, (2,), dt=0)


def test_numbers_come_in_where_spikes_are_not_wanted() -> None:
    net = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 2), leaky())
    assert neuro.from_snntorch(net, (1, 4, 4)).inputs(np.ones((1, 1, 4, 4)))
    with pytest.raises(
        UnsupportedError, match="exact on spikes only, and 'input' puts out numbers"
    ):
        neuro.from_snntorch(net, (1, 4, 4), inputs="values")
