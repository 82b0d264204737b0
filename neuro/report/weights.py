"""Figures of weights: the matrix and the histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.ir.resolve import synapses, weight_places
from neuro.recording.plot_style import COLOURS, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def weight_matrix(
    matrix: ArrayLike, *, unit: str = "", ax: Axes | None = None, title: str = ""
) -> Axes:
    """A matrix of weights: presynaptic cells down, postsynaptic ones to the right.

    Parameters
    ----------
    matrix
        Shape (n_pre, n_post); NaN where there is no synapse.
    unit
        Shown beside the colour bar.
    ax
        Axes to draw on; None makes a figure.
    title
        Shown above.

    Raises
    ------
    ParameterError
        If it is no matrix.
    """
    from matplotlib.ticker import MaxNLocator

    values = np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2:
        raise ParameterError(f"has shape {values.shape}, not (n_pre, n_post).", where="matrix")
    with style():
        ax = new_axes(ax, width=4.8, height=4.0)
        signed = bool(np.nanmin(values, initial=0.0) < 0)
        limit = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
        image = ax.imshow(
            values,
            aspect="auto",
            interpolation="nearest",
            cmap="RdBu_r" if signed else "Blues",
            vmin=-limit if signed else 0.0,
            vmax=limit,
        )
        ax.set_facecolor("0.92")
        ax.spines[["top", "right"]].set_visible(True)
        ax.set(xlabel="postsynaptic cell", ylabel="presynaptic cell", title=title)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True))
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
        bar.set_label(f"weight ({unit})" if unit else "weight")
        bar.outline.set_linewidth(0.4)
    return ax


def weight_histogram(
    weights: ArrayLike, *, unit: str = "", bins: int = 40, ax: Axes | None = None, title: str = ""
) -> Axes:
    """How many synapses have which weight.

    Parameters
    ----------
    weights
        One per synapse, or a matrix with NaN where there is none.
    unit
        Shown at the axis.
    bins
        Number of bins.
    ax
        Axes to draw on; None makes a figure.
    title
        Shown above.
    """
    with style():
        ax = new_axes(ax, width=4.8, height=3.0)
        values = np.asarray(weights, np.float64).reshape(-1)
        ax.hist(values[np.isfinite(values)], bins=bins, color=COLOURS[0])
        ax.set(xlabel=f"weight ({unit})" if unit else "weight", ylabel="synapses", title=title)
    return ax


def as_matrix(
    network: Network, projection: str, weights: ArrayLike, *, seed: int = 0
) -> NDArray[np.float64]:
    """Weights of a projection as a matrix, with NaN where there is no synapse.

    Parameters
    ----------
    network, projection
        Whose synapses they are.
    weights
        As `Session.read` gives them: one per synapse, or those that a convolution stores.
    seed
        Seed of the run, for random connections.

    Returns
    -------
    array, shape (n_pre, n_post)
        Several synapses between one pair of cells are added up.
    """
    node = network.projection(projection)
    expanded = synapses(network, node, seed)
    rows, places = expanded.rows, weight_places(node, expanded)
    shape = (network.sources[node.pre].size, network.sources[node.post].size)
    sums, count = np.zeros(shape), np.zeros(shape)
    where = (rows.sources(), rows.indices)
    given = np.asarray(weights, np.float64)
    if places is not None and given.ndim:
        given = given[places]
    np.add.at(sums, where, np.broadcast_to(given, (rows.count,)))
    np.add.at(count, where, 1)
    return np.where(count > 0, sums, np.nan)
