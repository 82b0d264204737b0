"""How figures look.

Made for print: thin axes, no boxes, and colours that stay apart for colour-blind readers and in grey.
matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro.errors import ParameterError
from neuro.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#555555")
"""Okabe and Ito's colours, the darker ones first."""

_STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "figure.dpi": 120,
    "savefig.dpi": 200,
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib with the style of these figures."""
    import matplotlib as mpl
    from cycler import cycler

    settings: Any = {**_STYLE, "axes.prop_cycle": cycler(color=COLOURS)}
    with mpl.rc_context(settings):
        yield


def save_figure(ax: Axes, path: Path) -> Path:
    """Write the figure that `ax` stands in, whole or not at all, and close it."""
    import matplotlib.pyplot as plt

    figure = ax.get_figure(root=True)
    assert figure is not None
    format = path.suffix.removeprefix(".") or "png"
    if format not in figure.canvas.get_supported_filetypes():
        raise ParameterError(
            f"there is no picture format {format!r}.",
            where=str(path),
            hint="Use .png, .pdf or .svg.",
        )
    with replacing(path) as beside:
        figure.savefig(beside, format=format)
    plt.close(figure)
    return path


def new_axes(ax: Axes | None, *, width: float = 6.4, height: float = 3.6) -> Axes:
    """`ax`, or the axes of a new figure of `width` by `height` inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]
