"""``exp`` and its relatives as programs made of exact operations.

The host's ``libm`` differs between machines, so every backend prints these programs instead: each
operation in them is rounded in one defined way, hence the results are the same bits everywhere.
The coefficients are those of the Taylor series, cut where the next term falls below half a unit in
the last place.  Errors are below 3 units in the last place; the tests measure them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from neuro.ir.expressions.nodes import Program
from neuro.ir.expressions.parser import parse_program

Precision = Literal["float32", "float64"]


@dataclass(frozen=True, slots=True)
class Definition:
    """Meaning of a library function: run `body` on `argument`; the value is named ``result``."""

    name: str
    argument: str
    body: Program


@cache
def definition(name: str, precision: Precision) -> Definition:
    """The program behind the library function `name` in `precision`."""
    texts = _FLOAT64 if precision == "float64" else _FLOAT32
    return Definition(name, "x", parse_program(texts.get(name) or _COMMON[name]))


# exp(x) = 2**k * exp(r), |r| <= log(2) / 2.  log(2) is split so that k times its first part is
# exact.  2**k is applied in two halves, for it may lie outside the range of floats where exp(x)
# does not.
_REDUCE_64 = """
y = -800 if x < -800 else (710 if x > 710 else x)
k = floor(y * 1.4426950408889634 + 0.5)
r = (y - k * 0.6931471803691238) - k * 1.9082149292705877e-10
q = (1/2 + r * (1/6 + r * (1/24 + r * (1/120 + r * (1/720 + r * (1/5040 + r * (1/40320
    + r * (1/362880 + r * (1/3628800 + r * (1/39916800 + r * (1/479001600 + r * 1/6227020800)
    ))))))))))
m = r + r * r * q
"""
_REDUCE_32 = """
y = -150 if x < -150 else (89 if x > 89 else x)
k = floor(y * 1.4426950408889634 + 0.5)
r = (y - k * 0.693359375) - k * -2.12194440e-4
q = 1/2 + r * (1/6 + r * (1/24 + r * (1/120 + r * (1/720 + r * 1/5040))))
m = r + r * r * q
"""
_EXP = """
h = floor(k * 0.5)
result = (1 + m) * pow2(h) * pow2(k - h)
"""
_EXPM1 = """
h = pow2(k - 1)
result = (h * m + (h - 0.5)) * 2
"""

# log(x) = e*log(2) + 2*atanh(s) with s = (m - 1)/(m + 1) and x = m * 2**e, m within
# [sqrt(1/2), sqrt(2)].  Subnormal numbers are scaled up first.
_LOG_64 = """
low = x < 2.2250738585072014e-308
y = x * 18014398509481984 if low else x
n = exponent(y)
h = y * pow2(-n)
big = h > 1.4142135623730951
m = h * 0.5 if big else h
e = n - (54 if low else 0) + (1 if big else 0)
f = m - 1
s = f / (m + 1)
z = s * s
p = (2/3 + z * (2/5 + z * (2/7 + z * (2/9 + z * (2/11 + z * (2/13 + z * (2/15 + z * (2/17
    + z * (2/19 + z * 2/21)))))))))
c = f * f * 0.5
t = f - (c - s * (c + z * p))
finite = e * 0.6931471803691238 + (e * 1.9082149292705877e-10 + t)
invalid = (x - x) / (x - x)
edge = -1 / (x * x) if x == 0 else invalid
result = (x if x > 1.7976931348623157e308 else finite) if x > 0 else edge
"""
_LOG_32 = """
low = x < 1.1754943508222875e-38
y = x * 33554432 if low else x
n = exponent(y)
h = y * pow2(-n)
big = h > 1.4142135623730951
m = h * 0.5 if big else h
e = n - (25 if low else 0) + (1 if big else 0)
f = m - 1
s = f / (m + 1)
z = s * s
p = 2/3 + z * (2/5 + z * (2/7 + z * (2/9 + z * 2/11)))
c = f * f * 0.5
t = f - (c - s * (c + z * p))
finite = e * 0.693359375 + (e * -2.12194440e-4 + t)
invalid = (x - x) / (x - x)
edge = -1 / (x * x) if x == 0 else invalid
result = (x if x > 3.4028234663852886e38 else finite) if x > 0 else edge
"""

# x = k*pi/2 + r with pi/2 in three parts; good to |x| of about 1e5 (float32: 1e3).
_QUADRANT_64 = """
k = floor(x * 0.6366197723675814 + 0.5)
r = ((x - k * 1.5707963267341256) - k * 6.077100506303966e-11) - k * 2.0222662487959506e-21
z = r * r
s = r + r * z * (-1/6 + z * (1/120 + z * (-1/5040 + z * (1/362880 + z * (-1/39916800
    + z * (1/6227020800 + z * (-1/1307674368000 + z * 1/355687428096000)))))))
