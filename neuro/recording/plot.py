"""Figures of a recording; each takes ``ax=`` and returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro.errors import ParameterError
from neuro.recording.plot_style import COLOURS, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuro.recording.data import Recording


RASTERIZED = 20_000
"""More dots than this are drawn as pixels in vector graphics."""


class Plots:
    """Figures of one recording; reached as ``recording.plot``."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def raster(
        self,
        sources: Sequence[str] | None = None,
        *,
        ax: Axes | None = None,
        marker_size: float | None = None,
    ) -> Axes:
        """One dot per spike: time to the right, cells upwards, populations stacked.

        Parameters
        ----------
        sources
            What to show, from top to bottom; None shows everything recorded.
        ax
            Axes to draw on; None makes a figure.
        marker_size
            Size of the dots in points; None chooses by the number of cells.
        """
        names = list(self._recording.spikes) if sources is None else list(sources)
        sizes = [self._recording.spike_data(name).size for name in names]
        total, gap = sum(sizes), max(1.0, 0.04 * sum(sizes) / max(1, len(sizes)))
        with style():
            ax = new_axes(ax, height=min(8.0, 2.0 + 0.25 * len(names) + 0.02 * min(total, 120)))
            size = marker_size or float(np.clip(220 / max(1, total), 0.6, 4.0))
            top, ticks = 0.0, []
            for name, count, colour in zip(names, sizes, _cycle(len(names)), strict=True):
                spikes = self._recording.spike_data(name)
                place = top - spikes.index - 0.5
                dots = ax.plot(spikes.times(self._recording.dt), place, "o", ms=size, mew=0)[0]
                dots.set(color=colour, rasterized=len(spikes) > RASTERIZED, clip_on=False)
                ticks.append(top - count / 2)
                top -= count + gap
                ax.axhline(top + gap / 2, lw=0.3, color="0.85", zorder=0)
            ax.set_yticks(ticks, names)
            ax.tick_params(axis="y", length=0)
            start = self._recording.first_step * self._recording.dt * 1000
            ax.set(
                xlabel="time (ms)",
                ylim=(top + gap / 2, gap / 2),
                xlim=(start, start + max(self._recording.duration, 1e-9)),
            )
        return ax

    def rate(
        self, sources: Sequence[str] | None = None, *, bin_ms: float = 10.0, ax: Axes | None = None
    ) -> Axes:
        """Mean firing rate of populations over time.

        Parameters
        ----------
        sources
            What to show; None shows everything recorded.
        bin_ms
            Width of the bins, ms.
        ax
            Axes to draw on; None makes a figure.
        """
        recording = self._recording
        if bin_ms <= 0:
            raise ParameterError(
                f"is {bin_ms}.", where="rate, bin_ms", hint="Use a positive number."
            )
        start = recording.first_step * recording.dt * 1000
        edges = np.arange(start, start + recording.duration + bin_ms, bin_ms)
        with style():
            ax = new_axes(ax)
            names = list(sources or recording.spikes)
            for name, colour in zip(names, _cycle(len(names)), strict=True):
                data = recording.spike_data(name)
                counts, _ = np.histogram(data.times(recording.dt), edges)
                rates = counts / data.size / (bin_ms / 1000)
                ax.stairs(rates, edges, label=name, baseline=None, color=colour)
            ax.set(xlabel="time (ms)", ylabel="rate (Hz)", ylim=(0, None))
            ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize=8)
        return ax

    def trace(
        self,
        target: str,
        variable: str = "v",
        *,
        cells: Sequence[int] | None = None,
        spikes: bool = True,
        ax: Axes | None = None,
    ) -> Axes:
        """A variable over time, with the cells' spikes as ticks above it.

        Parameters
        ----------
        target, variable
            What was recorded.
        cells
            Which of the recorded cells; None shows the first five.
        spikes
            False leaves out the spikes.
        ax
            Axes to draw on; None makes a figure.
        """
        recording = self._recording
        data = recording.trace_data(target, variable)
        chosen = data.index[:5] if cells is None else np.asarray(cells)
        values, time = data.in_unit(), data.step * recording.dt * 1000
        with style():
            ax = new_axes(ax)
            top = float(np.max(values, initial=0.0)) if values.size else 0.0
            span = float(np.ptp(values)) if values.size else 1.0
            for row, cell in enumerate(chosen):
                column = np.flatnonzero(data.index == cell)
                if not len(column):
                    raise ParameterError(
                        f"cell {cell} was not recorded.", where=f"{target}.{variable}"
                    )
                line = ax.plot(time, values[:, column[0]], label=str(cell))[0]
                if spikes and target in recording.spikes:
                    _ticks(
                        ax,
                        recording,
                        target,
                        int(cell),
                        top + span * (0.08 + 0.06 * row),
                        line.get_color(),
                    )
            unit = "" if data.unit == "1" else f" ({data.unit})"
            ax.set(xlabel="time (ms)", ylabel=f"{target}.{variable}{unit}")
            if len(chosen) > 1:
                ax.legend(title="cell", loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
        return ax


def _ticks(
    ax: Axes, recording: Recording, source: str, cell: int, height: float, colour: Any
) -> None:
    data = recording.spike_data(source)
    times = data.times(recording.dt)[data.index == cell]
    ax.plot(times, np.full(len(times), height), "|", color=colour, ms=6)


def _cycle(count: int) -> list[str]:
    return [COLOURS[k % len(COLOURS)] for k in range(count)]
