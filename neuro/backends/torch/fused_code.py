"""Print one kind of cell as C: many steps forward, and their gradients backward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from neuro.backends.c.generate import library_function_in_c
from neuro.backends.c.printer import KEYWORDS, CPrinter
from neuro.backends.torch.cells import constants_read, surface_units
from neuro.backends.torch.step_program import (
    DECIDED,
    FIRED,
    QUIET,
    SPIKE,
    StepProgram,
    extra_name,
    step_program,
)
from neuro.backends.torch.surrogates import Surrogate
from neuro.ir.canonical_types import canonical_cell
from neuro.ir.cell import CellType
from neuro.ir.expressions.adjoint import adjoint
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.library import Precision
from neuro.ir.expressions.nodes import (
    Assign,
    Binary,
    Compare,
    Expression,
    Literal,
    Name,
    Program,
    names,
    program_reads,
    program_writes,
)
from neuro.lowering.library import library_functions
from neuro.lowering.symbols import safe_names
from neuro.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedCode:
    """C of one kind of cell.

    Attributes
    ----------
    source
        The text.
    sums
        Names of what arrives in each step: free ports, draws, and sums added to bound variables.
    constants
        Names of constants, without ``t``.
    state
        State variables.
    needs
        Those of `sums` and `constants` that get a gradient.
    spikes, refractory
        Whether the cell spikes, and whether it is refractory then.
    """

    source: str
    sums: tuple[str, ...]
    constants: tuple[str, ...]
    state: tuple[str, ...]
    needs: frozenset[str]
    spikes: bool
    refractory: bool


def fused_code(
    cell: CellType,
    extras: Mapping[str, int],
    trained: frozenset[str],
    scalars: frozenset[str],
    dtype: Float,
    surrogate: Surrogate,
    *,
    detach_reset: bool,
    refractory: bool,
) -> FusedCode:
    """Print `cell`.

    Parameters
    ----------
    cell
        Its type.
    extras
        By bound port: how many sums are added to its variable.
    trained
        Constants that get a gradient.
    scalars
        Constants that all cells share.
    dtype
        Number format.
    surrogate, detach_reset
        As for `cell_code`.
    refractory
        Whether cells are refractory after a spike.
    """
    parts = step_program(cell, extras, refractory=refractory)
    forward, pulled = _whole(parts, detach_reset=detach_reset)
    draws = canonical_cell(cell).draws
    ports = [port.name for port in cell.ports if port.into is None]
    added = [extra_name(port, k) for port, count in extras.items() for k in range(count)]
    arriving = (*ports, *draws, *added)
    state = tuple(variable.name for variable in cell.state)
    constants = tuple(name for name in constants_read(cell) if name != "t")
    spikes = cell.spike is not None
    wanted = [*ports, *added, *state, *sorted(trained & set(constants))]
    backward, found = adjoint(
        pulled,
        _seeds(parts, state, spikes=spikes),
        wanted,
        _slopes(cell, surrogate, frozenset(state) if detach_reset else frozenset()),
    )
    printing = _Printing(arriving, constants, state, (*forward, *backward), dtype)
    printing.scalars = scalars
    return FusedCode(
        source=printing.render(
            forward, backward, found, parts.final, spikes=spikes, refractory=refractory
        ),
        sums=arriving,
        constants=constants,
        state=state,
        needs=frozenset(found) - set(state),
        spikes=spikes,
        refractory=refractory,
    )


def _seeds(parts: StepProgram, state: Sequence[str], *, spikes: bool) -> dict[str, Expression]:
    """What gradients start from, by the names that hold results at the end of a step."""
    seeds: dict[str, Expression] = {parts.final[name]: Name(_seed(name)) for name in state}
    return {**seeds, SPIKE: Name(_seed(SPIKE))} if spikes else seeds


def _whole(parts: StepProgram, *, detach_reset: bool) -> tuple[Program, Program]:
    """The whole step, and what gradients are pulled through."""
    if not parts.after:
        return parts.before, parts.before
    decided = (*parts.before, Assign(DECIDED, Name(FIRED)), *parts.after)
    return decided, (*parts.before, *parts.after) if detach_reset else decided


def _seed(name: str) -> str:
    return f"seed${name}"


def _slopes(cell: CellType, surrogate: Surrogate, past: frozenset[str]) -> Any:
    """The surrogate's derivative of a comparison, by its left side minus its right one.

    What is compared of the state before the step, `past`, only says what the step before decided.
    """
    units = surface_units(cell)

    def slope(comparison: Compare) -> Expression | None:
        if comparison.op in ("==", "!=") or names(comparison) & past:
            return None
        compared = sorted(name.partition("$")[0] for name in names(comparison))
        unit = next((units[name] for name in compared if name in units), 1.0)
        scale = Literal(1 / (surrogate.width * unit))
        distance = Binary("*", Binary("-", comparison.left, comparison.right), scale)
        sign = 1.0 if comparison.op[0] == ">" else -1.0
        return Binary("*", Literal(sign * scale.value), surrogate.expression(distance))

    return slope


class _Printing:
    """Names and lines of the C of one kind of cell."""

    def __init__(
        self,
        sums: Sequence[str],
        constants: Sequence[str],
        state: Sequence[str],
        program: Program,
        dtype: Float,
    ) -> None:
        self._sums, self._constants, self._state, self._dtype = sums, constants, state, dtype
        seeds = [_seed(name) for name in (*state, SPIKE)]
        declared = [*sums, *constants, *state, *seeds, "t", QUIET]
        local = sorted(program_writes(program) - set(declared))
        self._declared = declared
        self._names = safe_names([*declared, *local], KEYWORDS)
        self._printer = CPrinter(self._names, dtype)
        self._program = program
        self.scalars: frozenset[str] = frozenset()

    def render(
        self,
        forward: Program,
        backward: Program,
        found: Mapping[str, str],
        final: Mapping[str, str],
        *,
        spikes: bool,
        refractory: bool,
    ) -> str:
        """The text."""
        lines = self._printer.program((*forward, *backward), self._declared)
        state, sums = self._entries(self._state, found), self._entries(self._sums, found)
        constants = self._entries(self._constants, found)
        wanted = [entry for entry in (*sums, *constants) if entry.gradient]
        for entry, name in zip(state, self._state, strict=True):
            entry.last, entry.seed = self._names[final[name]], self._names[_seed(name)]
        return (
            _environment()
            .get_template("cells.c.j2")
            .render(
                version=__version__,
                double=self._dtype is np.float64,
                functions=self._functions(),
                sums=sums,
                constants=constants,
                arrays=[entry for entry in constants if not entry.scalar],
                wanted=wanted,
                state=state,
                time=self._names["t"],
                reads_time="t" in program_reads(self._program),
                quiet=self._names[QUIET],
                refractory=refractory and spikes,
                spike=self._names[SPIKE] if spikes else "",
                fired=self._names[FIRED] if spikes else "",
                spike_seed=self._names[_seed(SPIKE)],
                forward=lines[: len(forward)],
                backward=lines,
            )
            + "\n"
        )

    def _entries(self, listed: Iterable[str], found: Mapping[str, str]) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                name=self._names[name],
                place=place,
                gradient=self._names[found[name]] if name in found else "",
                scalar=name in self.scalars,
                sums=name in self._constants,
            )
            for place, name in enumerate(listed)
        ]

    def _functions(self) -> list[dict[str, Any]]:
        precision: Precision = "float32" if self._dtype is np.float32 else "float64"
        needed = library_functions((s.value for s in self._program), precision)
        return [library_function_in_c(name, precision, self._dtype) for name in needed]


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader(
            [PackageLoader("neuro.backends.torch"), PackageLoader("neuro.backends.c")]
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - it is C, not HTML
    )
