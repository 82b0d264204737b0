"""The PHC state-space network: its equations, its wiring, and the digits that it reads row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuro
from neuro.errors import ParameterError
from neuro.models.digits import load_images, typed_digit
from neuro.models.phcssm import PHCSSM
from neuro.models.phcssm_rows import STEPS, PHCRows
from neuro.models.spec import load_model
from neuro.resources import folder

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "mnist.npz"
needs_data = pytest.mark.skipif(not DATA.is_file(), reason="mnist.npz is not beside the project")
Weights = dict[str, NDArray[Any]]


def small(seed: int = 0, sizes: tuple[int, ...] = (5, 4)) -> Weights:
    """Random weights of a small network."""
    draw, cells = np.random.default_rng(seed), sum(sizes)
    sign = np.where(draw.random(cells) < 0.8, 1.0, -1.0)
    recurrent = np.abs(draw.normal(size=(cells, cells))) * sign[:, None]
    np.fill_diagonal(recurrent, 0)
    return {
        "sizes": np.array(sizes),
        "w_in": draw.normal(size=(3, sizes[0])),
        "b_in": draw.normal(size=sizes[0]),
        "recurrent": recurrent * (draw.random((cells, cells)) < 0.6),
        "a_exc": draw.uniform(0.5, 0.95, cells),
        "a_inh": draw.uniform(0.5, 0.95, cells),
        "r": draw.uniform(0.2, 1, cells),
        "v_thresh": draw.uniform(0.3, 1.2, cells),
        "w_out": draw.normal(size=(sizes[-1], 2)),
    }


def sequential(w: Weights, signal: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Spikes (steps, cells) and the readout's totals (steps, classes), from the equations."""
    sizes, cells = w["sizes"], int(w["sizes"].sum())
    first, last = sizes[0], sizes[-1]
    x, drive, total = np.zeros(3), np.zeros(first), np.zeros(w["w_out"].shape[1])
    integral, fading, v, spikes = (np.zeros(cells) for _ in range(4))
    fired, totals = [], []
    for row in signal:
        total = total + v[-last:] @ w["w_out"]
        given = np.concatenate([drive, np.zeros(cells - first)])
        integral = w["a_exc"] * integral + given + spikes @ w["recurrent"]
        bounded = np.maximum(integral, -0.5)
        fading = w["a_inh"] * fading + w["r"] * (bounded > w["v_thresh"]) + 1e-8
        v = bounded - fading
        spikes = (v > w["v_thresh"]).astype(float)
        drive, x = np.abs(x @ w["w_in"] + w["b_in"]), row
        fired.append(spikes)
        totals.append(total)
    return np.array(fired), np.array(totals)


@pytest.mark.parametrize("sizes", [(5, 4), (3, 4, 2), (6,)])
def test_it_computes_what_its_equations_say(sizes: tuple[int, ...]) -> None:
    w = small(len(sizes), sizes)
    signal = np.random.default_rng(1).normal(size=(60, 3))
    network = PHCSSM(w).network
    recording = neuro.simulate(network, steps=60, inputs={"signal": signal}, backend="reference")
    spikes, totals = sequential(w, signal)
    found = np.zeros_like(spikes)
    starts = np.cumsum([0, *sizes])
    for number in range(len(sizes)):
        own = recording.spikes[f"Region{number + 1}"]
        found[own.step, starts[number] + own.index] = 1
    assert spikes.sum() > 60
    np.testing.assert_array_equal(found, spikes)
    readout = recording.trace_data("Readout", "total").values
    np.testing.assert_allclose(readout, totals, rtol=1e-4, atol=1e-4)


def test_engines_agree() -> None:
    network = PHCSSM(small()).network
    signal = np.random.default_rng(2).normal(size=(100, 3))
    report = neuro.verify(
        network, steps=100, inputs={"signal": signal}, backends=["reference", "c", "numba"]
    )
    assert report.identical


def test_a_missing_array_is_named() -> None:
    weights = small()
    del weights["a_inh"]
    with pytest.raises(ParameterError, match="lack a_inh"):
        PHCSSM(weights)


def test_a_wrong_shape_is_named() -> None:
    with pytest.raises(ParameterError, match=r"PHCSSM, b_in.*has shape \(3,\)"):
        PHCSSM(small() | {"b_in": np.zeros(3)})


def test_a_cell_of_both_signs_is_refused() -> None:
    weights = small()
    weights["recurrent"][2, :2] = 1, -1
    with pytest.raises(ParameterError, match="cell 2 has weights of both signs"):
        PHCSSM(weights)


def test_the_shipped_network_has_56_neurons_and_its_topology() -> None:
    with np.load(folder("models") / "phcssm-rows" / "weights.npz") as file:
        w = dict(file)
    assert w["sizes"].tolist() == [24, 16, 16]
    assert PHCSSM(w).neurons == 56
    reach = w["recurrent"] != 0
    assert not reach[:24, 40:].any(), "no way from the first region to the third"
    assert not reach.diagonal().any()
    inhibits = (w["recurrent"] < 0).any(1)
    assert 5 <= inhibits.sum() <= 11
    region = np.repeat([0, 1, 2], w["sizes"])
    across = reach[inhibits] & (region[inhibits][:, None] != region)
    assert not across.any(), "inhibition stays in its region"


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"has shape \(28, 27\)"):
        PHCRows().inputs(np.zeros((28, 27)))


def test_the_model_runs_by_name() -> None:
    experiment = load_model("phcssm-rows").experiment(None, {"digit": 1})
    recording = neuro.simulate(experiment.network, experiment.steps, inputs=experiment.inputs)
    assert experiment.steps == STEPS
    assert len(experiment.report(recording).rows) == 10


def test_it_reads_most_digits_set_in_type() -> None:
    found = PHCRows().classify([typed_digit(digit) for digit in range(10)])
    assert (found == np.arange(10)).sum() >= 4


@needs_data
def test_accuracy_on_test_images() -> None:
    images, labels = load_images(DATA)
    found = PHCRows().classify(images[:1000])
    assert (found == labels[:1000]).mean() > 0.9
