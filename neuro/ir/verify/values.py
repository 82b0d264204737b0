"""Values given to parameters and state: known names, right shapes, finite numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from neuro.errors import Finding, suggestion
from neuro.ir.cell import Parameter, StateVariable
from neuro.ir.connectivity import synapse_count
from neuro.ir.network import Network, Projection
from neuro.ir.values import Draw, Value
from neuro.ir.verify.names import check_seed, error


def check_values(network: Network) -> Iterator[Finding]:
    """Findings in the values of populations and projections."""
    for population in network.populations:
        where, size = f"population {population.name!r}", population.size
        yield from _check_given(where, population.cell.parameters, population.parameters, size)
        yield from _check_known(where, "state variable", population.cell.state, population.initial)
        for name, value in population.initial.items():
            yield from check_value(f"{where}, initial {name!r}", value, size, per="cell")
    for projection in network.projections:
        where, count = f"projection {projection.name!r}", _synapses(network, projection)
        synapse = projection.synapse
        yield from _check_given(where, synapse.parameters, projection.parameters, count)
        yield from _check_known(where, "state variable", synapse.state, projection.initial)
        for name, value in projection.initial.items():
            yield from check_value(f"{where}, initial {name!r}", value, count, per="synapse")


def check_value(
    where: str, value: Value, count: int | None, *, per: str, shared: bool = False
) -> Iterator[Finding]:
    """Findings in one value that may be a number, a draw, or an array of `count` numbers."""
    if isinstance(value, Draw):
        yield from _check_draw(where, value)
        return
    if not isinstance(value, np.ndarray):
        if not np.isfinite(value):
            yield error("not-finite", where, f"is {value}.", "Give a finite number.")
        return
    if shared:
        yield error("bad-shape", where, "is an array, but one number serves all here.")
    elif count is not None and value.shape != (count,):
        yield error(
            "bad-shape", where, f"has shape {value.shape}.", f"One number per {per} is ({count},)."
        )
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad):
        first = int(bad[0])
        yield error(
            "not-finite",
            where,
            f"holds {value.reshape(-1)[first]} at index {first} ({len(bad)} such values).",
            "All numbers must be finite.",
        )


def _check_draw(where: str, value: Draw) -> Iterator[Finding]:
    numbers = (value.a, value.b, value.low or 0.0, value.high or 0.0)
    if not all(np.isfinite(numbers)):
        yield error("not-finite", where, f"draws from a distribution with {numbers}.")
    if value.distribution == "uniform" and value.b < value.a:
        yield error(
            "bad-draw", where, f"draws uniformly from {value.a} to {value.b}.", "Swap them."
        )
    if value.distribution == "normal" and value.b < 0:
        yield error(
            "bad-draw", where, f"has the standard deviation {value.b}.", "Make it positive."
        )
    yield from check_seed(where, value.seed)


def _check_given(
    where: str, declared: Iterable[Parameter], given: Mapping[str, Value], count: int | None
) -> Iterator[Finding]:
    declared = tuple(declared)
    yield from _check_known(where, "parameter", declared, given)
    for parameter in declared:
        place = f"{where}, parameter {parameter.name!r}"
        value = given.get(parameter.name, parameter.default)
        if value is None:
            yield error("missing-value", place, "has no value and no default.", "Give one.")
        else:
            yield from check_value(place, value, count, per="member", shared=parameter.shared)


def _check_known(
    where: str,
    kind: str,
    declared: Iterable[Parameter | StateVariable],
    given: Mapping[str, Value],
) -> Iterator[Finding]:
    known = {item.name for item in declared}
    for name in given:
        if name not in known:
            hint = suggestion(name, known)
            yield error("unknown-name", where, f"there is no {kind} {name!r}.", hint)


def _synapses(network: Network, projection: Projection) -> int | None:
    pre, post = (network.sources.get(name) for name in (projection.pre, projection.post))
    if pre is None or post is None:
        return None
    return synapse_count(projection.connectivity, pre.size, post.size)
