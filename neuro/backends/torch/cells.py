"""Cells as torch code: one function per kind of cell does update, spike and reset of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from neuro.backends.torch.load import load_function
from neuro.backends.torch.printer import TorchPrinter
from neuro.backends.torch.step_program import spike_mark
from neuro.backends.torch.surrogates import Surrogate
from neuro.ir.canonical_types import CanonicalCell, canonical_cell
from neuro.ir.cell import CellType
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.nodes import names, program_reads, program_writes
from neuro.lowering.symbols import safe_names
from neuro.units import parse_unit

Step: TypeAlias = Callable[..., tuple[Any, tuple[Any, ...]]]
"""The step of a kind of cell; see `CellCode`."""
_FORBIDDEN = ("torch", "step", "refractory", "fired", "quiet")


@dataclass(frozen=True, slots=True, eq=False)
class CellCode:
    """The printed step of a kind of cell.

    Attributes
    ----------
    state, ports, constants, draws
        Names in the order in which the function takes them; it returns spikes and new state.
    source
        The text.
    step
        The function ``step(state, ports, constants, draws, refractory)``: tuples of tensors, and a
        bool tensor of cells that are refractory, or None.
    """

    state: tuple[str, ...]
    ports: tuple[str, ...]
    constants: tuple[str, ...]
    draws: tuple[str, ...]
    source: str
    step: Step


def cell_code(
    cell: CellType, dtype: Float, surrogate: Surrogate, *, detach_reset: bool
) -> CellCode:
    """Print the programs of `cell`.

    Parameters
    ----------
    cell
        The type.
    dtype
        Number format.
    surrogate
        Gradient of its spikes, and of the conditions in its programs.
    detach_reset
        True keeps gradients from flowing through the decision to reset.
    """
    return _Printing(cell, dtype, surrogate, detach_reset=detach_reset).code()


class _Printing:
    def __init__(
        self, cell: CellType, dtype: Float, surrogate: Surrogate, *, detach_reset: bool
    ) -> None:
        self._cell, self._dtype, self._surrogate = cell, dtype, surrogate
        self._detach = detach_reset
        self._programs: CanonicalCell = canonical_cell(cell)
        self._state = tuple(variable.name for variable in cell.state)
        self._ports = tuple(port.name for port in cell.ports if port.into is None)
        self._constants = constants_read(cell)
        declared = [*self._state, *self._ports, *self._constants, *self._programs.draws]
        local = sorted(self._writes() - set(declared))
        self._names = safe_names([*declared, *local], _FORBIDDEN)
        self._printer = TorchPrinter(self._names, dtype, surface_units(cell))

    def _writes(self) -> set[str]:
        return program_writes(self._programs.update) | program_writes(self._programs.reset)

    def code(self) -> CellCode:
        """The function and what it takes."""
        source = "\n".join(self._lines()) + "\n"
        select = "nr_blend" if self._surrogate.smooth else "nr_select"
        source = source.replace("nr_select", select)
        step = load_function(
            "step", source, self._printer.constants, self._dtype, nr_surrogate=self._surrogate
        )
        return CellCode(
            self._state, self._ports, self._constants, self._programs.draws, source, step
        )

    def _lines(self) -> list[str]:
        header = "def step(nr_state, nr_ports, nr_constants, nr_draws, nr_refractory):"
        tables = (
            ("state", self._state),
            ("ports", self._ports),
            ("constants", self._constants),
            ("draws", self._programs.draws),
        )
        unpack = [f"{self._tuple(items)} = nr_{table}" for table, items in tables if items]
        body = [*unpack, *self._update(), *self._fire(), *self._reset()]
        return [header, *(f"    {line}" for line in body)]

    def _tuple(self, items: tuple[str, ...]) -> str:
        return "".join(f"{self._names[name]}, " for name in items).rstrip()

    def _update(self) -> list[str]:
        """The update; refractory cells keep what they hold."""
        held = {variable.name for variable in self._cell.state if variable.held}
        lines = self._update_lines()
        if self._cell.refractory is None or not held:
            return lines
        kept = []
        for statement, line in zip(self._programs.update, lines, strict=True):
            kept.append(line)
            if statement.target in held:
                name = self._names[statement.target]
                value = line.partition(" = ")[2]
                kept[-1] = (
                    f"{name} = {value} if nr_refractory is None "
                    f"else torch.where(nr_refractory, {name}, {value})"
                )
        return kept

    def _update_lines(self) -> list[str]:
        """The update; what it compares of the state before it has no gradient, if resets have none."""
        lines, past = [], set(self._state)
        for statement in self._programs.update:
            self._printer.past = frozenset(past if self._hard else ())
            lines += self._printer.program((statement,))
            past.discard(statement.target)
        self._printer.past = frozenset()
        return lines

    @property
    def _hard(self) -> bool:
        return self._detach and not self._surrogate.smooth

    def _fire(self) -> list[str]:
        if self._programs.spike is None:
            return ["nr_fired = None"]
        mark = spike_mark(self._cell)
        fired = self._printer.value(self._programs.spike) if mark is None else self._names[mark]
        lines = [f"nr_fired = {fired}"]
        if self._cell.refractory is not None:
            lines.append("if nr_refractory is not None:")
            lines.append("    nr_fired = nr_fired * ~nr_refractory")
        return lines

    def _reset(self) -> list[str]:
        """The reset of cells that fired, on new names; variables change where a cell fired."""
        result = f"return nr_fired, ({self._tuple(self._state)})"
        if self._programs.spike is None or not self._programs.reset:
            return [result]
        targets = program_writes(self._programs.reset)
        kept = [name for name in self._state if name in targets]
        lines = [f"nr_old_{self._names[name]} = {self._names[name]}" for name in kept]
        lines += self._printer.program(self._programs.reset)
        lines.append(f"nr_decision = {'nr_fired.detach() != 0' if self._hard else 'nr_fired'}")
        for name in kept:
            own = self._names[name]
            lines.append(f"{own} = nr_select(nr_decision, {own}, nr_old_{own})")
        return [*lines, result]


def constants_read(cell: CellType) -> tuple[str, ...]:
    """Parameters, derived constants, ``dt`` and ``t``, as far as the programs of `cell` read them."""
    programs = canonical_cell(cell)
    reads = set() if programs.spike is None else names(programs.spike)
    reads |= program_reads(programs.update) | program_reads(programs.reset)
    declared = [*(p.name for p in cell.parameters), *(d.name for d in cell.derived), "dt", "t"]
    return tuple(name for name in declared if name in reads)


def surface_units(cell: CellType) -> dict[str, float]:
    """Surface units of what conditions may compare, in SI."""
    declared: list[Any] = [*cell.state, *cell.parameters, *cell.ports]
    units = {item.name: parse_unit(item.unit) for item in declared}
    return {name: unit.numerator / unit.denominator for name, unit in units.items()}
