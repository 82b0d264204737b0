"""The lateral circuit in the IR: it projects, learns online, and is the same on every engine."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import neuro
from neuro.errors import ParameterError
from neuro.models.hlop_lateral import RATE, ROWS, SIZE, drawn
from neuro.training.hlop.circuit import CircuitCode, LateralCircuit

Array = NDArray[np.float64]


def rows(seed: int = 1, count: int = ROWS) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(np.linalg.qr(rng.normal(size=(SIZE, count)))[0].T)


def rounded(values: Array, scale: float, levels: int) -> Array:
    """What signed integrate-and-fire cells send."""
    size = np.floor(np.minimum(np.abs(values), scale) / scale * levels + 0.5)
    return np.sign(values) * size * scale / levels


def test_what_is_left_of_a_sample_is_its_projection() -> None:
    h, code = rows(), CircuitCode(sample_levels=200, subspace_levels=200)
    samples = drawn(6, 3)[1]
    left = LateralCircuit(h, code=code).project(samples)
    y = rounded(rounded(samples, 8.0, 200) @ h.T, 8.0, 200)
    np.testing.assert_allclose(left, samples - y @ h, atol=1e-5)
    np.testing.assert_allclose(left, samples - samples @ h.T @ h, atol=0.1)


def test_the_change_of_a_sample_is_that_of_the_rule() -> None:
    h, samples = rows(), drawn(1, 4)[1]
    code = CircuitCode(sample_levels=30, subspace_levels=20, sample_scale=5.0)
    forward, feedback = LateralCircuit(h, rate=0.05, code=code).learn(samples, backend="c")
    y = rounded(rounded(samples, 5.0, 30) @ h.T, 8.0, 20)
    left = rounded(samples - y @ h, 5.0, 30)
    np.testing.assert_allclose(forward, h + 0.05 * y.T @ left, atol=1e-6)
    assert np.array_equal(forward, feedback)


def test_it_learns_the_strongest_directions_one_sample_at_a_time() -> None:
    directions, samples = drawn(400, 0)
    forward, feedback = LateralCircuit(rows(), rate=RATE).learn(samples, backend="c")
    inside = np.sum((forward @ directions) ** 2) / np.sum(forward**2)
    assert inside > 0.99
    assert np.linalg.norm(forward @ forward.T - np.eye(ROWS)) < 0.1
    assert np.array_equal(forward, feedback)


def test_frozen_rows_keep_their_bits_and_the_new_one_leaves_their_space() -> None:
    directions, samples = drawn(400, 0)
    start = np.concatenate([directions[:, :2].T, rows(2, 1)]).astype(np.float32)
    circuit = LateralCircuit(start, rate=RATE, frozen=2)
    forward, _ = circuit.learn(samples, backend="c")
    assert np.array_equal(forward[:2], start[:2].astype(np.float64))
    assert (forward[2] @ directions[:, 2]) ** 2 / np.sum(forward[2] ** 2) > 0.98
    assert np.abs(forward[2] @ directions[:, :2]).max() < 0.1


def test_reference_and_c_give_the_same_bits() -> None:
    h, samples = rows()[:2, :], drawn(2, 5)[1]
    circuit = LateralCircuit(h, rate=0.05, code=CircuitCode(sample_levels=6, subspace_levels=6))
    steps = 2 * circuit.code.frame
    found = neuro.verify(
        circuit.network, steps=steps, inputs=circuit.inputs(samples), backends=["reference", "c"]
    )
    assert found.identical
    by_c, by_reference = (circuit.learn(samples, backend=name) for name in ("c", "reference"))
    assert np.array_equal(by_c[0], by_reference[0])
    assert np.array_equal(by_c[1], by_reference[1])
    assert not np.array_equal(by_c[0], h.astype(np.float32))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match="rows, n"):
        LateralCircuit(np.zeros(3))
    with pytest.raises(ParameterError, match="Give 0 to all"):
        LateralCircuit(rows(), frozen=4)
    with pytest.raises(ParameterError, match="Needed"):
        LateralCircuit(rows()).project(np.zeros((2, 3)))
    with pytest.raises(ParameterError, match="no level"):
        CircuitCode(sample_levels=0)
    with pytest.raises(ParameterError, match="not positive"):
        CircuitCode(subspace_scale=0.0)
