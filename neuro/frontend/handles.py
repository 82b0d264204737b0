"""What a builder hands out: populations, views of them, and projections of a network being built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuro.cells.base import Cell
from neuro.errors import ParameterError

if TYPE_CHECKING:
    from neuro.frontend.builder import NetworkBuilder

Vector = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PopulationHandle:
    """A population of the network being built; slice it for a view: ``population[0:5]``."""

    builder: NetworkBuilder
    name: str
    size: int
    cell: Cell | None

    def __getitem__(self, index: slice | Sequence[int] | Vector) -> PopulationView:
        try:
            cells = np.arange(self.size)[index if isinstance(index, slice) else np.asarray(index)]
        except IndexError:
            raise self._no_view(f"some cells of {index!r} do not exist.") from None
        if not cells.size:
            raise self._no_view(f"a view of {index!r} holds no cells.")
        return PopulationView(self, np.atleast_1d(cells))

    def _no_view(self, what: str) -> ParameterError:
        hint = f"Its cells are 0 to {self.size - 1}; give a slice, indices or a mask."
        return ParameterError(what, where=f"population {self.name!r}", hint=hint)

    def record(
        self,
        variables: str | Sequence[str],
        *,
        sampling_interval: float | None = None,
        index: Sequence[int] | None = None,
    ) -> None:
        """Record ``"spikes"`` or state variables.

        Parameters
        ----------
        variables
            One name or several.
        sampling_interval
            ms between samples of state variables; None is every step.
        index
            Cells whose state variables to record; None for all.  Spikes come from all cells.
        """
        names = [variables] if isinstance(variables, str) else variables
        self.builder.add_probes(self.name, names, sampling_interval, index)


@dataclass(frozen=True, slots=True, eq=False)
class PopulationView:
    """Some cells of a population, in the order given."""

    population: PopulationHandle
    index: Vector

    @property
    def size(self) -> int:
        """Number of cells in the view."""
        return len(self.index)


@dataclass(frozen=True, slots=True, eq=False)
class ProjectionHandle:
    """A projection of the network being built."""

    builder: NetworkBuilder
    name: str

    def record(
        self, variables: str | Sequence[str] = "w", *, sampling_interval: float | None = None
    ) -> None:
        """Record the weight ``"w"`` or other variables of all synapses, as for populations."""
        names = [variables] if isinstance(variables, str) else variables
        self.builder.add_probes(self.name, names, sampling_interval, None)


Target = PopulationHandle | PopulationView
