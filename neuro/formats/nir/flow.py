"""What arrives at each cell and output: terms from sources, through the linear nodes between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from neuro.errors import FileFormatError, Finding
from neuro.formats.nir.graph import Graph, Node, note
from neuro.formats.nir.linear import Steps, Term, bias_of, map_of, through_delay, through_map
from neuro.formats.nir.profiles import TimeUnit
from neuro.formats.nir.shapes import Shape, input_shape, numbers

MOST_TERMS = 256
"""Ways from sources to one node; more of them come from a graph that was not meant for this."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What comes over one edge to a cell or output.

    Attributes
    ----------
    terms
        Terms, in order.
    own
        True if all of it comes from the cell itself.
    """

    terms: tuple[Term, ...]
    own: bool


def seconds_per(unit: TimeUnit, dt: float) -> float:
    """Seconds in one of a file's units of time."""
    return {"s": 1.0, "ms": 1e-3, "steps": dt}[unit]


class Flow:
    """Follows values through a flat graph.

    Parameters
    ----------
    graph, shapes
        A normalised graph and the shapes of what its nodes put out.
    dt
        Length of a step in seconds.
    unit
        Unit of delays in the file.

    Raises
    ------
    FileFormatError
        If linear nodes form a cycle of their own; names them.
    """

    def __init__(
        self, graph: Graph, shapes: Mapping[str, Shape], *, dt: float, unit: TimeUnit
    ) -> None:
        self._graph, self._shapes = graph, shapes
        self._steps_per = seconds_per(unit, dt) / dt
        self.findings: list[Finding] = []
        self._terms: dict[str, tuple[Term, ...]] = {
            node.name: (Term(node.name),) for node in graph.of_role("cell", "input")
        }
        self._follow()

    def arrivals(self, name: str) -> list[Arrival]:
        """What arrives at the cell or output `name`, edge by edge."""
        result = []
        for before in self._graph.before(name):
            terms = self._terms[before]
            sources = {term.source for term in terms} - {None}
            result.append(Arrival(terms, sources == {name}))
        return result

    def _follow(self) -> None:
        """Terms of all linear nodes, each after those before it."""
        waiting = {n.name: n for n in self._graph.of_role("linear", "delay", "identity")}
        while waiting:
            ready = [n for n in waiting.values() if not waiting.keys() & self._graph.before(n.name)]
            if not ready:
                raise self._endless(sorted(waiting))
            for node in ready:
                self._terms[node.name] = self._behind(node)
                del waiting[node.name]

    def _endless(self, names: list[str]) -> FileFormatError:
        return FileFormatError(
            f"{', '.join(map(repr, names))} form or follow a cycle without a neuron.",
            where=self._graph.source,
            hint="Put a neuron into the cycle: values would run around it without end.",
        )

    def _behind(self, node: Node) -> tuple[Term, ...]:
        before = [t for name in self._graph.before(node.name) for t in self._terms[name]]
        if len(before) > MOST_TERMS:
            raise FileFormatError(
                f"{len(before)} ways lead here.", where=node.where, hint=f"At most {MOST_TERMS}."
            )
        arriving = input_shape(self._graph, node.name, self._shapes)
        if arriving is None or node.primitive.role == "identity":
            return tuple(before)
        if node.primitive.role == "delay":
            steps = self._steps(node, arriving)
            return tuple(late for term in before for late in _late(term, steps))
        step = map_of(node, arriving)
        terms = [through_map(term, step) for term in before]
        bias = bias_of(node, self._shapes[node.name])
        return (*terms, *([] if bias is None else [Term(None, constant=bias)]))

    def _steps(self, node: Node, arriving: Shape) -> Steps:
        """A delay in whole steps."""
        exact = np.asarray(numbers(node, "delay"), np.float64).reshape(-1) * self._steps_per
        if exact.size not in (1, prod(arriving)):
            raise FileFormatError(
                f"its delay has {exact.size} numbers; {prod(arriving)} arrive.", where=node.where
            )
        if exact.min() < 0 or exact.max() > 2**31:
            raise FileFormatError(f"a delay is {exact.min():g} to {exact.max():g} steps.",
                                  where=node.where, hint="Delays are 0 or more.")  # fmt: skip
        steps = np.floor(exact + 0.5).astype(np.int64)
        off = float(np.abs(exact - steps).max())
        if off > 1e-3:
            what = f"delays are rounded to whole steps; the largest change is {off:.3g} of a step."
            self.findings.append(note(node.where, what, rule="rounded-delay"))
        return int(steps[0]) if len(steps) == 1 else steps


def _late(term: Term, steps: Steps) -> Iterator[Term]:
    """`term` behind a delay; a constant becomes one for each of the delays."""
    if term.constant is None or not isinstance(steps, np.ndarray):
        yield through_delay(term, steps)
        return
    for each in np.unique(steps):
        part = np.where(steps == each, term.constant, 0.0)
        yield through_delay(replace(term, constant=part), int(each))


def least(steps: Any) -> int:
    """The shortest of some delays."""
    return int(np.min(steps))
