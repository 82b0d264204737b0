"""Recordings as Neo blocks."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import neuro
from neuro.errors import UnavailableError
from tests.networks import LIBRARY_CELLS
from tests.recording.samples import sample

pytest.importorskip("neo")


def test_each_cell_has_a_train_in_milliseconds() -> None:
    block = sample(first_step=100).to_neo()
    trains = block.segments[0].spiketrains
    assert len(trains) == 4 + 3 + 2
    train = next(t for t in trains if t.annotations == {"source": "A", "index": 2})
    assert train.rescale("ms").magnitude.tolist() == [103.0]
    assert (float(train.t_start), float(train.t_stop)) == (100.0, 150.0)
    assert block.annotations["seed"] == 2**64 - 1
    assert block.annotations["dt_ms"] == 1.0


def test_signals_have_unit_time_and_cells() -> None:
    signals = {s.name: s for s in sample(first_step=100).to_neo().segments[0].analogsignals}
    v, g = signals["A.v"], signals["A.g"]
    assert v.shape == (50, 2)
    assert v.units.dimensionality.string == "mV"
    assert float(v[0, 0]) == pytest.approx(-55.0, rel=1e-6)
    assert float(v.t_start.rescale("ms")) == 100.0
    assert float(g.sampling_period.rescale("ms")) == 10.0
    np.testing.assert_array_equal(v.array_annotations["index"], [0, 2])


@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_every_unit_of_the_library_is_known_to_neo(name: str) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    cells = net.population(2, LIBRARY_CELLS[name][0](), label="cells")
    variables = [variable.name for variable in cells.cell.cell_type.state]
    cells.record(variables)
    recording = neuro.simulate(net.build(), 3, backend="reference")
    assert len(recording.to_neo().segments[0].analogsignals) == len(variables)


def test_without_neo_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(UnavailableError, match=r"pip install 'neuro-spiking\[neo\]'"):
        sample().to_neo()
