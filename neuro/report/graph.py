"""A figure of a network: populations as boxes, projections as arrows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neuro.ir.network import Network, Population, Projection
from neuro.recording.plot_style import COLOURS, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

_BOX_WIDTH, _BOX_HEIGHT = 0.9, 0.46
_COLUMN, _ROW = 1.5, 0.85
_LOOP_BEND = -1.8

Place = tuple[float, float]

_KINDS: dict[str, tuple[str, Literal["-", "--", ":"]]] = {
    "excites": (COLOURS[0], "-"),
    "excites, plastic": (COLOURS[0], "--"),
    "inhibits": (COLOURS[1], "-"),
    "inhibits, plastic": (COLOURS[1], "--"),
    "graded": (COLOURS[2], ":"),
}
"""Colour and line of each kind of arrow; the lines tell them apart in grey too."""


@dataclass(frozen=True, slots=True)
class _Arrow:
    """An arrow, and how many others go the same way."""

    pre: str
    post: str
    kind: str
    before: int


def network_graph(network: Network, *, ax: Axes | None = None) -> Axes:
    """Draw populations in columns from the inputs on, with an arrow per projection.

    Blue arrows excite, orange ones inhibit, dashed ones are plastic, dotted ones graded.

    Parameters
    ----------
    network
        Any network.
    ax
        Axes to draw on; None makes a figure.
    """
    places = {name: (x * _COLUMN, y * _ROW) for name, (x, y) in layered_places(network).items()}
    right = max((x for x, _ in places.values()), default=0.0) + 0.7
    top = max((y for _, y in places.values()), default=0.0) + 0.9
    with style():
        ax = new_axes(ax, width=max(4.0, 0.85 * (right + 0.7)), height=max(2.0, 1.7 * top + 0.3))
        ax.set(xlim=(-0.7, right), ylim=(-top, top), aspect="equal")
        ax.axis("off")
        boxes = {name: _draw_box(ax, network, name, place) for name, place in places.items()}
        arrows = _arrows(network)
        for arrow in arrows:
            _draw_arrow(ax, arrow, places, boxes)
        _add_legend(ax, [kind for kind in _KINDS if any(arrow.kind == kind for arrow in arrows)])
    return ax


def layered_places(network: Network) -> dict[str, Place]:
    """A place for each source: columns by the longest way from an input, rows centred.

    Arrows that close a cycle are left out of account.  Within a column sources stand in the order
    of those that they hear from.
    """
    columns: dict[int, list[str]] = defaultdict(list)
    before = _forward(network)
    for name, column in _depths(before).items():
        columns[column].append(name)
    places: dict[str, Place] = {}
    for column, names in sorted(columns.items()):
        heights = {
            name: float(np.mean([places[pre][1] for pre in before[name]] or [0.0]))
            for name in names
        }
        ordered = sorted(names, key=lambda name: -heights[name])
        for row, name in enumerate(ordered):
            places[name] = (float(column), (len(names) - 1) / 2 - row)
    return places


def _forward(network: Network) -> dict[str, list[str]]:
    """The sources that each one hears from, without the arrows that close a cycle."""
    targets: dict[str, list[str]] = {name: [] for name in network.sources}
    for arrow in _arrows(network):
        targets[arrow.pre].append(arrow.post)
    heard = {post for pre, posts in targets.items() for post in posts if post != pre}
    starts = sorted(network.sources, key=lambda name: name in heard)
    before: dict[str, list[str]] = {name: [] for name in network.sources}
    done: set[str] = set()
    for start in starts:
        if start not in done:
            _walk(start, targets, before, done)
    return before


def _walk(
    start: str, targets: dict[str, list[str]], before: dict[str, list[str]], done: set[str]
) -> None:
    """Follow arrows depth first; one that leads back onto the path closes a cycle."""
    path, left = [start], [iter(targets[start])]
    while path:
        post = next(left[-1], None)
        if post is None:
            done.add(path.pop())
            left.pop()
        elif post not in path:
            before[post].append(path[-1])
            if post not in done:
                path.append(post)
                left.append(iter(targets[post]))


def _depths(before: dict[str, list[str]]) -> dict[str, int]:
    """Length of the longest way to each source."""
    depth = dict.fromkeys(before, 0)
    for _ in before:
        depth = {
            name: max((depth[pre] + 1 for pre in pres), default=0) for name, pres in before.items()
        }
    return depth


def _arrows(network: Network) -> list[_Arrow]:
    ends = [(p.pre, p.post, _kind(p)) for p in network.projections]
    ends += [(g.pre, g.post, "graded") for g in network.graded if g.post in network.sources]
    used: dict[tuple[str, str], int] = defaultdict(int)
    arrows = []
    for pre, post, kind in ends:
        arrows.append(_Arrow(pre, post, kind, used[pre, post]))
        used[pre, post] += 1
    return arrows


def _kind(projection: Projection) -> str:
    inhibits = "inh" in projection.port or _is_negative(projection.weight)
    plastic = "" if projection.synapse.is_static else ", plastic"
    return ("inhibits" if inhibits else "excites") + plastic


def _is_negative(weight: Any) -> bool:
    return isinstance(weight, float | np.ndarray) and bool(np.all(np.less(weight, 0)))


def _draw_box(ax: Axes, network: Network, name: str, place: Place) -> Patch:
    from matplotlib.patches import FancyBboxPatch

    source = network.sources[name]
    x, y = place
    box = FancyBboxPatch(
        (x - _BOX_WIDTH / 2, y - _BOX_HEIGHT / 2),
        _BOX_WIDTH,
        _BOX_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor="white" if isinstance(source, Population) else "0.92",
        edgecolor="0.25",
        linewidth=0.8,
        zorder=3,
    )
    ax.add_patch(box)
    size = 7.0 if len(name) <= 12 else 84.0 / len(name)
    ax.text(x, y + 0.08, name, ha="center", va="center", fontsize=size, zorder=4)
    ax.text(
        x,
        y - 0.12,
        f"{source.size:,}",
        ha="center",
        va="center",
        fontsize=6,
        color="0.35",
        zorder=4,
    )
    return box


def _draw_arrow(ax: Axes, arrow: _Arrow, places: dict[str, Place], boxes: dict[str, Patch]) -> None:
    from matplotlib.patches import FancyArrowPatch

    colour, line = _KINDS[arrow.kind]
    (x0, y0), (x1, y1) = places[arrow.pre], places[arrow.post]
    ends: dict[str, Any] = {"patchA": boxes[arrow.pre], "patchB": boxes[arrow.post]}
    far = max(abs(x1 - x0) / _COLUMN, abs(y1 - y0) / _ROW) > 1.5
    bend = (0.25 if far and (x0 == x1 or y0 == y1) else 0.12) + 0.16 * arrow.before
    if arrow.pre == arrow.post:
        edge = y0 + _BOX_HEIGHT / 2
        x0, y0, x1, y1, ends = x0 - 0.2, edge, x1 + 0.2, edge, {}
        bend = _LOOP_BEND - 0.6 * arrow.before
    ax.add_patch(
        FancyArrowPatch(
            (x0, y0),
            (x1, y1),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=8,
            shrinkA=0.5,
            shrinkB=1.5,
            color=colour,
            linestyle=line,
            linewidth=1.0,
            zorder=2,
            **ends,
        )
    )


def _add_legend(ax: Axes, kinds: list[str]) -> None:
    from matplotlib.lines import Line2D

    if kinds:
        handles = [
            Line2D([], [], color=_KINDS[kind][0], linestyle=_KINDS[kind][1], label=kind)
            for kind in kinds
        ]
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, fontsize=7)
