"""Generated C gives the spikes and the gradients of torch's own operations."""

from __future__ import annotations

import pytest
import torch

import neuro
from neuro.backends.torch import surrogates
from neuro.backends.torch.module import SpikingModule
from tests.networks import LIBRARY_CELLS, cell_case

STEPS = 15


def gradients(module: SpikingModule, *, fuse: bool) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Spikes, and gradients of a number that every spike and variable moves."""
    module.fuse = fuse
    output = module(steps=STEPS)
    total = output.spikes["cells"].square().sum()
    for values in (*output.variables.values(), *output.state.cells.values()):
        total = total + (values * torch.cos(torch.arange(values.numel()).view_as(values))).sum()
    found = torch.autograd.grad(total, list(module.parameters()), allow_unused=True)
    return output.spikes["cells"].detach(), [g for g in found if g is not None]


def assert_same(network: neuro.Network, surrogate: surrogates.Surrogate, *train: str) -> None:
    variables = [f"cells/{v.name}" for v in network.population("cells").cell.state]
    for detach in (True, False):
        module = neuro.to_torch(
            network,
            train=train or True,
            surrogate=surrogate,
            detach_reset=detach,
            record=variables,
        )
        spikes, slow = gradients(module, fuse=False)
        again, fast = gradients(module, fuse=True)
        assert torch.equal(spikes, again)
        assert len(slow) == len(fast) > 0
        for expected, found in zip(slow, fast, strict=True):
            scale = expected.abs().max().item()
            assert torch.allclose(found, expected, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_every_cell(name: str) -> None:
    assert_same(cell_case(name, neuro.FLOAT64).network, surrogates.FastSigmoid(slope=3.0))


@pytest.mark.parametrize("kind", surrogates.SURROGATES)
def test_every_surrogate(kind: str) -> None:
    network = cell_case("ALIF lsnn", neuro.FLOAT64).network
    assert_same(network, surrogates.SURROGATES[kind](width=0.5))


def test_parameters_of_cells() -> None:
    network = cell_case("ALIF eprop", neuro.FLOAT64).network
    trained = ("cells.tau_m", "cells.v_thresh", "cells.beta", "*.weight")
    assert_same(network, surrogates.FastSigmoid(slope=3.0), *trained)
