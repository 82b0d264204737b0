"""What astrocytes may sense and modulate: the rules behind `NetworkBuilder.senses` and `modulates`."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from neuro.errors import ParameterError, unknown_name
from neuro.frontend.handles import PopulationView, ProjectionHandle, Target
from neuro.surface import Given

Modulated: TypeAlias = Literal["gain", "bias", "threshold", "plasticity_rate"]

_ENDS = {
    "gain": ("swing", "gain"),
    "bias": ("m", "current"),
    "threshold": ("m", "threshold"),
    "plasticity_rate": ("m", ""),
}
"""By target: the variable that leaves the astrocyte, and the port where it arrives."""

_RANGES = {"gain": (-1.0, 1.0), "threshold": (0.0, 1.0)}
"""Coefficients by target; the gain excludes both ends, the threshold the upper one."""


def ends(target: str, post: Target | ProjectionHandle) -> tuple[str, str]:
    """The variable that leaves an astrocyte, and the port where it arrives.

    Raises
    ------
    UnknownNameError
        If there is no such target.
    ParameterError
        If the target is of cells and `post` a projection, or the other way round.
    """
    if target not in _ENDS:
        raise unknown_name(target, _ENDS, kind="target", where="modulates")
    if (target == "plasticity_rate") != isinstance(post, ProjectionHandle):
        raise ParameterError(
            f"{target!r} is of {'projections' if target == 'plasticity_rate' else 'cells'}.",
            where="modulates, post",
            hint="Give a projection for 'plasticity_rate', else a population.",
        )
    return _ENDS[target]


def require_astrocyte(target: Target) -> None:
    """Raise unless the cells of `target` never spike.

    Raises
    ------
    ParameterError
        If they do, or are a source.
    """
    population = target.population if isinstance(target, PopulationView) else target
    if population.cell is None or population.cell.cell_type.spike is not None:
        raise ParameterError(
            "its cells are no astrocytes: they spike.",
            where=f"population {population.name!r}",
            hint="Use neuro.Astrocyte, or a cell of your own without a spike condition.",
        )


def require_positive(weight: Given, where: str) -> None:
    """Raise if numbers among sensing weights are negative.

    Raises
    ------
    ParameterError
        If one is.
    """
    if isinstance(weight, int | float | np.ndarray) and np.any(np.asarray(weight) < 0):
        raise ParameterError(
            f"a weight is {np.min(weight):g}.",
            where=f"what {where!r} senses",
            hint="An astrocyte senses with weights of 0 or more.",
        )


def require_in_range(target: str, coefficient: ArrayLike, where: str) -> None:
    """Raise if a coefficient is out of the range of its target.

    Raises
    ------
    ParameterError
        If one is.
    """
    values = np.asarray(coefficient, np.float64)
    low, high = _RANGES.get(target, (-np.inf, np.inf))
    wrong = ~np.isfinite(values) | (values >= high) | (values < low)
    wrong |= (values == low) & (target == "gain")
    if wrong.any():
        raise ParameterError(
            f"a coefficient is {values[wrong].flat[0]:g}.",
            where=f"what modulates the {target} of {where!r}",
            hint=f"Give numbers between {low:g} and {high:g}.",
        )
