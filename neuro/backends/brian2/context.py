"""What the parts of a Brian2 program know of each other while it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from neuro.backends.brian2.identifiers import Identifiers
from neuro.backends.brian2.printer import Brian2Printer
from neuro.backends.brian2.program import Group, Operation, Program, Variable
from neuro.reference.machine import Machine


@dataclass(frozen=True, slots=True)
class Port:
    """Where what arrives is added: an object and its variable."""

    object: str
    variable: str


@dataclass(slots=True)
class Context:
    """A program while it is put together.

    Attributes
    ----------
    machine
        The network with all its numbers.
    program
        Receives the objects.
    printer
        Prints code.
    objects
        Identifier of each population, source, projection and graded projection.
    rings
        Identifier of the ring of each port that has one.
    ports
        Where each port (of a population, or a projection's factor) is summed.
    extra
        Makes identifiers of further objects.
    order
        Counts what arrives, in the order in which it is added.
    heard
        Rows of each ring that hear of postsynaptic spikes.
    """

    machine: Machine
    program: Program
    printer: Brian2Printer
    objects: Mapping[str, str]
    rings: Mapping[tuple[str, str], str]
    extra: Identifiers
    ports: dict[tuple[str, str], Port] = field(default_factory=dict)
    order: count[int] = field(default_factory=count)
    heard: dict[str, set[int]] = field(default_factory=dict)

    def replace_group(self, old: Group, new: Group) -> None:
        """Put `new` where `old` stands."""
        self.program.groups[self.program.groups.index(old)] = new

    def group(self, name: str) -> Group:
        """The group called `name`."""
        return next(group for group in self.program.groups if group.name == name)

    def add_to_group(
        self, name: str, *, variables: tuple[Variable, ...] = (), operations: tuple[Operation, ...]
    ) -> None:
        """Add variables and operations to a group."""
        old = self.group(name)
        self.replace_group(
            old,
            replace(
                old,
                variables=(*old.variables, *variables),
                operations=(*old.operations, *operations),
            ),
        )

    def variables(self, name: str) -> set[str]:
        """Names of the variables of the object called `name`; none for listed spikes."""
        groups = (group for group in self.program.groups if group.name == name)
        return {variable.name for group in groups for variable in group.variables}
