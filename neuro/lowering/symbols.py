"""The names of one generated kernel, and its functions with exactly what each of them needs.

Shared by everything that prints kernels; what a target's language looks like comes in as a printer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from neuro.ir.expressions.nodes import (
    Expression,
    Program,
    names,
    program_reads,
    program_writes,
)


class Printer(Protocol):
    """Prints in the language of a target."""

    def expression(self, expression: Expression) -> str:
        """The text of an expression."""
        ...

    def program(self, program: Program, declared: Iterable[str]) -> list[str]:
        """The statements of a program; what is not `declared` becomes a local variable."""
        ...


def safe_names(names: Iterable[str], forbidden: Collection[str]) -> dict[str, str]:
    """An ASCII identifier for each name: itself where possible, else one that nothing else has.

    Identifiers that begin with ``nr_`` or end with ``_at`` or ``_chain`` belong to generated code,
    as do the `forbidden` ones.
    """
    result: dict[str, str] = {}
    for name in names:
        letters = (c if c.isascii() and (c.isalnum() or c == "_") else f"u{ord(c):x}" for c in name)
        plain = "".join(letters).replace("u24", "_") if "$" in name else "".join(letters)
        if plain.startswith(("nr_", "_")):
            plain = f"x_{plain}"
        if plain.endswith(("_at", "_chain")):
            plain += "x"
        while plain in forbidden or plain in result.values():
            plain += "x"
        result[name] = plain
    return result


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the target's language, and its place in the table it comes from."""

    name: str
    place: int
    per_post: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed program.

    Attributes
    ----------
    lines, value
        Its statements, and an expression evaluated after them ("" if there is none).
    uses
        By table: what it reads or writes.
    writes
        By table: what it writes.
    """

    lines: Sequence[str]
    value: str = ""
    uses: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    writes: Mapping[str, Sequence[Entry]] = field(default_factory=dict)


class Symbols:
    """The names of a kernel by table, and a printer for them.

    Parameters
    ----------
    tables
        Names in the order of each table.
    programs
        All programs of the kernel; they may have locals.
    forbidden
        Identifiers that the target's language or templates use.
    make_printer
        Makes a printer from identifiers by name.
    per_post
        Names with one value per postsynaptic cell.
    """

    def __init__(
        self,
        tables: Mapping[str, Sequence[str]],
        programs: Iterable[Program],
        forbidden: Collection[str],
        make_printer: Callable[[dict[str, str]], Printer],
        per_post: Iterable[str] = (),
    ) -> None:
        self._tables = tables
        self._per_post = set(per_post)
        self._declared = [name for table in tables.values() for name in table]
        assigned: set[str] = set().union(*map(program_writes, programs))
        local = sorted(assigned - set(self._declared))
        self._names = safe_names([*self._declared, *local], forbidden)
        self.printer = make_printer(self._names)

    def __getitem__(self, name: str) -> str:
        return self._names[name]

    def entry(self, table: str, name: str) -> Entry:
        """The entry of `name` in `table`."""
        place = list(self._tables[table]).index(name)
        return Entry(self._names[name], place, name in self._per_post)

    def entries(self, table: str, chosen: set[str] | None = None) -> list[Entry]:
        """The entries of `table`, or those of them in `chosen`."""
        known = self._tables[table]
        return [self.entry(table, name) for name in known if chosen is None or name in chosen]

    def print(self, program: Program, value: Expression | None = None) -> Printed:
        """Print `program`, and an expression evaluated after it."""
        writes = program_writes(program)
        used = program_reads(program) | writes | (set() if value is None else names(value))
        return Printed(
            lines=self.printer.program(program, self._declared),
            value="" if value is None else self.printer.expression(value),
            uses={table: self.entries(table, used) for table in self._tables},
            writes={table: self.entries(table, writes) for table in self._tables},
        )

    def union(self, printed: Iterable[Printed]) -> Printed:
        """What several functions need together, without their statements."""
        parts = list(printed)

        def merge(which: str) -> dict[str, Any]:
            found = {
                table: {entry for part in parts for entry in getattr(part, which).get(table, ())}
                for table in self._tables
            }
            return {table: sorted(e, key=lambda entry: entry.place) for table, e in found.items()}

        return Printed(lines=(), uses=merge("uses"), writes=merge("writes"))
