"""A picture of flash and RAM against what a board has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuro.deploy.costs import Costs, Part
from neuro.recording.plot_style import COLOURS, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 7
"""Parts with a colour of their own; the rest is one."""


def costs_plot(costs: Costs, *, ax: Axes | None = None) -> Axes:
    """Two bars, flash and RAM, in percent of what there is, by part.

    Parameters
    ----------
    costs
        What a program takes.
    ax
        Axes to draw on; None makes a figure.
    """
    with style():
        ax = new_axes(ax, width=7.0, height=2.6)
        sizes = {"flash": costs.flash_size, "RAM": costs.ram_size}
        left = dict.fromkeys(sizes, 0.0)
        for part, colour in zip(_largest(costs), (*COLOURS, "0.75"), strict=False):
            for row, (name, size) in enumerate(sizes.items()):
                width = 100 * (part.flash if name == "flash" else part.ram) / size
                label = part.name if row == 0 else None
                ax.barh(row, width, 0.6, left=left[name], color=colour, label=label)
                left[name] += width
        ax.set_yticks([0, 1], [f"{name}\n{size / 1024:g} KB" for name, size in sizes.items()])
        for row, (name, used) in enumerate((("flash", costs.flash), ("RAM", costs.ram))):
            ax.text(left[name] + 1, row, f"{used:,} bytes", va="center", fontsize=8)
        ax.axvline(100, lw=0.8, color="0.4", ls=":")
        ax.invert_yaxis()
        ax.set(
            xlim=(0, max(105.0, *(value + 20 for value in left.values()))),
            xlabel="percent of the board",
            title=costs.board,
        )
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=4, fontsize=7)
    return ax


def _largest(costs: Costs) -> list[Part]:
    """The largest parts, and one for the rest."""

    def share(part: Part) -> float:
        return part.flash / costs.flash_size + part.ram / costs.ram_size

    ordered = sorted(costs.parts, key=share, reverse=True)
    rest = ordered[MOST - 1 :]
    if len(rest) < 2:
        return ordered
    together = Part(
        name=f"{len(rest)} smaller parts",
        flash=sum(part.flash for part in rest),
        ram=sum(part.ram for part in rest),
    )
    return [*ordered[: MOST - 1], together]
