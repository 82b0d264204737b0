"""How figures look: made for print, with thin axes, no boxes, and colours that stay apart for
colour-blind readers and in grey.  matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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
    """matplotlib with the style of these figures."""
    import matplotlib as mpl
    from cycler import cycler

    with mpl.rc_context({**_STYLE, "axes.prop_cycle": cycler(color=COLOURS)}):
        yield


def new_axes(ax: Axes | None, *, width: float = 6.4, height: float = 3.6) -> Axes:
    """`ax`, or the axes of a new figure of `width` by `height` inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]
