"""What the docstrings of the cells say is what the cells are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import neuro.cells
from neuro.ir.cell import CellType
from neuro.units import parse_unit
from tests.docstrings import parameters, sections

CELLS = sorted(
    {
        item
        for item in vars(neuro.cells).values()
        if inspect.isclass(item) and item not in (neuro.cells.Cell, neuro.cells.CustomCell)
    },
    key=lambda item: item.__name__,
)


def options(cell: type[neuro.Cell]) -> dict[str, tuple[Any, ...]]:
    """Options that choose among types, with the choices."""
    signature = inspect.signature(cell, eval_str=True)
    chosen = [p for p in signature.parameters.values() if p.kind == p.KEYWORD_ONLY]
    return {p.name: _choices(p.annotation) for p in chosen}


def _choices(annotation: Any) -> tuple[Any, ...]:
    return (False, True) if annotation is bool else tuple(annotation.__args__)


def types(cell: type[neuro.Cell]) -> Iterator[CellType]:
    yield cell().cell_type
    for option, choices in options(cell).items():
        yield from (cell(**{option: choice}).cell_type for choice in choices)


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_is_documented_and_nothing_else(cell: type[neuro.Cell]) -> None:
    documented = [name for entry in parameters(cell) for name in entry.names]
    known = {parameter.name for kind in types(cell) for parameter in kind.parameters}
    assert sorted(documented) == sorted([*options(cell), *known])


@pytest.mark.parametrize("cell", CELLS)
def test_documented_units_and_defaults_are_those_of_the_type(cell: type[neuro.Cell]) -> None:
    for kind in types(cell):
        known = {parameter.name: parameter for parameter in kind.parameters}
        for entry in parameters(cell):
            if entry.names[0] in options(cell):
                continue
            of = [known[name] for name in entry.names if name in known]
            if not of:
                continue  # of another type of the same cell
            units = [parse_unit(p.unit) for p in of]
            real = [float(u.from_si(p.default)) for u, p in zip(units, of, strict=True)]  # type: ignore[arg-type]
            np.testing.assert_allclose(entry.defaults, real, rtol=1e-12, err_msg=str(entry.names))
            assert all(p.unit in entry.text for p in of if p.unit != "1"), entry


@pytest.mark.parametrize("cell", CELLS)
def test_every_port_is_documented_with_its_unit(cell: type[neuro.Cell]) -> None:
    notes = sections(cell).get("Notes", "")
    for kind in types(cell):
        for port in kind.ports:
            assert f"``{port.name}``" in notes
            assert port.unit == "1" or port.unit in notes


@pytest.mark.parametrize("cell", CELLS)
def test_equations_and_a_source_are_given(cell: type[neuro.Cell]) -> None:
    found = sections(cell)
    assert ".. math::" in found[""] or ":math:" in found[""]
    assert re.search(r"\b(19|20)\d\d\b", found["References"])


def test_the_library_is_complete() -> None:
    assert len(CELLS) == 13
