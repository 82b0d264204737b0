"""Scans equal the loop that they stand for, and so do their gradients."""

from __future__ import annotations

import pytest
import torch

from neuro.backends.torch.scan import affine_scan, parallel_scan
from neuro.errors import ParameterError


def given(
    steps: int, factors: tuple[int, ...], dtype: torch.dtype = torch.float64
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(steps)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    return random(*factors), random(steps, 3, 4), random(3, 4)


def loop(a: torch.Tensor, b: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    a, x, found = a.expand(b.shape), start, []
    for t in range(len(b)):
        x = a[t] * x + b[t]
        found.append(x)
    return torch.stack(found)


def gradients(function: object, parts: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    own = [part.clone().requires_grad_() for part in parts]
    values = function(*own)  # type: ignore[operator]
    (values * torch.cos(torch.arange(values.numel()).view_as(values))).sum().backward()
    return [part.grad for part in own if part.grad is not None]


SHAPES = [(17, 3, 4), (1, 3, 4), (1, 1, 4), (17, 1, 1)]


@pytest.mark.parametrize("factors", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_has_the_bits_of_a_loop(factors: tuple[int, ...], dtype: torch.dtype) -> None:
    parts = given(17, factors, dtype)
    assert torch.equal(affine_scan(*parts), loop(*parts))


@pytest.mark.parametrize("keep", [1, 5, 100])
@pytest.mark.parametrize("factors", SHAPES)
def test_gradients_are_those_of_a_loop(factors: tuple[int, ...], keep: int) -> None:
    parts = given(17, factors)
    expected = gradients(loop, parts)
    found = gradients(lambda a, b, start: affine_scan(a, b, start, keep=keep), parts)
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 17, 100])
def test_the_parallel_scan_is_the_same_recurrence(steps: int) -> None:
    a, b, start = given(steps, (steps, 3, 4))
    parts = (a / 2, b, start)
    assert torch.allclose(parallel_scan(*parts), loop(*parts))
    for mine, theirs in zip(gradients(parallel_scan, parts), gradients(loop, parts), strict=True):
        assert torch.allclose(mine, theirs)


def test_it_starts_from_zero_and_says_what_does_not_fit() -> None:
    a, b, _ = given(5, (5, 3, 4))
    assert torch.equal(affine_scan(a, b)[0], b[0])
    with pytest.raises(ParameterError, match="Axis 0 is time"):
        affine_scan(a[:, 0], b)
