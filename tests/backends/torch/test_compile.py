"""`torch.compile` changes no bit: modules, steps of cells, and scans."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import neuro
from neuro.backends.torch.scan import affine_scan
from tests.backends.torch.test_module import spikes, two_layers
from tests.backends.torch.test_scan import given, gradients

pytestmark = [  # torch's own: of tensors between two graphs, and of how it traces gradients
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor"),
    pytest.mark.filterwarnings("ignore:.*autograd.function.Function.*:DeprecationWarning"),
]


class Classifier(nn.Module):
    """A spiking module among others."""

    def __init__(self, *, fuse: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.spiking, self.read = neuro.to_torch(two_layers()), nn.Linear(3, 2)
        self.spiking.fuse = fuse

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        counts = self.spiking(inputs).spikes["out"].sum(0)
        made: torch.Tensor = self.read(counts).square().sum()
        return made


def slopes(model: nn.Module, loss: torch.Tensor) -> list[torch.Tensor]:
    loss.backward()
    return [p.grad for p in model.parameters() if p.grad is not None]


@pytest.mark.parametrize("fuse", [True, False])
def test_a_compiled_model_has_the_same_loss_and_gradients(fuse: bool) -> None:
    plain, other, inputs = Classifier(fuse=fuse), Classifier(fuse=fuse), spikes(4)
    other.spiking.compile(backend="aot_eager")
    expected = plain(inputs)
    found = torch.compile(other, backend="aot_eager")(inputs)
    assert torch.equal(found, expected)
    assert expected > 0
    pairs = list(zip(slopes(other, found), slopes(plain, expected), strict=True))
    assert len(pairs) == 4
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)


def test_steps_are_compiled_without_being_asked_when_the_module_is() -> None:
    module = neuro.to_torch(two_layers())
    torch.compile(module, backend="eager")(spikes(2))
    assert set(module._compiled) == {"hidden", "out"}


@pytest.mark.parametrize("keep", [1, 5])
def test_a_scan_is_one_operation_of_a_graph(keep: int) -> None:
    parts = given(17, (17, 3, 4))

    def scan(*args: torch.Tensor) -> torch.Tensor:
        return 2 * affine_scan(*args, keep=keep)

    compiled = torch.compile(scan, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(*parts), scan(*parts))
    for mine, theirs in zip(gradients(compiled, parts), gradients(scan, parts), strict=True):
        assert torch.equal(mine, theirs)