c = 1 + z * (-1/2 + z * (1/24 + z * (-1/720 + z * (1/40320 + z * (-1/3628800
    + z * (1/479001600 + z * (-1/87178291200 + z * 1/20922789888000)))))))
"""
_QUADRANT_32 = """
k = floor(x * 0.6366197723675814 + 0.5)
r = ((x - k * 1.5703125) - k * 4.837512969970703e-4) - k * 7.549789948768648e-8
z = r * r
s = r + r * z * (-1/6 + z * (1/120 + z * (-1/5040 + z * 1/362880)))
c = 1 + z * (-1/2 + z * (1/24 + z * (-1/720 + z * (1/40320 + z * -1/3628800))))
"""
_SIN = """
n = k - 4 * floor(k * 0.25)
a = c if n == 1 or n == 3 else s
result = -a if n == 2 or n == 3 else a
"""
_COS = """
n = k - 4 * floor(k * 0.25)
a = s if n == 1 or n == 3 else c
result = -a if n == 1 or n == 2 else a
"""

# Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics
# 37 (1988): PPND16 in double precision, PPND7 in single.
_QUANTILE_64 = """
q = x - 0.5
r = 0.180625 - q * q
centre = q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r
    + 67265.770927008700853) * r + 45921.953931549871457) * r + 13731.693765509461125) * r
    + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608) / (
    ((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
    + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
    + 42.313330701600911252) * r + 1)
u = sqrt(-log(x if q < 0 else 1 - x))
v = u - 1.6
w = u - 5
near = (((((((7.7454501427834140764e-4 * v + 0.0227238449892691845833) * v
    + 0.24178072517745061177) * v + 1.27045825245236838258) * v + 3.64784832476320460504) * v
    + 5.7694972214606914055) * v + 4.6303378461565452959) * v + 1.42343711074968357734) / (
    ((((((1.05075007164441684324e-9 * v + 5.475938084995344946e-4) * v
    + 0.0151986665636164571966) * v + 0.14810397642748007459) * v + 0.68976733498510000455) * v
    + 1.6763848301838038494) * v + 2.05319162663775882187) * v + 1)
far = (((((((2.01033439929228813265e-7 * w + 2.71155556874348757815e-5) * w
    + 0.0012426609473880784386) * w + 0.026532189526576123093) * w + 0.29656057182850489123) * w
    + 1.7848265399172913358) * w + 5.4637849111641143699) * w + 6.6579046435011037772) / (
    ((((((2.04426310338993978564e-15 * w + 1.4215117583164458887e-7) * w
    + 1.8463183175100546818e-5) * w + 7.868691311456132591e-4) * w + 0.0148753612908506148525) * w
    + 0.13692988092273580531) * w + 0.59983220655588793769) * w + 1)
tail = near if u <= 5 else far
result = centre if abs(q) <= 0.425 else (-tail if q < 0 else tail)
"""
_QUANTILE_32 = """
q = x - 0.5
r = 0.180625 - q * q
centre = q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) / (
    ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1)
u = sqrt(-log(x if q < 0 else 1 - x))
v = u - 1.6
tail = (((0.17023821103 * v + 1.3067284816) * v + 2.7568153900) * v + 1.4234372777) / (
    (0.12021132975 * v + 0.73700164250) * v + 1)
result = centre if abs(q) <= 0.425 else (-tail if q < 0 else tail)
"""

_FLOAT64 = {
    "exp": _REDUCE_64 + _EXP,
    "expm1": _REDUCE_64 + _EXPM1,
    "log": _LOG_64,
    "sin": _QUADRANT_64 + _SIN,
    "cos": _QUADRANT_64 + _COS,
    "normal_quantile": _QUANTILE_64,
}
_FLOAT32 = {
    "exp": _REDUCE_32 + _EXP,
    "expm1": _REDUCE_32 + _EXPM1,
    "log": _LOG_32,
    "sin": _QUADRANT_32 + _SIN,
    "cos": _QUADRANT_32 + _COS,
    "normal_quantile": _QUANTILE_32,
}
_COMMON = {
    "exprel": "result = 1 if x == 0 else expm1(x) / x",
    "log1p": """
        u = 1 + x
        corrected = log(u) * (x / (u - 1))
        result = x if u == 1 else (log(u) if x > 1e15 else corrected)
    """,
    "tanh": """
        m = expm1(-2 * abs(x))
        a = -m / (m + 2)
        result = -a if x < 0 else a
    """,
    "sigmoid": "result = 1 / (1 + exp(-x))",
}
