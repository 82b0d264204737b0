"""Populations as groups of Brian2: state, ports, update, threshold and reset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from neuro.backends.brian2.context import Context, Port
from neuro.backends.brian2.identifiers import Identifiers
from neuro.backends.brian2.printer import Brian2Printer
from neuro.backends.brian2.program import Array, Group, Operation, Place, Variable
from neuro.ir.expressions.nodes import Expression, Program, names, program_reads
from neuro.ir.philox import stream_of
from neuro.lowering.kernels import constants_read
from neuro.reference.machine import Cells

LEFT = "left"
"""Steps for which a cell is still refractory."""


def add_population(context: Context, cells: Cells) -> None:
    """Add the group of a population; its rings come later and are linked to it."""
    maker = _Population(context, cells)
    context.program.groups.append(maker.group())


def constant(name: str, value: Array) -> Variable:
    """A constant: shared, or one number per element."""
    if value.ndim == 0:
        return Variable(name=name, flags="shared, constant", value=float(value))
    return Variable(name=name, flags="constant", value=value)


def used_constants(
    values: Mapping[str, Array], expressions: Iterable[Expression], programs: Iterable[Program]
) -> dict[str, Array]:
    """Those constants that expressions or programs read."""
    read = constants_read(tuple(expressions), tuple(programs))
    return {name: value for name, value in values.items() if name in read}


class _Population:
    def __init__(self, context: Context, cells: Cells) -> None:
        self._context, self._cells, self._node = context, cells, cells.node
        self._name = context.objects[cells.node.name]
        self._local = Identifiers()
        self._printer: Brian2Printer = context.printer
        self._refractory = bool(np.any(cells.refractory)) and cells.spike is not None
        self._names: dict[str, str] = {}
        self._variables: list[Variable] = []

    def group(self) -> Group:
        """The group, with everything that happens in it apart from what arrives."""
        cells, node = self._cells, self._node
        self._declare()
        operations = [Operation(code=code, slot="ports") for code in self._open_ports()]
        held = cells.held if self._refractory else ()
        update = self._printer.program(cells.update, self._names, self._local, held=held)
        if update.lines:
            operations.append(Operation(code="\n".join(update.lines), slot="groups"))
        if self._refractory:
            operations.append(
                Operation(code=f"{LEFT} = {LEFT} - int({LEFT} > 0)", slot="thresholds", order=1)
            )
        threshold, reset = self._threshold(), self._reset()
        return Group(
            name=self._name,
            size=node.size,
            comment=f"population {node.name!r}: {node.cell.name}",
            variables=tuple(self._variables),
            threshold=threshold,
            reset=reset,
            operations=tuple(operations),
        )

    def _declare(self) -> None:
        cells, place = self._cells, self._context.program.places
        for name, value in cells.state.items():
            self._names[name] = self._local.new(name)
            self._variables.append(Variable(name=self._names[name], value=value))
            place[f"state/{self._node.name}/{name}"] = Place(
                object=self._name, variable=self._names[name]
            )
        expressions = [] if cells.spike is None else [cells.spike]
        used = used_constants(cells.constants, expressions, [cells.update, cells.reset])
        for name, value in used.items():
            self._names[name] = self._local.new(name)
            self._variables.append(constant(self._names[name], value))
        self._declare_draws()
        self._declare_ports()
        if self._refractory:
            self._variables.append(Variable(name=LEFT, kind="integer"))
            place[f"refractory/{self._node.name}"] = Place(object=self._name, variable=LEFT)

    def _declare_draws(self) -> None:
        """A draw is a call: a function of cell, step, and place of the draw."""
        stream = stream_of(self._node.name)
        for number, draw in enumerate(self._cells.draws):
            function = "uniform" if draw.startswith("uniform") else "open"
            if draw in self._reads():
                self._names[draw] = self._printer.call(
                    function, str(float(stream)), str(number), "i", "t_in_timesteps"
                )

    def _reads(self) -> set[str]:
        spike = set() if self._cells.spike is None else names(self._cells.spike)
        return spike | program_reads(self._cells.update) | program_reads(self._cells.reset)

    def _declare_ports(self) -> None:
        for port in self._node.cell.ports:
            if port.into is None:
                self._names[port.name] = self._local.new(port.name)
                self._variables.append(Variable(name=self._names[port.name]))
            target = self._names[port.name if port.into is None else port.into]
            self._context.ports[self._node.name, port.name] = Port(self._name, target)

    def _open_ports(self) -> list[str]:
        """Free ports start from zero; what is due on rings is added."""
        lines = []
        for port in self._node.cell.ports:
            target = self._context.ports[self._node.name, port.name].variable
            if port.into is None:
                lines.append(f"{target} = 0.0")
            ring = self._context.rings.get((self._node.name, port.name))
            if ring is not None:
                due = self._local.new(f"due_{port.name}")
                self._variables.append(
                    Variable(
                        name=due,
                        flags="linked",
                        link=(ring, "sum"),
                        index=np.arange(self._node.size),
                    )
                )
                lines.append(f"{target} += {due}")
        return ["\n".join(lines)] if lines else []

    def _threshold(self) -> str:
        if self._cells.spike is None:
            return ""
        condition = self._printer.expression(self._cells.spike, self._names)
        return f"({condition}) and {LEFT} == 0" if self._refractory else condition

    def _reset(self) -> str:
        lines = list(self._printer.program(self._cells.reset, self._names, self._local).lines)
        if self._refractory:
            steps = self._cells.refractory
            if steps.ndim == 0:
                lines.append(f"{LEFT} = {int(steps)}")
            else:
                period = self._local.new("period")
                self._variables.append(
                    Variable(name=period, kind="integer", flags="constant", value=steps)
                )
                lines.append(f"{LEFT} = {period}")
        return "\n".join(lines)
