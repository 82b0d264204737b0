"""A figure of a network: populations as boxes, projections as arrows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from neuro.ir.network import Network, Population
from neuro.recording.plot_style import COLOURS, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BOX_WIDTH, _BOX_HEIGHT = 0.72, 0.42


def network_graph(network: Network, *, ax: Axes | None = None) -> Axes:
    """Draw populations in layers from the inputs on, with an arrow per projection.

    Blue arrows excite, orange ones inhibit, dashed ones are plastic, dotted ones graded.

    Parameters
    ----------
    network
        Any network.
    ax
        Axes to draw on; None makes a figure.
    """
    places = layered_places(network)
    columns = 1 + max((x for x, _ in places.values()), default=0.0)
    rows = 1 + max((abs(y) for _, y in places.values()), default=0.0) * 2
    with style():
        ax = new_axes(ax, width=max(4.0, 1.35 * columns), height=max(2.2, 0.95 * rows))
        for pre, post, colour, line, bend in _arrows(network):
            _draw_arrow(ax, places[pre], places[post], colour, line, bend)
        for name, place in places.items():
            _draw_box(ax, network, name, place)
        ax.set(xlim=(-0.6, columns - 0.4), ylim=(-rows / 2 - 0.2, rows / 2 + 0.2), aspect="equal")
        ax.axis("off")
    return ax


def layered_places(network: Network) -> dict[str, tuple[float, float]]:
    """A place for each source: columns by the shortest way from an input, rows centred."""
    depth = _depths(network)
    layers: dict[int, list[str]] = defaultdict(list)
    for name, column in depth.items():
        layers[column].append(name)
    return {
        name: (float(column), (len(layer) - 1) / 2 - row)
        for column, layer in layers.items()
        for row, name in enumerate(layer)
    }


def _depths(network: Network) -> dict[str, int]:
    """Steps from the nearest source without inputs; cycles without one start at the first."""
    edges = [(p.pre, p.post) for p in network.projections]
    edges += [(g.pre, g.post) for g in network.graded if g.post in network.sources]
    targets = {post for pre, post in edges if pre != post}
    front = [name for name in network.sources if name not in targets]
    depth: dict[str, int] = dict.fromkeys(front, 0)
    while len(depth) < len(network.sources):
        if not front:
            front = [next(name for name in network.sources if name not in depth)]
            depth[front[0]] = 0
        reached = [post for pre, post in edges if pre in front and post not in depth]
        depth.update(dict.fromkeys(reached, depth[front[0]] + 1))
        front = list(dict.fromkeys(reached))
    return depth


def _arrows(network: Network) -> list[tuple[str, str, str, str, float]]:
    """Ends, colour, line style and bend of each arrow."""
    result: list[tuple[str, str, str, str]] = []
    used: dict[tuple[str, str], int] = defaultdict(int)
    for projection in network.projections:
        inhibits = "inh" in projection.port
        line = "-" if projection.synapse.is_static else "--"
        result.append((projection.pre, projection.post, COLOURS[1 if inhibits else 0], line))
    cells = (graded for graded in network.graded if graded.post in network.sources)
    result += [(graded.pre, graded.post, COLOURS[2], ":") for graded in cells]
    bent = []
    for pre, post, colour, line in result:
        used[pre, post] += 1
        bent.append((pre, post, colour, line, 0.12 + 0.14 * (used[pre, post] - 1)))
    return bent


def _draw_box(ax: Axes, network: Network, name: str, place: tuple[float, float]) -> None:
    from matplotlib.patches import FancyBboxPatch

    source = network.sources[name]
    x, y = place
    face = "white" if isinstance(source, Population) else "0.93"
    ax.add_patch(
        FancyBboxPatch(
            (x - _BOX_WIDTH / 2, y - _BOX_HEIGHT / 2),
            _BOX_WIDTH,
            _BOX_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=face,
            edgecolor="0.25",
            linewidth=0.8,
            zorder=3,
        )
    )
    ax.text(x, y + 0.06, name, ha="center", va="center", fontsize=7, zorder=4)
    ax.text(
        x, y - 0.11, f"{source.size:,}", ha="center", va="center", fontsize=6, color="0.4", zorder=4
    )


def _draw_arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    line: str,
    bend: float,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    if start == end:
        x, y = start
        start, end, bend = (x - 0.18, y + 0.2), (x + 0.18, y + 0.2), -1.6 - bend
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=8,
            shrinkA=17,
            shrinkB=19,
            color=colour,
            linestyle=line,
            linewidth=0.9,
            zorder=2,
        )
        if start[1] != end[1] or abs(start[0] - end[0]) > 0.5
        else FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=7,
            color=colour,
            linestyle=line,
            linewidth=0.9,
            zorder=2,
        )
    )
