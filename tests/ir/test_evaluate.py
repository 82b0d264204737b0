"""Library functions: accurate, the same bits everywhere, and right at the edges."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import scipy.special
import scipy.stats

from neuro.ir.expressions.evaluate import Float, evaluate, exponent, pow2
from neuro.ir.expressions.nodes import Call, Name
from neuro.ir.expressions.parser import parse_expression

RNG = np.random.default_rng(0)
WIDE = {np.float32: 87.0, np.float64: 700.0}


def apply(name: str, x: np.ndarray, dtype: Float) -> np.ndarray:
    return evaluate(Call(name, (Name("x"),)), {"x": x.astype(dtype)}, dtype)


def error_in_ulps(name: str, x: np.ndarray, exact: np.ndarray, dtype: Float) -> float:
    found = apply(name, x, dtype).astype(np.longdouble)
    unit = np.abs(np.spacing(exact.astype(dtype))).astype(np.longdouble)
    return float(np.max(np.abs(found - exact) / unit))


def _points(low: float, high: float) -> np.ndarray:
    near_zero = RNG.normal(0, 1e-3, 2000)
    inside = near_zero[(near_zero > low) & (near_zero < high)]
    return np.concatenate([RNG.uniform(low, high, 20000), inside])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "low", "high", "exact"),
    [
        ("exp", -1.0, 1.0, np.exp),
        ("expm1", -1.0, 1.0, np.expm1),
        ("exp", None, None, np.exp),
        ("expm1", None, None, np.expm1),
        ("log", 0.5, 2.0, np.log),
        ("log", 1e-30, 1e30, np.log),
        ("log1p", -0.9, 5.0, np.log1p),
        ("tanh", -10.0, 10.0, np.tanh),
        ("sin", -30.0, 30.0, np.sin),
        ("cos", -30.0, 30.0, np.cos),
        ("sigmoid", -20.0, 20.0, lambda x: 1 / (1 + np.exp(-x))),
        ("exprel", -20.0, 20.0, lambda x: np.expm1(x) / x),
    ],
)
def test_functions_are_accurate(
    name: str, low: float | None, high: float | None, exact: np.ufunc, dtype: Float
) -> None:
    x = _points(-WIDE[dtype] if low is None else low, WIDE[dtype] if high is None else high)
    rounded = x.astype(dtype).astype(np.longdouble)
    assert error_in_ulps(name, x, exact(rounded), dtype) < 3


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float64, 1e-13)])
def test_the_normal_quantile_is_accurate(dtype: Float, tolerance: float) -> None:
    p = np.concatenate([RNG.uniform(0.001, 0.999, 20000), 10 ** RNG.uniform(-7, -3, 1000)])
    expected = scipy.stats.norm.ppf(p.astype(dtype).astype(np.float64))
    np.testing.assert_allclose(apply("normal_quantile", p, dtype), expected, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges(dtype: Float) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(apply("exp", x, dtype), [1, 1, np.inf, 0, np.nan])
    np.testing.assert_array_equal(apply("expm1", x, dtype), [0, 0, np.inf, -1, np.nan])
    np.testing.assert_array_equal(apply("tanh", x, dtype), [0, 0, 1, -1, np.nan])
    np.testing.assert_array_equal(apply("sigmoid", x, dtype), [0.5, 0.5, 1, 0, np.nan])
    logs = apply("log", np.array([0.0, 1.0, -1.0, np.inf, np.nan]), dtype)
    np.testing.assert_array_equal(logs, [-np.inf, 0, np.nan, np.inf, np.nan])
    assert apply("exprel", np.array([0.0]), dtype)[0] == 1
    assert apply("exp", np.array([1000.0]), dtype)[0] == np.inf
    assert apply("exp", np.array([-1000.0]), dtype)[0] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_subnormal_numbers_are_kept(dtype: Float) -> None:
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.array([tiny, 3 * tiny], dtype)
    np.testing.assert_allclose(apply("log", x, dtype), np.log(x.astype(np.longdouble)), rtol=1e-6)
    smallest = apply("exp", np.array([np.log(float(np.finfo(dtype).tiny)) - 3]), dtype)
    assert 0 < smallest[0] < np.finfo(dtype).tiny


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_of_two_and_exponents_are_exact(dtype: Float) -> None:
    k = np.arange(-100, 101).astype(dtype)
    np.testing.assert_array_equal(pow2(k), np.ldexp(dtype(1), k.astype(int)))
    np.testing.assert_array_equal(exponent(pow2(k) * dtype(1.75)), k)
    assert (
        pow2(np.array([5000.0], dtype))[0] == pow2(np.array([np.finfo(dtype).maxexp - 1], dtype))[0]
    )


GOLDEN = {
    ("float32", "exp"): "2ce9a1b273e02f20481eb5cdf1ca3fc8",
    ("float32", "expm1"): "6d417596ef7372532b6783c79d670240",
    ("float32", "log"): "e052a8003b644f1b042157b5c0c26f7b",
    ("float32", "log1p"): "c9ba36fb68d1d6d6fa07c266123715eb",
    ("float32", "tanh"): "6b45412717cb8522904a6749e429e4a6",
    ("float32", "sigmoid"): "53c8e52c64541ac6d90a5f37f6656546",
    ("float32", "sin"): "13797d22a381e737c510b0230be85bc2",
    ("float32", "cos"): "ce3356e9de3a2c85d428b6eea089e29e",
    ("float64", "exp"): "f6e3d937bfb9f15d9c99d601abc2de6f",
    ("float64", "expm1"): "75c2062cd33a2ea1af2450592e8e7230",
    ("float64", "log"): "6eb2542c2836fbcbcc82b6fc95e48328",
    ("float64", "log1p"): "7f5528b311f00957dc2b8bf9a23e4d8e",
    ("float64", "tanh"): "bf8edcc09ba1f9026e4156a358f26609",
    ("float64", "sigmoid"): "93c8881a81ac496dd68220cfe393cae7",
    ("float64", "sin"): "2a14aa0d2863e35a992396ff5ec1673e",
    ("float64", "cos"): "6638e62274c10ff4ee6691945b1b9af7",
}
"""First half of a SHA-256 over the results at fixed points: any change of the library shows here."""


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "sin", "cos"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_known_bits(name: str, dtype: Float) -> None:
    x = (np.arange(-2000, 2001) / 128).astype(dtype)
    values = apply(name, x, dtype)
    found = hashlib.sha256(values[np.isfinite(values)].tobytes()).hexdigest()[:32]
    assert found == GOLDEN[dtype.__name__, name]


def test_every_operation_rounds_to_the_number_format() -> None:
    scope = {"a": np.array([0.1], np.float32), "b": np.array([0.2], np.float32)}
    found = evaluate(parse_expression("a * b + 0.3"), scope, np.float32)
    expected = np.float32(0.1) * np.float32(0.2) + np.float32(0.3)
    assert found.dtype == np.float32
    assert found[0] == expected


def test_minimum_and_maximum_choose_like_the_machine_does() -> None:
    scope = {"a": np.array([np.nan, 1.0, -0.0]), "b": np.array([2.0, np.nan, 0.0])}
    low = evaluate(parse_expression("min(a, b)"), scope, np.float64)
    np.testing.assert_array_equal(low, [2.0, np.nan, 0.0])
    clipped = evaluate(parse_expression("clip(a, 0.5, 1.5)"), scope, np.float64)
    np.testing.assert_array_equal(clipped, [0.5, 1.0, 0.5])


def test_sigmoid_agrees_with_scipy() -> None:
    x = np.linspace(-30, 30, 101)
    np.testing.assert_allclose(apply("sigmoid", x, np.float64), scipy.special.expit(x), rtol=1e-14)
