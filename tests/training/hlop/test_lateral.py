"""The lateral circuit finds the space of what it sees, keeps what is frozen, and spikes as it should."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neuro.errors import ParameterError
from neuro.training.hlop.lateral import Lateral, LateralSpikes

SIZE = 100


def axes() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    drawn: Tensor = torch.linalg.qr(torch.randn(SIZE, SIZE, generator=generator))[0]
    return drawn


def samples(directions: slice, count: int = 20_000, seed: int = 0) -> Tensor:
    """Ten strong directions with variances 3 to 1, 0.01 in all others."""
    spread = torch.full((SIZE,), 0.01)
    spread[directions] = torch.linspace(3, 1, 10)
    noise = torch.randn(count, SIZE, generator=torch.Generator().manual_seed(seed))
    return (noise * spread.sqrt()) @ axes().T


def learnt(lateral: Lateral, values: Tensor, batch: int = 64) -> Lateral:
    for part in torch.split(values, batch):
        lateral.learn(part)
    return lateral


@pytest.fixture(scope="module")
def first() -> Lateral:
    lateral = Lateral(SIZE)
    lateral.add(10, torch.Generator().manual_seed(2))
    return learnt(lateral, samples(slice(0, 10)))


@pytest.fixture(scope="module")
def second(first: Lateral) -> tuple[Tensor, Lateral]:
    """Rows of before, and the circuit after data with five old and five new directions."""
    first.merge()
    before = first.old.clone()
    first.add(5, torch.Generator().manual_seed(3))
    return before, learnt(first, samples(slice(5, 15), seed=1))


def test_rows_become_an_orthonormal_base_of_the_strongest_directions(first: Lateral) -> None:
    """An implementation in numpy, made before, came to 0.001, 0.99995 and 1.3e-3."""
    h, strong = first.weight[:10], axes()[:, :10]
    assert torch.linalg.norm(h @ h.T - torch.eye(10)) < 1.2e-3
    assert ((h @ strong) ** 2).sum() / 10 == pytest.approx(0.99995, abs=3e-5)
    seen = samples(slice(0, 10))
    left = (seen - seen @ h.T @ h) @ strong
    assert left.norm() / (seen @ strong).norm() == pytest.approx(1.3e-3, abs=1e-4)


def test_frozen_rows_keep_their_bits_and_new_ones_find_what_is_left(
    second: tuple[Tensor, Lateral],
) -> None:
    before, lateral = second
    assert torch.equal(lateral.old, before)
    inside = lateral.new @ axes()[:, 10:15]
    assert (inside**2).sum() / 5 > 0.9998
    assert (lateral.new @ lateral.old.T).abs().max() < 2.5e-5


def test_what_a_layer_learns_leaves_its_answers_to_old_inputs_as_they_are(
    second: tuple[Tensor, Lateral],
) -> None:
    _, lateral = second
    old = torch.randn(50, 10, generator=torch.Generator().manual_seed(5)) @ lateral.old
    new = samples(slice(10, 20), 200, seed=6)
    delta = torch.randn(200, 7, generator=torch.Generator().manual_seed(7))
    change, plain = lateral.project(new).T @ delta, new.T @ delta
    assert torch.linalg.norm(old @ change) < 1e-2 * torch.linalg.norm(old @ plain)


def test_it_stays_stable_with_a_large_rate() -> None:
    lateral = Lateral(SIZE, rate=1.0)
    lateral.add(10, torch.Generator().manual_seed(2))
    h = learnt(lateral, samples(slice(0, 10), 6000)).weight
    assert torch.linalg.norm(h @ h.T - torch.eye(10)) < 0.5


def test_more_rows_than_directions_leave_nothing_and_do_not_grow() -> None:
    values = torch.randn(4000, 27, generator=torch.Generator().manual_seed(0))
    lateral = Lateral(27, rate=0.02)
    lateral.add(24, torch.Generator().manual_seed(1))
    learnt(lateral, values).merge()
    lateral.add(6, torch.Generator().manual_seed(2))
    for _ in range(4):
        learnt(lateral, values)
    h = lateral.weight
    assert torch.linalg.norm(h.T @ h - torch.eye(27)) < 0.05
    assert h[24:].norm(dim=1).max() < 1


def test_the_rule_is_that_of_the_equations() -> None:
    lateral = Lateral(6, rate=0.05, iterations=3, limit=0.2)
    for seed, count in ((1, 2), (2, 3)):
        lateral.merge()
        lateral.add(count, torch.Generator().manual_seed(seed))
    h, v = lateral.weight.clone(), torch.zeros(5, 6)
    x = torch.randn(9, 6, generator=torch.Generator().manual_seed(3))
    lateral.learn(x)
    for _ in range(3):
        y = x @ h.T
        g = (y.T @ (x - y @ h) / 9).clamp(-0.2, 0.2)
        v[2:] = 0.9 * v[2:] + 0.1 * g[2:]
        h[2:] += 0.05 * v[2:]
    torch.testing.assert_close(lateral.weight, h)


@pytest.mark.parametrize("steps", [1, 40, 1000])
def test_spiking_lateral_neurons_are_their_closed_form(steps: int) -> None:
    spikes = LateralSpikes(steps=steps)
    values = 12 * torch.randn(5000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(spikes.count(values), spikes.rounded(values))
    assert spikes(values).abs().max() <= spikes.scale


def test_a_circuit_that_spikes_learns_nearly_the_same_space() -> None:
    lateral = Lateral(SIZE, spikes=LateralSpikes(steps=400, scale=20))
    lateral.add(10, torch.Generator().manual_seed(2))
    learnt(lateral, samples(slice(0, 10)))
    inside = lateral.weight @ axes()[:, :10]
    assert (inside**2).sum() / (lateral.weight**2).sum() > 0.99


def test_rows_drawn_apart_have_nothing_in_common_with_frozen_ones() -> None:
    lateral = Lateral(12, apart=True)
    generator = torch.Generator().manual_seed(0)
    for count in (5, 4, 6):  # there is room for three of the last six
        lateral.merge()
        lateral.add(count, generator)
    assert (lateral.new[:3] @ lateral.old.T).abs().max() < 1e-6
    h = lateral.weight[:12]
    torch.testing.assert_close(h @ h.T, torch.eye(12))
    torch.testing.assert_close(lateral.new.norm(dim=1), torch.ones(6))
    seen = torch.randn(8, 12, generator=generator)
    lateral.old, lateral.new = h, h[:0]
    assert lateral.project(seen).abs().max() < 1e-5


def test_rows_that_were_drawn_anywhere_and_learnt_little_project_twice() -> None:
    """What is left of old inputs then grows again, with the other sign; not with rows drawn apart."""
    old, new = samples(slice(0, 10), 4000), samples(slice(20, 30), 640, seed=1)
    inside = axes()[:, :10]
    for apart, least, most in ((False, 1.5, 3), (True, 0, 1)):
        lateral = Lateral(SIZE, apart=apart)
        left = []
        for count, seen in ((10, old), (40, new)):
            lateral.add(count, torch.Generator().manual_seed(count))
            learnt(lateral, seen).merge()
            left.append((lateral.project(old) @ inside).norm())
        assert least < left[1] / left[0] < most


def test_no_rows_do_nothing() -> None:
    lateral = Lateral(4)
    values = torch.randn(3, 4)
    lateral.learn(values)
    assert torch.equal(lateral.project(values), values)
    lateral.add(0)
    assert lateral.rows == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match="Give 0 or more"):
        Lateral(4).add(-1)
    with pytest.raises(ParameterError, match="positive scale"):
        LateralSpikes(scale=0)
    with pytest.raises(ParameterError, match="Project the activity"):
        Lateral(4, spikes=LateralSpikes()).project_gradient(torch.zeros(2, 4))
