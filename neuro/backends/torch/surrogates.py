"""Surrogate gradients: what the derivative of a spike is taken to be.

Forward, a spike is always the exact condition.  Backward, the derivative of the step at ``u``, the
distance to the threshold in units of `width`, is replaced by a smooth function.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor

from neuro.errors import ParameterError, UnsupportedError, suggestion
from neuro.ir.expressions.canonical import Canonicaliser
from neuro.ir.expressions.nodes import Expression, Literal, Name, transform
from neuro.ir.expressions.parser import parse_expression


@dataclass(frozen=True, kw_only=True)
class Surrogate(ABC):
    """A surrogate gradient; subclasses say which.

    Attributes
    ----------
    width
        Distance from the threshold that counts as 1, in the surface unit of the variable that is
        compared (mV for a membrane in millivolts).
    smooth
        True also replaces the spike itself by `primitive`, so that gradients can be checked against
        differences; spikes are then numbers between 0 and 1.
    """

    width: float = 1.0
    smooth: bool = False

    name: ClassVar[str]

    @abstractmethod
    def derivative(self, u: Tensor) -> Tensor:
        """The derivative of the step at `u`."""

    @abstractmethod
    def primitive(self, u: Tensor) -> Tensor:
        """A function whose derivative is `derivative`, for `smooth`."""

    formula: ClassVar[str]
    """`derivative` in the expression language, of ``u`` and the attributes, for generated C."""

    def expression(self, u: Expression) -> Expression:
        """`derivative` as an expression of `u`."""
        given = {name: Literal(float(value)) for name, value in vars(self).items()}
        scope: dict[str, Expression] = {**given, "u": u}
        formula = Canonicaliser(scope).expression(parse_expression(self.formula))
        return transform(formula, lambda n: scope[n.id] if isinstance(n, Name) else n)


@dataclass(frozen=True, kw_only=True)
class FastSigmoid(Surrogate):
    """``1 / (1 + slope |u|)**2``; Zenke and Ganguli, Neural Computation 30 (2018)."""

    slope: float = 25.0
    name: ClassVar[str] = "fast_sigmoid"
    formula: ClassVar[str] = "1 / (1 + slope * abs(u)) ** 2"

    def derivative(self, u: Tensor) -> Tensor:
        """``1 / (1 + slope |u|)**2``."""
        return 1 / (1 + self.slope * u.abs()) ** 2

    def primitive(self, u: Tensor) -> Tensor:
        """``1/2 + u / (1 + slope |u|)``."""
        return 0.5 + u / (1 + self.slope * u.abs())


@dataclass(frozen=True, kw_only=True)
class ATan(Surrogate):
    """``alpha / 2 / (1 + (pi alpha u / 2)**2)``; Fang et al., ICCV 2021.

    snnTorch's ``atan`` divides by pi besides, so it is this one with gradients pi times smaller.
    """

    alpha: float = 2.0
    name: ClassVar[str] = "atan"
    formula: ClassVar[str] = "alpha / 2 / (1 + (1.5707963267948966 * alpha * u) ** 2)"

    def derivative(self, u: Tensor) -> Tensor:
        """``alpha / 2 / (1 + (pi alpha u / 2)**2)``."""
        return self.alpha / 2 / (1 + (math.pi / 2 * self.alpha * u) ** 2)

    def primitive(self, u: Tensor) -> Tensor:
        """``1/2 + atan(pi alpha u / 2) / pi``."""
        return 0.5 + torch.atan(math.pi / 2 * self.alpha * u) / math.pi


@dataclass(frozen=True, kw_only=True)
class Sigmoid(Surrogate):
    """``slope s (1 - s)`` with ``s = sigmoid(slope u)``."""

    slope: float = 25.0
    name: ClassVar[str] = "sigmoid"
    formula: ClassVar[str] = "slope * (sigmoid(slope * u) * (1 - sigmoid(slope * u)))"

    def derivative(self, u: Tensor) -> Tensor:
        """``slope s (1 - s)``."""
        s = torch.sigmoid(self.slope * u)
        return self.slope * s * (1 - s)

    def primitive(self, u: Tensor) -> Tensor:
        """``sigmoid(slope u)``."""
        return torch.sigmoid(self.slope * u)


@dataclass(frozen=True, kw_only=True)
class Triangular(Surrogate):
    """``max(0, 1 - |u|)``, times `gain`; Bellec et al., NeurIPS 2018 (gain 0.3)."""

    gain: float = 1.0
    name: ClassVar[str] = "triangular"
    formula: ClassVar[str] = "gain * max(0, 1 - abs(u))"

    def derivative(self, u: Tensor) -> Tensor:
        """``gain max(0, 1 - |u|)``."""
        return self.gain * (1 - u.abs()).clamp(min=0)

    def primitive(self, u: Tensor) -> Tensor:
        """The integral of the triangle, 0 far below the threshold."""
        x = u.clamp(-1, 1)
        return self.gain * (0.5 + x - x * x.abs() / 2)


@dataclass(frozen=True, kw_only=True)
class StraightThrough(Surrogate):
    """1 everywhere; Bengio, Leonard and Courville, arXiv 1308.3432."""

    name: ClassVar[str] = "straight_through"
    formula: ClassVar[str] = "1"

    def derivative(self, u: Tensor) -> Tensor:
        """1."""
        return torch.ones_like(u)

    def primitive(self, u: Tensor) -> Tensor:
        """`u` itself."""
        return u


@dataclass(frozen=True, kw_only=True)
class Slayer(Surrogate):
    """``gain alpha / 2 exp(-alpha |u|)``; Shrestha and Orchard, NeurIPS 2018."""

    alpha: float = 5.0
    gain: float = 1.0
    name: ClassVar[str] = "slayer"
    formula: ClassVar[str] = "gain * alpha / 2 * exp(-alpha * abs(u))"

    def derivative(self, u: Tensor) -> Tensor:
        """``gain alpha / 2 exp(-alpha |u|)``."""
        return self.gain * self.alpha / 2 * torch.exp(-self.alpha * u.abs())

    def primitive(self, u: Tensor) -> Tensor:
        """The integral, 0 far below the threshold."""
        half = torch.exp(-self.alpha * u.abs()) / 2
        return self.gain * torch.where(u < 0, half, 1 - half)


SurrogateLike: TypeAlias = Surrogate | str | Callable[[Tensor], Tensor]
"""A surrogate, its name, or a function such as those of ``snntorch.surrogate``."""

_KINDS: tuple[type[Surrogate], ...] = (
    FastSigmoid,
    ATan,
    Sigmoid,
    Triangular,
    StraightThrough,
    Slayer,
)
SURROGATES = {kind.name: kind for kind in _KINDS}
"""Surrogates by name."""


@dataclass(frozen=True, kw_only=True)
class Foreign(Surrogate):
    """A function that makes spikes of distances and brings its own gradient, as snnTorch's do."""

    function: Callable[[Tensor], Tensor]
    name: ClassVar[str] = "foreign"

    def derivative(self, u: Tensor) -> Tensor:
        """The gradient that the function gives itself."""
        with torch.enable_grad():
            own = u.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.function(own).sum(), own)
        return slope

    def primitive(self, u: Tensor) -> Tensor:
        """Such a function does not say what it is the derivative of.

        Raises
        ------
        UnsupportedError
            Always.
        """
        raise UnsupportedError(
            "a function given as a surrogate has no smooth form.",
            hint=f"Use one of {', '.join(SURROGATES)}.",
        )


