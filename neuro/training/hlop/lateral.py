"""The lateral circuit: it learns the space of what a layer has seen, and takes it off what is learnt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from neuro.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class LateralSpikes:
    """How lateral neurons spike; a value is then a number of spikes with a sign.

    Attributes
    ----------
    steps
        Steps in which they may spike.
    scale
        The largest value; one spike is worth ``scale / steps``.
    simulated
        True simulates integrate-and-fire neurons step by step; False takes their closed form, which
        rounds to the nearest number of spikes.
    """

    steps: int = 40
    scale: float = 20.0
    simulated: bool = False

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.scale > 0:
            raise ParameterError(
                f"steps is {self.steps} and scale {self.scale}.",
                where="lateral spikes",
                hint="Give at least one step and a positive scale.",
            )

    def __call__(self, values: Tensor) -> Tensor:
        """What the neurons send if `values` drive them; any shape."""
        counts = self.count(values) if self.simulated else self.rounded(values)
        return counts / self.steps * self.scale

    def rounded(self, values: Tensor) -> Tensor:
        """Spikes with their sign, in closed form: rounded, half to even."""
        return torch.round(values.clamp(-self.scale, self.scale) / self.scale * self.steps)

    def count(self, values: Tensor) -> Tensor:
        """Spikes with their sign, of neurons that are simulated.

        Each integrates the size of its value, spikes when it has collected `scale`, and takes that
        off; it starts half way.
        """
        drive = values.abs().clamp(max=self.scale).double()
        potential = torch.full_like(drive, self.scale / 2)
        spikes = torch.zeros_like(drive)
        for _ in range(self.steps):
            potential += drive
            fired = (potential >= self.scale).double()
            potential -= self.scale * fired
            spikes += fired
        return (spikes * values.sign()).to(values.dtype)


class Lateral(nn.Module):
    r"""Subspace neurons beside a layer, which learn by Hebbian and anti-Hebbian plasticity.

    .. math::

        y = H x, \qquad \hat x = x - H^\top y, \qquad
        \Delta H \propto y\,(x - H^\top y)^\top

    Rows are added for a task, learn while it lasts, and are frozen with `merge`.  A layer's weights are
    then changed with :math:`\hat x` in place of :math:`x`, with frozen rows only: what the layer
    answers to what it has seen stays as it is.  Nothing ever makes rows orthogonal explicitly.

    Parameters
    ----------
    size
        Presynaptic cells, n.
    rate
        Step of the weights of a learning row (0.01).
    momentum
        Share of the last change that is kept (0.9).
    iterations
        Steps for each batch (5).
    limit
        No entry of a change is larger (10).
    spikes
        How the subspace neurons spike; None sends values as they are.
    apart
        True draws new rows orthogonal to frozen ones.  What a new row has in common with frozen ones
        fades only as fast as the row learns, and slowly where little is left to learn; until then
        `project` takes that direction off twice.

    Attributes
    ----------
    old, new
        Weights of frozen and of learning rows; shape (rows, n).
    velocity
        Of the learning rows.
    learning
        False makes `learn` do nothing.

    References
    ----------
    M. Xiao et al., "Hebbian learning based orthogonal projection for continual learning of spiking
    neural networks", ICLR 2024.
    """

    old: Tensor
    new: Tensor
    velocity: Tensor

    def __init__(
        self,
        size: int,
        *,
        rate: float = 0.01,
        momentum: float = 0.9,
        iterations: int = 5,
        limit: float = 10.0,
        spikes: LateralSpikes | None = None,
        apart: bool = False,
    ) -> None:
        super().__init__()
        self.size, self.rate, self.momentum, self.apart = size, rate, momentum, apart
        self.iterations, self.limit, self.spikes = iterations, limit, spikes
        self.learning = True
        for name in ("old", "new", "velocity"):
            self.register_buffer(name, torch.zeros(0, size))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.old) + len(self.new)

    @property
    def weight(self) -> Tensor:
        """All rows, the frozen ones first; shape (rows, n)."""
        return torch.cat([self.old, self.new])

    def add(self, count: int, generator: torch.Generator | None = None) -> None:
        """Add `count` learning rows, drawn orthonormal as far as there is room.

        Raises
        ------
        ParameterError
            If `count` is negative.
        """
        if count < 0:
            raise ParameterError(
                f"is {count}.", where="rows of a lateral circuit", hint="Give 0 or more."
            )
        if not count:
            return
        drawn = nn.init.orthogonal_(torch.empty(count, self.size), generator=generator)
        self.new = torch.cat([self.new, self._moved(drawn.to(self.new))])
        self.velocity = torch.cat([self.velocity, self.new.new_zeros(count, self.size)])

    def _moved(self, drawn: Tensor) -> Tensor:
        """`drawn` with as many rows as there is room for made orthogonal to frozen rows."""
        room = min(len(drawn), max(0, self.size - len(self.old)))
        if not self.apart or not room:
            return drawn
        known = torch.linalg.qr(self.old.double().T).Q
        first = drawn[:room].double()
        base = torch.linalg.qr((first - first @ known @ known.T).T).Q
        return torch.cat([base.T.to(drawn), drawn[room:]])

    def merge(self) -> None:
        """Freeze all rows."""
        self.old = self.weight
        self.new = self.new.new_zeros(0, self.size)
        self.velocity = torch.zeros_like(self.new)

    def project(self, values: Tensor) -> Tensor:
        """`values` without their part in the frozen space; shape (..., n)."""
        if not len(self.old):
            return values
        return values - self._sent(values @ self.old.T) @ self.old

    def project_gradient(self, gradient: Tensor) -> Tensor:
        """A gradient of weights, shape (..., n), as projected presynaptic values would have given it.

        Raises
        ------
        ParameterError
            If the subspace neurons spike: rounding is not linear.
        """
        if self.spikes is not None:
            raise ParameterError(
                "the gradient cannot be projected where lateral neurons spike.",
                where="projection of weights",
                hint="Project the activity.",
            )
        return self.project(gradient)

    @torch.no_grad()
    def learn(self, values: Tensor) -> None:
        """Let the learning rows see a batch; shape (batch, n)."""
        if not len(self.new) or not self.learning:
            return
        rest = self.project(values)  # the part of frozen rows does not change while new ones learn
        for _ in range(self.iterations):
            y = self._sent(values @ self.new.T)
            change = (y.T @ (rest - y @ self.new)) / len(values)
            change.clamp_(-self.limit, self.limit)
            self.velocity.mul_(self.momentum).add_(change, alpha=1 - self.momentum)
            self.new.add_(self.velocity, alpha=self.rate)

    def _sent(self, values: Tensor) -> Tensor:
        return values if self.spikes is None else self.spikes(values)

    def prepare_(self, old: int, new: int) -> None:
        """Make room for `old` frozen and `new` learning rows, whose values are then loaded."""
        like = self.new
        self.old, self.new = like.new_zeros(old, self.size), like.new_zeros(new, self.size)
        self.velocity = torch.zeros_like(self.new)
