"""The classifier of digits: encoding, classes, and accuracy on the test images where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError, NeuroError, ParameterError
from neuro.models.digits import load_images, typed_digit
from neuro.models.mnist_lif import LEVELS, STEPS, MnistLIF, encode, load_weights
from neuro.models.spec import load_model

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "mnist.npz"
needs_data = pytest.mark.skipif(not DATA.is_file(), reason="mnist.npz is not beside the project")


def test_brighter_pixels_spike_longer() -> None:
    image = np.zeros((28, 28))
    image[0, :3] = 1.0, 0.5, 0.05
    step, cell = encode(image)
    assert [list(step[cell == k]) for k in range(4)] == [list(range(LEVELS)), [0, 1, 2, 3], [], []]


def test_weights_have_eight_bits() -> None:
    for weights in load_weights("int8"):
        assert len(np.unique(weights)) <= 255
        assert np.abs(weights).max() > 0


def test_the_network_computes_what_its_equations_say() -> None:
    """An independent evaluation in float32, in the order in which events arrive."""
    image = typed_digit(5)
    hidden, out = (w.astype(np.float32) for w in load_weights())
    beta = np.float32(np.exp(-0.1))
    v, u = np.zeros(96, np.float32), np.zeros(10, np.float32)
    before = [np.empty(0, int), np.empty(0, int)]
    step, cell = encode(image)
    counts = np.zeros(10, int)
    for t in range(STEPS):
        v, u = beta * v, beta * u
        current, drive = np.zeros_like(v), np.zeros_like(u)
        for k in before[0]:
            current += hidden[k]
        for k in before[1]:
            drive += out[k]
        v, u = v + current, u + drive
        fired, answered = np.flatnonzero(v >= 1), np.flatnonzero(u >= 1)
        v[fired] -= 1
        u[answered] -= 1
        counts[answered] += 1
        before = [cell[step == t], fired]
    recording = neuro.simulate(MnistLIF().network, STEPS, inputs=MnistLIF().inputs(image))
    np.testing.assert_array_equal(np.bincount(recording.spikes["Out"].index, minlength=10), counts)


def test_most_digits_in_type_are_told_apart() -> None:
    found = MnistLIF().classify(typed_digit(k) for k in range(10))
    assert np.count_nonzero(found == np.arange(10)) >= 7


def test_the_model_runs_by_its_name() -> None:
    experiment = load_model("mnist-lif").experiment(None, {"digit": 3})
    recording = neuro.simulate(experiment.network, experiment.steps, inputs=experiment.inputs)
    report = experiment.report(recording)
    assert report.passed
    assert report.rows[3] == ("3", max((row[1] for row in report.rows), key=int))


@needs_data
@pytest.mark.parametrize("weights", ["int8", "float"])
def test_accuracy_on_all_test_images(weights: str) -> None:
    images, labels = load_images(DATA)
    found = MnistLIF(weights).classify(images, backend="c")  # type: ignore[arg-type]
    right = 100 * np.mean(found == labels)
    assert right >= 96.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: encode(np.zeros((28, 27))), ParameterError, "Needed: (28, 28)"),
        (lambda: MnistLIF("int4"), ParameterError, "Use 'int8' or 'float'"),  # type: ignore[arg-type]
        (lambda: typed_digit(10), ParameterError, "Use 0 to 9"),
        (lambda: load_images(Path("nothing.npz")), FileFormatError, "--set data=PATH"),
        (lambda: load_model("mnist-lif").experiment("test", {}), NeuroError, "--set data=PATH"),
    ],
)
def test_bad_input(call: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        call()  # type: ignore[operator]
    assert words in str(caught.value)
