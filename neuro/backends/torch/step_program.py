"""One step of a cell as a single program in which every name is assigned once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuro.ir.canonical_types import canonical_cell
from neuro.ir.cell import CellType
from neuro.ir.expressions.nodes import (
    Assign,
    Binary,
    Compare,
    Expression,
    Literal,
    Logical,
    Name,
    Program,
    Select,
    Unary,
    transform,
)

QUIET, FIRED, DECIDED, SPIKE = "quiet$", "fired$", "decided$", "spike$"
"""Whether a cell is refractory, whether it fires, the same as it decides on the reset, and 0 or 1."""


@dataclass(frozen=True, slots=True)
class StepProgram:
    """A step of a kind of cell.

    Attributes
    ----------
    before, after
        The program up to the spikes, and from there on; `after` begins with `DECIDED`.
    final
        By state variable: the name that holds it after the step.
    """

    before: Program
    after: Program
    final: Mapping[str, str]


def step_program(cell: CellType, extras: Mapping[str, int], *, refractory: bool) -> StepProgram:
    """The step of `cell`.

    Parameters
    ----------
    cell
        Its type.
    extras
        By bound port: how many sums are added to its variable; they are called ``PORT+k``.
    refractory
        Whether cells are refractory after a spike.
    """
    building = _Building(cell, refractory=refractory)
    building.arrive(extras)
    building.update()
    building.fire()
    before = tuple(building.program)
    building.program.clear()
    building.reset()
    return StepProgram(before, tuple(building.program), dict(building.state))


def spike_mark(cell: CellType) -> str | None:
    """The variable that says whether a cell spikes, 1 or 0, if its update sets one and `spike` reads it.

    Its gradient is then that of the condition that set it, taken once.
    """
    programs = canonical_cell(cell)
    match programs.spike:
        case Compare(">", Name(mark), Literal(level)) if 0 <= level < 1 and not cell.refractory:
            values = [s.value for s in programs.update if s.target == mark]
            match values[-1:]:
                case [Select(_, Literal(1.0), Literal(0.0))]:
                    return mark
    return None


def extra_name(port: str, place: int) -> str:
    """Name of the `place`-th sum that is added to the variable of a bound port."""
    return f"{port}+{place}"


class _Building:
    def __init__(self, cell: CellType, *, refractory: bool) -> None:
        self._cell, self._refractory = cell, refractory
        self._programs = canonical_cell(cell)
        self.state = {variable.name: variable.name for variable in cell.state}
        self.program: list[Assign] = []
        self._versions: dict[str, int] = {}

    def _assign(self, name: str, value: Expression) -> str:
        self._versions[name] = self._versions.get(name, 0) + 1
        fresh = f"{name}${self._versions[name]}"
        self.program.append(Assign(fresh, value))
        return fresh

    def arrive(self, extras: Mapping[str, int]) -> None:
        for port in self._cell.ports:
            for place in range(extras.get(port.name, 0)):
                own = port.into or ""
                total = Binary("+", Name(self.state[own]), Name(extra_name(port.name, place)))
                self.state[own] = self._assign(own, total)

    def update(self) -> None:
        held = {v.name for v in self._cell.state if v.held and self._refractory}
        scope = dict(self.state)
        for statement in self._programs.update:
            value = _renamed(statement.value, scope)
            if statement.target in held:
                value = Select(Name(QUIET), Name(self.state[statement.target]), value)
            scope[statement.target] = fresh = self._assign(statement.target, value)
            if statement.target in self.state:
                self.state[statement.target] = fresh

    def fire(self) -> None:
        if self._programs.spike is None:
            return
        fired = _renamed(self._programs.spike, self.state)
        if self._refractory:
            fired = Logical("and", fired, Unary("not", Name(QUIET)))
        self.program.append(Assign(FIRED, fired))
        mark = spike_mark(self._cell)
        number = Select(Name(FIRED), Literal(1.0), Literal(0.0))
        self.program.append(Assign(SPIKE, number if mark is None else Name(self.state[mark])))

    def reset(self) -> None:
        if self._programs.spike is None or not self._programs.reset:
            return
        scope = dict(self.state)
        for statement in self._programs.reset:
            value = _renamed(statement.value, scope)
            scope[statement.target] = self._assign(statement.target, value)
        for name in dict.fromkeys(statement.target for statement in self._programs.reset):
            if name in self.state:
                chosen = Select(Name(DECIDED), Name(scope[name]), Name(self.state[name]))
                self.state[name] = self._assign(name, chosen)


def _renamed(expression: Expression, scope: Mapping[str, str]) -> Expression:
    def change(node: Expression) -> Expression:
        return Name(scope[node.id]) if isinstance(node, Name) and node.id in scope else node

    return transform(expression, change)
