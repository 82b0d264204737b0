"""Gradients equal central differences of a forward pass with smooth spikes."""

from __future__ import annotations

import pytest
import torch

import neuro
from neuro.backends.torch import surrogates
from neuro.backends.torch.module import SpikingModule
from neuro.errors import UnsupportedError
from tests.networks import LIBRARY_CELLS, cell_case

STEPS = 12
WIDTH = 1e-7
TOLERANCE = 1e-4
"""Relative; rounding of the difference of two sums of about 10**3 over a width of 10**-7."""

KINDS = [
    surrogates.FastSigmoid(slope=2.0, smooth=True),
    surrogates.ATan(smooth=True),
    surrogates.Sigmoid(slope=2.0, smooth=True),
    surrogates.Triangular(width=4.0, smooth=True),
    surrogates.StraightThrough(width=40.0, smooth=True),
    surrogates.Slayer(alpha=1.0, smooth=True),
]


def module_of(name: str, surrogate: surrogates.Surrogate, *patterns: str) -> SpikingModule:
    network = cell_case(name, neuro.FLOAT64).network
    variables = [f"{p.name}/{v.name}" for p in network.populations for v in p.cell.state]
    train = patterns or True
    return neuro.to_torch(
        network, train=train, surrogate=surrogate, detach_reset=False, record=variables
    )


def loss(module: SpikingModule) -> torch.Tensor:
    """A number that every spike and every variable moves differently."""
    output = module(steps=STEPS)
    cells = output.spikes["cells"]
    total = (cells * torch.sin(torch.arange(cells.numel()).view_as(cells))).sum()
    for values in output.variables.values():
        total = total + (values * torch.cos(torch.arange(values.numel()).view_as(values))).sum()
    return total


def assert_gradient(module: SpikingModule) -> None:
    """Compare the derivative in one random direction."""
    generator = torch.Generator().manual_seed(1)
    trained = list(module.parameters())
    ways = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in trained]
    found = torch.autograd.grad(loss(module), trained, allow_unused=True)
    analytic = sum((g * w).sum() for g, w in zip(found, ways, strict=True) if g is not None)
    sides = []
    with torch.no_grad():
        for sign in (1, -2):
            for parameter, way in zip(trained, ways, strict=True):
                parameter.add_(sign * WIDTH * way)
            sides.append(loss(module))
    numeric = (sides[0] - sides[1]) / (2 * WIDTH)
    assert analytic.item() == pytest.approx(numeric.item(), rel=TOLERANCE, abs=1e-5)
    assert analytic.item() != 0


@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_every_cell(name: str) -> None:
    assert_gradient(module_of(name, surrogates.Sigmoid(slope=2.0, smooth=True)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_surrogate(kind: surrogates.Surrogate) -> None:
    assert_gradient(module_of("LIF subtract", kind))


def test_parameters_of_cells_too() -> None:
    smooth = surrogates.Sigmoid(slope=2.0, smooth=True)
    assert_gradient(module_of("ALIF lsnn", smooth, "cells.tau_m", "cells.v_thresh", "cells.beta"))


@pytest.mark.parametrize("kind", surrogates.SURROGATES)
def test_a_surrogate_is_the_derivative_of_its_primitive(kind: str) -> None:
    surrogate = surrogates.SURROGATES[kind]()
    u = torch.linspace(-0.9, 0.9, 40, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(surrogate.primitive(u).sum(), u)
    assert torch.allclose(slope, surrogate.derivative(u))


def test_the_gradient_of_a_real_spike_is_the_surrogate_at_its_distance() -> None:
    u = torch.tensor([-0.5, 0.0, 0.5], requires_grad=True)
    surrogate = surrogates.Triangular()
    spikes = surrogates.step_of(u, u >= 0, surrogate)
    assert spikes.tolist() == [0, 1, 1]
    spikes.sum().backward()
    assert u.grad is not None
    assert u.grad.tolist() == [0.5, 1.0, 0.5]


def test_a_function_as_a_surrogate_brings_its_own_gradient() -> None:
    def twice(u: torch.Tensor) -> torch.Tensor:
        return 2 * u

    foreign = surrogates.surrogate_of(twice)
    u = torch.tensor([-0.5, 0.5], requires_grad=True)
    spikes = surrogates.step_of(u, u >= 0, foreign)
    assert spikes.tolist() == [0, 1]
    spikes.sum().backward()
    assert u.grad is not None
    assert u.grad.tolist() == foreign.derivative(u).tolist() == [2, 2]
    with pytest.raises(UnsupportedError, match="smooth"):
        foreign.primitive(u)
