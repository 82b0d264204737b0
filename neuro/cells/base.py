"""A cell: a type of the IR with values for its parameters, in the units that users write."""

from __future__ import annotations

from neuro.ir.cell import CellType
from neuro.ir.values import Value
from neuro.surface import Given, to_values


class Cell:
    """Base of the library's cells; calling a subclass gives its parameters values.

    Parameters
    ----------
    **parameters
        Values by name: numbers in the documented unit, texts with a unit (``"10 ms"``), arrays of
        one number per cell, or distributions.

    Raises
    ------
    UnknownNameError
        If the cell has no such parameter.
    UnitError
        If a text has a unit of another dimension.

    Attributes
    ----------
    cell_type
        The cell type of the IR.
    parameters
        The values given, in SI units.
    """

    cell_type: CellType

    def __init__(self, **parameters: Given) -> None:
        self.parameters: dict[str, Value] = to_values(
            parameters,
            {parameter.name: parameter.unit for parameter in self.cell_type.parameters},
            kind="parameter",
            where=type(self).__name__,
        )

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{type(self).__name__}({values})"


class CustomCell(Cell):
    """A cell of any type of the IR, such as one made from equations.

    Parameters
    ----------
    cell_type
        The type.
    **parameters
        As for `Cell`.
    """

    def __init__(self, cell_type: CellType, **parameters: Given) -> None:
        self.cell_type = cell_type
        super().__init__(**parameters)