def surrogate_of(given: SurrogateLike) -> Surrogate:
    """The surrogate that `given` stands for.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if isinstance(given, Surrogate):
        return given
    if callable(given):
        return Foreign(function=given)
    if given not in SURROGATES:
        raise ParameterError(
            f"there is no surrogate {given!r}.",
            where="surrogate",
            hint=suggestion(given, SURROGATES) or f"Use one of {', '.join(SURROGATES)}.",
        )
    return SURROGATES[given]()


class _Step(torch.autograd.Function):
    """The exact step; backward, the surrogate."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, fired: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(u)
        ctx.surrogate = surrogate
        return fired.to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (u,) = ctx.saved_tensors
        return gradients[0] * ctx.surrogate.derivative(u), None, None


def step_of(u: Tensor, fired: Tensor, surrogate: Surrogate) -> Tensor:
    """1 where `fired`, else 0; the gradient goes to `u`.

    Parameters
    ----------
    u
        Distance to the threshold in widths, positive on the side that fires.
    fired
        The exact condition; bool, of the same shape.
    surrogate
        Says what the gradient is.
    """
    if surrogate.smooth:
        return surrogate.primitive(u)
    if isinstance(surrogate, Foreign):
        soft = surrogate.function(u)
        return fired.to(u.dtype) + (soft - soft.detach())
    made: Tensor = _Step.apply(u, fired, surrogate)  # type: ignore[no-untyped-call]
    return made
