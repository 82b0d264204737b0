"""Projected layers: gradients, both ways of projecting, and the three ways of errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from neuro.errors import ParameterError, UnknownNameError
from neuro.training.hlop.feedback import sign_scale
from neuro.training.hlop.lateral import LateralSpikes
from neuro.training.hlop.layers import ProjectedConv2d, ProjectedLinear, patches


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear(**given: Any) -> ProjectedLinear:
    return ProjectedLinear(12, 5, generator=generator(), **given)


def convolution(**given: Any) -> ProjectedConv2d:
    return ProjectedConv2d(2, 3, 3, padding=1, stride=2, generator=generator(), **given)


def images(seed: int = 1) -> Tensor:
    return torch.randn(3, 4, 2, 6, 6, generator=generator(seed))


def gradients(layer: nn.Module, values: Tensor) -> tuple[Tensor, Tensor]:
    """Of the input and of the weights, of a loss that is a weighted sum."""
    given = values.clone().requires_grad_()
    layer.zero_grad()
    made = layer(given)
    (made * torch.randn(made.shape, generator=generator(9))).sum().backward()
    assert given.grad is not None
    return given.grad, layer.weight.grad  # type: ignore[return-value]


def with_frozen(layer: Any, rows: int) -> Any:
    layer.lateral.add(rows, generator(3))
    layer.lateral.merge()
    return layer


@pytest.mark.parametrize("exact", [False, True])
def test_without_rows_a_matrix_has_the_usual_gradients(exact: bool) -> None:
    layer, values = linear(exact=exact), torch.randn(3, 4, 12, generator=generator(1))
    plain = nn.Linear(12, 5, bias=False)
    plain.weight.data = layer.weight.data.T.clone()
    d_values, d_weight = gradients(layer, values)
    e_values, e_weight = gradients(plain, values)
    torch.testing.assert_close(d_values, e_values)
    torch.testing.assert_close(d_weight, e_weight.T)


def test_without_rows_a_convolution_has_the_usual_gradients() -> None:
    layer = convolution()
    plain = nn.Conv2d(2, 3, 3, padding=1, stride=2, bias=False)
    plain.weight.data = layer.weight.data.clone()
    d_values, d_weight = gradients(layer, images())
    flat = nn.Sequential(nn.Flatten(0, 1), plain, nn.Unflatten(0, (3, 4)))
    flat.weight = plain.weight
    e_values, e_weight = gradients(flat, images())
    torch.testing.assert_close(d_values, e_values)
    torch.testing.assert_close(d_weight, e_weight)


def test_projected_weights_change_by_projected_inputs_only() -> None:
    layer, values = with_frozen(linear(), 4), torch.randn(3, 4, 12, generator=generator(1))
    d_values, d_weight = gradients(layer, values)
    layer.projecting = False
    e_values, e_weight = gradients(layer, values)
    h = layer.lateral.old
    assert torch.equal(d_values, e_values)
    torch.testing.assert_close(d_weight, e_weight - h.T @ (h @ e_weight))


def test_projecting_patches_and_the_gradient_are_the_same() -> None:
    by_activity, by_weight = convolution(project="activity"), convolution(project="weight")
    for layer in (by_activity, by_weight):
        with_frozen(layer, 7)
    a, b = gradients(by_activity, images())[1], gradients(by_weight, images())[1]
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    plain = gradients(convolution(), images())[1]
    assert not torch.allclose(a, plain, atol=1e-2)


def test_rows_of_a_convolution_are_its_patches() -> None:
    layer = convolution()
    rows = layer.rows(images())
    made = rows @ layer.weight.detach().flatten(1).T
    expected = layer(images()).detach().permute(0, 1, 3, 4, 2).reshape(-1, 3)
    torch.testing.assert_close(made, expected)
    assert patches(images(), 3, 2, 1).shape == (3 * 4 * 9, 18)


@pytest.mark.parametrize("make", [linear, convolution])
def test_errors_go_back_as_chosen_and_weights_change_as_ever(make: Any) -> None:
    values = images() if make is convolution else torch.randn(3, 4, 12, generator=generator(1))
    exact, sign, fixed = make(), make(feedback="sign"), make(feedback="alignment")
    d_exact, w_exact = gradients(exact, values)
    d_sign, w_sign = gradients(sign, values)
    d_fixed, w_fixed = gradients(fixed, values)
    torch.testing.assert_close(w_sign, w_exact)
    torch.testing.assert_close(w_fixed, w_exact)
    other = make()
    other.weight.data = exact.weight.data.sign() * sign_scale(exact.weight)
    torch.testing.assert_close(d_sign, gradients(other, values)[0])
    other.weight.data = fixed.get_buffer("drawn").clone()
    torch.testing.assert_close(d_fixed, gradients(other, values)[0])
    assert not torch.allclose(d_fixed, d_exact)


def test_scales_of_signs() -> None:
    assert sign_scale(torch.zeros(16, 3)) == 0.25
    assert sign_scale(torch.zeros(2, 7, 3, 3)) == pytest.approx((2 / 18) ** 0.5)


@pytest.mark.parametrize("make", [linear, convolution])
def test_what_is_shown_all_the_time_is_as_good_as_copies(make: Any) -> None:
    one = images()[:1] if make is convolution else torch.randn(1, 4, 12, generator=generator(1))
    steady = one.expand(5, *one.shape[1:])
    layer = with_frozen(make(), 3)
    made = []
    for values in (steady, steady.clone()):
        layer.zero_grad()
        out = layer(values)
        (out * torch.arange(5).view(5, *[1] * (out.ndim - 1))).sum().backward()
        made.append((out.detach(), layer.weight.grad.clone()))
    torch.testing.assert_close(made[0], made[1])


def test_quantised_lateral_neurons_project_every_step_by_itself() -> None:
    layer = with_frozen(linear(spikes=LateralSpikes(steps=4, scale=2.0)), 4)
    values = torch.randn(3, 4, 12, generator=generator(1))
    _, d_weight = gradients(layer, values)
    delta = torch.randn(3, 4, 5, generator=generator(9))
    expected = layer.lateral.project(values).reshape(-1, 12).T @ delta.reshape(-1, 5)
    torch.testing.assert_close(d_weight, expected)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="error path"):
        linear(feedback="backwards")
    with pytest.raises(ParameterError, match="project='activity'"):
        convolution(project="weight", spikes=LateralSpikes())
