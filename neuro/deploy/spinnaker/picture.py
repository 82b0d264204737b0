"""A picture of a mapping: the chips of the machine, and what lies on the cores of the busiest one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from neuro.deploy.spinnaker.report import Chip, Core, MappingReport
from neuro.recording.plot_style import COLOURS, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
"""Columns in which the cores of a chip are drawn."""

LONGEST = 14
"""Characters of a population's name that are shown."""


def mapping_picture(report: MappingReport) -> Axes:
    """Left: cores of the network on each chip; right: the cores of the chip with most of them.

    Parameters
    ----------
    report
        Where a network lies.

    Returns
    -------
    Axes
        Those of the machine; the figure has one more.
    """
    import matplotlib.pyplot as plt

    machine: Axes
    with style():
        _, (machine, chip) = plt.subplots(
            1, 2, figsize=(8.4, 4.2), layout="constrained", width_ratios=(1.15, 1)
        )
        used = Counter((core.x, core.y) for core in report.placed)
        _draw_machine(machine, report, used)
        busiest = max(report.chips, key=lambda c: used[c.x, c.y])
        _draw_chip(chip, busiest, report)
    return machine


def _draw_machine(ax: Axes, report: MappingReport, used: Counter[tuple[int, int]]) -> None:
    from matplotlib.patches import Rectangle

    for chip in report.chips:
        count = used[chip.x, chip.y]
        share = count / chip.cores
        face = (*_rgb(COLOURS[0]), 0.15 + 0.85 * share) if count else "white"
        corner = (chip.x - 0.45, chip.y - 0.45)
        ax.add_patch(Rectangle(corner, 0.9, 0.9, facecolor=face, edgecolor="0.6", lw=0.6))
        if count:
            colour = "white" if share > 0.4 else "black"
            ax.text(chip.x, chip.y, f"{count}", ha="center", va="center", color=colour, fontsize=8)
    columns = range(max(chip.x for chip in report.chips) + 1)
    rows = range(max(chip.y for chip in report.chips) + 1)
    few = max(len(columns), len(rows)) <= 16
    ax.set(
        xlim=(-0.6, columns[-1] + 0.6),
        ylim=(-0.6, rows[-1] + 0.6),
        aspect="equal",
        xlabel="chip x",
        ylabel="chip y",
        xticks=columns if few else columns[::8],
        yticks=rows if few else rows[::8],
        title=f"{report.board}: {len(report.placed)} cores on {report.chips_used} of "
        f"{len(report.chips)} chips",
    )
    _bare(ax)


def _draw_chip(ax: Axes, chip: Chip, report: MappingReport) -> None:
    """The cores of one chip, from the top left; core 0 belongs to the operating system."""
    from matplotlib.patches import Rectangle

    names = list(dict.fromkeys(core.population for core in report.placed))
    cores = {core.p: core for core in report.cores if (core.x, core.y) == (chip.x, chip.y)}
    for p in range(chip.cores):
        x, y = p % COLUMNS, -(p // COLUMNS)
        core = cores.get(p)
        face, text = _look(p, core, names)
        ax.add_patch(Rectangle((x, y), 0.94, 0.9, facecolor=face, edgecolor="0.6", lw=0.6))
        ax.text(x + 0.05, y + 0.82, f"{p}", fontsize=6, va="top", color="0.3")
        ax.text(x + 0.5, y + 0.4, text, fontsize=7, ha="center", va="center")
    ax.set(
        xlim=(-0.05, COLUMNS),
        ylim=(-((chip.cores - 1) // COLUMNS) - 0.05, 1),
        xticks=[],
        yticks=[],
        title=f"chip ({chip.x}, {chip.y}): {chip.entries} routing entries",
    )
    _bare(ax)


def _look(p: int, core: Core | None, names: list[str]) -> tuple[object, str]:
    """Colour and text of a core."""
    if p == 0:
        return "0.85", "system"
    if core is None:
        return "white", ""
    if core.is_system:
        return "0.85", core.population.partition(":")[2].partition("(")[0].removeprefix("Extra")
    colour = (*_rgb(COLOURS[names.index(core.population) % len(COLOURS)]), 0.35)
    name = core.population if len(core.population) <= LONGEST else core.population[:LONGEST] + "…"
    if core.first < 0:
        return colour, name
    if core.synapses:
        name = f"{name}\nsynapses of"
    cells = f"{core.first}" if core.first == core.last else f"{core.first} to {core.last}"
    return colour, f"{name}\n{cells}"


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))  # type: ignore[return-value]


def _bare(ax: Axes) -> None:
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
