"""Cells of live modules: a node that brings its cell type and its numbers along.

Frameworks step their neurons in ways that NIR has no words for.  A live module is known exactly, so
its node holds the module's own step as a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.formats.nir.graph import Node
from neuro.formats.nir.parameters import shortest
from neuro.formats.nir.primitives import OWN
from neuro.formats.nir.shapes import Shape
from neuro.ir.cell import CellType
from neuro.ir.expressions.evaluate import evaluate, run


@dataclass(frozen=True, slots=True, eq=False)
class OwnCell:
    """A cell type with the numbers of one layer.

    Attributes
    ----------
    cell
        The cell type.
    parameters
        Arrays that broadcast to the shape of the layer.
    """

    cell: CellType
    parameters: Mapping[str, NDArray[Any]]

    def has_port(self, name: str) -> bool:
        """True if the cell has a port of this name."""
        return any(port.name == name for port in self.cell.ports)

    def values(self, node: Node, shape: Shape) -> dict[str, Any]:
        """The parameters for a layer of `shape`: one number, or one per neuron.

        Raises
        ------
        ParameterError
            If a parameter has more or other axes than the layer.
        """
        return {name: _fitted(node, name, array, shape) for name, array in self.parameters.items()}


def cell_node(name: str, cell: CellType, parameters: Mapping[str, NDArray[Any]]) -> Node:
    """A node with its own cell type.

    Raises
    ------
    ParameterError
        If a number is not finite.
    """
    for key, array in parameters.items():
        if not np.isfinite(array).all():
            raise ParameterError(
                f"its {key} holds a number that is not finite.", where=f"layer {name!r}"
            )
    kind = "GradedCell" if cell.spike is None else "SpikingCell"
    return Node(name, kind, {"own": OwnCell(cell, dict(parameters))})


def own_cell(node: Node) -> OwnCell | None:
    """What a node of a live module brings; None for NIR's own primitives."""
    if node.kind not in OWN:
        return None
    found = node.values["own"]
    assert isinstance(found, OwnCell)
    return found


def rests(cell: CellType, parameters: Mapping[str, Any], dt: float | None) -> bool:
    """True if cells stay as they start, and silent, as long as nothing arrives."""
    scope = _start(cell, parameters, dt)
    before = {variable.name: scope[variable.name] for variable in cell.state}
    scope |= {port.name: np.zeros(()) for port in cell.ports}
    run(cell.update, scope, np.float64)
    if cell.spike is not None and evaluate(cell.spike, scope, np.float64).any():
        return False
    return all((scope[name] == value).all() for name, value in before.items())


def starts_at_zero(cell: CellType, parameters: Mapping[str, Any]) -> bool:
    """True if the graded value of a cell, ``v``, is 0 before its first step."""
    return not _start(cell, parameters, None)["v"].any()


def _start(cell: CellType, parameters: Mapping[str, Any], dt: float | None) -> dict[str, Any]:
    """Parameters, derived constants and the state before step 0."""
    scope: dict[str, Any] = {k: np.asarray(v, np.float64) for k, v in parameters.items()}
    scope["dt"] = np.asarray(dt or 1.0)
    for item in cell.derived:
        scope[item.name] = evaluate(item.value, scope, np.float64)
    for variable in cell.state:
        scope[variable.name] = evaluate(variable.initial, scope, np.float64)
    return scope


def _fitted(node: Node, name: str, array: NDArray[Any], shape: Shape) -> Any:
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ParameterError(
            f"its {name} has shape {array.shape}; the layer has {shape}.",
            where=f"layer {node.name!r}",
            hint="Give input_shape as one sample has it, without batch and time.",
        )
    full = array if array.size == 1 else np.ascontiguousarray(np.broadcast_to(array, shape))
    return shortest(full, shape)
