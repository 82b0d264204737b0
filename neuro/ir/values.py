"""Values of parameters, weights and delays: one number, an array, or a seeded draw."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.nodes import Call, Name
from neuro.ir.node import Node, node
from neuro.ir.philox import uniform_doubles


@node
class Draw(Node):
    """Numbers drawn from a distribution; the same numbers on every machine.

    Attributes
    ----------
    distribution
        ``"uniform"``: between `a` and `b`; ``"normal"``: mean `a`, standard deviation `b`.
    a, b
        Parameters of the distribution, in SI units (steps for delays).
    low, high
        Values outside are clipped to these bounds, where given.
    seed
        None takes the network's seed together with the place where the draw stands.
    """

    distribution: Literal["uniform", "normal"]
    a: float
    b: float
    low: float | None = None
    high: float | None = None
    seed: int | None = None


Value: TypeAlias = float | NDArray[Any] | Draw
"""A number, an array, or a draw."""


def draw(distribution: Draw, count: int, seed: int) -> NDArray[np.float64]:
    """`count` numbers from `distribution`; `seed` is used if it has none of its own."""
    uniform = uniform_doubles(distribution.seed if distribution.seed is not None else seed, count)
    if distribution.distribution == "uniform":
        values = distribution.a + (distribution.b - distribution.a) * uniform
    else:
        normal = evaluate(Call("normal_quantile", (Name("u"),)), {"u": uniform}, np.float64)
        values = distribution.a + distribution.b * normal
    low = -np.inf if distribution.low is None else distribution.low
    high = np.inf if distribution.high is None else distribution.high
    return np.clip(values, low, high)


def expand(value: Value, count: int, seed: int) -> NDArray[np.float64] | float:
    """`value` as a number or an array of `count` numbers."""
    if isinstance(value, Draw):
        return draw(value, count, seed)
    if isinstance(value, np.ndarray):
        return np.asarray(value, dtype=np.float64)
    return float(value)
