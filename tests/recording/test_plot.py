"""Figures of recordings show what was recorded."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from neuro.errors import ParameterError
from neuro.recording.plot_style import save_figure
from tests.recording.samples import sample


def test_a_dot_for_each_spike_at_its_time() -> None:
    recording = sample(first_step=100)
    ax = recording.plot.raster()
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    for name, line in zip(recording.spikes, dots, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), recording.spikes[name].step * 1.0)
    assert ax.get_xlim() == (100.0, 150.0)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Z", "A", "silent"]


def test_cells_go_down_and_sources_do_not_overlap() -> None:
    ax = sample().plot.raster()
    above, below, _ = (line.get_ydata() for line in ax.lines if line.get_marker() == "o")
    assert list(np.argsort(-np.unique(above))) == [3, 2, 1, 0]
    assert min(above) > max(below)


def test_chosen_sources_come_in_the_order_asked_for() -> None:
    ax = sample().plot.raster(["A", "Z"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "Z"]


def test_the_rate_is_spikes_per_cell_and_second() -> None:
    ax = sample().plot.rate(["Z"], bin_ms=25.0)
    values, edges, _ = ax.patches[0].get_data()
    np.testing.assert_allclose(edges, [0, 25, 50])
    np.testing.assert_allclose(values, [5 / 4 / 0.025] * 2)


def test_a_trace_is_drawn_in_its_unit_with_spikes_above() -> None:
    ax = sample().plot.trace("A", "v")
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["0"].get_ydata(), -65 + 0.1 * np.arange(50), rtol=1e-5)
    ticks = [line for line in ax.lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in ticks] == [[3.0], [3.0]]
    assert min(ticks[0].get_ydata()) > max(lines["2"].get_ydata())
    assert ax.get_ylabel() == "A.v (mV)"


def test_a_cell_that_was_not_recorded_is_refused() -> None:
    with pytest.raises(ParameterError, match="cell 1 was not recorded"):
        sample().plot.trace("A", "v", cells=[1])


def test_bins_without_width_are_refused() -> None:
    with pytest.raises(ParameterError, match="bin_ms"):
        sample().plot.rate(bin_ms=0)


def test_figures_go_on_given_axes() -> None:
    _, axes = plt.subplots(2)
    assert sample().plot.raster(ax=axes[0]) is axes[0]
    assert sample().plot.rate(ax=axes[1]) is axes[1]


@pytest.mark.parametrize("format", ["png", "pdf", "svg"])
def test_a_figure_is_written_and_closed(tmp_path: Path, format: str) -> None:
    ax = sample().plot.raster()
    before = len(plt.get_fignums())
    path = save_figure(ax, tmp_path / f"raster.{format}")
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"%PDF-", b"<?xml")
    assert len(plt.get_fignums()) == before - 1


def test_an_unknown_format_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="picture format 'doc'"):
        save_figure(sample().plot.raster(), tmp_path / "raster.doc")
    assert list(tmp_path.iterdir()) == []
