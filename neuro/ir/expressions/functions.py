"""The functions of the expression language, by name.

*Primitives* are exact on every machine: IEEE 754 defines each of them to the last bit.  *Library*
functions are programs made of primitives (see `library`), so they give the same bits everywhere
too, which the host's ``libm`` does not.  *Random* functions draw from a counter-based generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["primitive", "library", "random"]
DimensionRule = Literal["dimensionless", "same", "sqrt", "sign"]


@dataclass(frozen=True, slots=True)
class Function:
    """Name, arity and typing rule of a function.

    Attributes
    ----------
    name, arity
        How it is called.
    kind
        Where its meaning comes from.
    rule
        ``"dimensionless"``: plain numbers in and out; ``"same"``: the arguments share a dimension,
        which is the result's; ``"sqrt"``: half the dimension; ``"sign"``: any dimension in, a plain
        number out.
    """

    name: str
    arity: int
    kind: Kind
    rule: DimensionRule


_TABLE = (
    Function("abs", 1, "primitive", "same"),
    Function("min", 2, "primitive", "same"),
    Function("max", 2, "primitive", "same"),
    Function("clip", 3, "primitive", "same"),
    Function("sign", 1, "primitive", "sign"),
    Function("sqrt", 1, "primitive", "sqrt"),
    Function("floor", 1, "primitive", "dimensionless"),
    Function("pow2", 1, "primitive", "dimensionless"),
    Function("exponent", 1, "primitive", "dimensionless"),
    Function("exp", 1, "library", "dimensionless"),
    Function("expm1", 1, "library", "dimensionless"),
    Function("exprel", 1, "library", "dimensionless"),
    Function("log", 1, "library", "dimensionless"),
    Function("log1p", 1, "library", "dimensionless"),
    Function("sin", 1, "library", "dimensionless"),
    Function("cos", 1, "library", "dimensionless"),
    Function("tanh", 1, "library", "dimensionless"),
    Function("sigmoid", 1, "library", "dimensionless"),
    Function("normal_quantile", 1, "library", "dimensionless"),
    Function("uniform", 0, "random", "dimensionless"),
    Function("normal", 0, "random", "dimensionless"),
)

FUNCTIONS = {function.name: function for function in _TABLE}
"""Every function that an expression may call."""

LIBRARY = tuple(function.name for function in _TABLE if function.kind == "library")
RANDOM = tuple(function.name for function in _TABLE if function.kind == "random")
