"""Print a network as text that people read, diff and edit, and that parses back to the same.

All numbers are in SI units; ``[mV]`` behind a name is the unit that users write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import singledispatch
from typing import Any

from numpy.typing import NDArray

from neuro.formats.text_values import Store, print_fields, print_value
from neuro.ir.cell import CellType, Derived, Parameter, Port, StateVariable
from neuro.ir.connectivity import (
    AllToAll,
    Connectivity,
    Convolution,
    Dense,
    DistanceDependent,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
)
from neuro.ir.expressions.nodes import Expression, Literal, Program
from neuro.ir.expressions.printer import print_assignment, print_expression
from neuro.ir.network import (
    CurrentInput,
    GradedProjection,
    Network,
    PoissonInput,
    Population,
    Probe,
    Projection,
    SpikeArray,
)
from neuro.ir.synapse import STATIC, SynapseType, Trace

VERSION = 1
HEADER = f"neuro-ir {VERSION}"

CONNECTIVITIES: dict[str, type[Any]] = {
    "sparse": Sparse,
    "all_to_all": AllToAll,
    "one_to_one": OneToOne,
    "fixed_probability": FixedProbability,
    "fixed_number": FixedNumber,
    "distance_dependent": DistanceDependent,
    "dense": Dense,
    "convolution": Convolution,
    "pooling": Pooling,
}
_NAME_OF = {kind: name for name, kind in CONNECTIVITIES.items()}


def print_network(network: Network, store: Store | None = None) -> str:
    """The text of `network`.

    Parameters
    ----------
    network
        Any network.
    store
        Where arrays go instead of into the text; None prints them in full.
    """
    return "\n".join(_network(network, store or _in_full)) + "\n"


def print_outline(network: Network) -> str:
    """The text of `network` with long arrays left out; for reading only, it does not parse."""

    def shorten(place: str, array: NDArray[Any]) -> str | None:
        del place
        return f"{array.dtype.name}{array.shape}" if array.size > 8 else None

    return print_network(network, shorten)


def _in_full(place: str, array: NDArray[Any]) -> str | None:
    del place, array
    return None


def _network(network: Network, store: Store) -> Iterator[str]:
    yield HEADER
    yield ""
    yield f"network {network.name}"
    yield f"  dt {network.dt!r}"
    yield f"  format {_format(network)}"
    if network.seed is not None:
        yield f"  seed {network.seed}"
    for scale in network.scales:
        yield f"  scale {scale.target} {scale.variable} {scale.exponent}"
    for cell in _distinct(population.cell for population in network.populations):
        yield from ("", *_block(cell, store))
    for synapse in _distinct(p.synapse for p in network.projections):
        if synapse != STATIC:
            yield from ("", *_block(synapse, store))
    parts = (network.populations, network.inputs, network.projections, network.graded)
    for part in parts:
        for item in part:
            yield from ("", *_block(item, store))
    if network.probes:
        yield ""
    for probe in network.probes:
        yield from _block(probe, store)


def _distinct(items: Iterable[Any]) -> list[Any]:
    """Each of `items` once, in order."""
    return list(dict.fromkeys(items))


def _format(network: Network) -> str:
    number = network.format
    if number.kind != "fixed":
        return number.kind
    return f"fixed Q{number.integer_bits}.{number.fraction_bits} weights {number.weight_bits}"


@singledispatch
def _block(item: Any, store: Store) -> Iterator[str]:
    """The lines of one block."""
    raise TypeError(f"not part of a network: {item!r}")


@_block.register
def _(item: CellType, store: Store) -> Iterator[str]:
    yield f"cell {item.name}"
    yield from _declarations(item.parameters, item.state, item.ports, item.derived)
    yield from _program("update", item.update)
    if item.spike is not None:
        yield f"  spike {print_expression(item.spike)}"
    yield from _program("reset", item.reset)
    if item.refractory is not None:
        yield f"  refractory {print_expression(item.refractory)}"


@_block.register
def _(item: SynapseType, store: Store) -> Iterator[str]:
    yield f"synapse {item.name}"
    yield from _declarations(item.parameters, item.state, (), item.derived)
    for factor in item.factors:
        yield f"  factor {factor.name} [{factor.unit}]{' per_post' if factor.per_post else ''}"
    yield from _trace("pre", item.pre)
    yield from _trace("post", item.post)
    yield from _program("on_pre", item.on_pre)
    yield f"  send {print_expression(item.send)}"
    yield from _program("on_post", item.on_post)
    yield from _program("each_step", item.each_step)


def _declarations(
    parameters: Iterable[Parameter],
    state: Iterable[StateVariable],
    ports: Iterable[Port],
    derived: Iterable[Derived],
) -> Iterator[str]:
    for parameter in parameters:
        default = "" if parameter.default is None else f" = {parameter.default!r}"
        shared = " shared" if parameter.shared else ""
        yield f"  parameter {parameter.name} [{parameter.unit}]{default}{shared}"
    yield from (_variable("state", variable) for variable in state)
    for port in ports:
        into = "" if port.into is None else f" -> {port.into}"
        yield f"  port {port.name} [{port.unit}]{into}{' nonnegative' if port.nonnegative else ''}"
    for item in derived:
        yield f"  derived {item.name} = {print_expression(item.value)}"


def _variable(keyword: str, variable: StateVariable) -> str:
    held = " held" if variable.held else ""
    return f"  {keyword} {variable.name} [{variable.unit}] = {_exact(variable.initial)}{held}"


def _exact(expression: Expression) -> str:
    return (
        repr(expression.value) if isinstance(expression, Literal) else print_expression(expression)
    )


def _trace(side: str, trace: Trace) -> Iterator[str]:
    yield from (_variable(side, variable) for variable in trace.state)
    yield from _program(f"{side}_on_spike", trace.on_spike)
    yield from _program(f"{side}_each_step", trace.each_step)


def _program(keyword: str, program: Program) -> Iterator[str]:
    if program:
        yield f"  {keyword}"
        yield from (f"    {print_assignment(statement)}" for statement in program)


@_block.register
def _(item: Population, store: Store) -> Iterator[str]:
    yield f"population {item.name}"
    yield f"  size {item.size}"
    yield f"  cell {item.cell.name}"
    yield from _values("parameter", item.parameters, item.name, store)
    yield from _values("initial", item.initial, item.name, store)


@_block.register
def _(item: SpikeArray, store: Store) -> Iterator[str]:
    yield f"spikes {item.name}"
    yield from _fields(item, ("size", "step", "index"), store)


@_block.register
def _(item: PoissonInput, store: Store) -> Iterator[str]:
    yield f"poisson {item.name}"
    yield from _names(item, ("post", "port"))
    yield from _fields(item, ("rate", "weight"), store)


@_block.register
def _(item: CurrentInput, store: Store) -> Iterator[str]:
    yield f"current {item.name}"
    yield from _names(item, ("post", "port"))
    yield from _fields(item, ("step", "value"), store)


@_block.register
def _(item: Projection, store: Store) -> Iterator[str]:
    yield f"projection {item.name}"
    yield from _names(item, ("pre", "post", "port"))
    yield f"  connectivity {_connectivity(item.connectivity, item.name, store)}"
    yield from _fields(item, ("weight", "delay", "axonal"), store)
    yield f"  synapse {item.synapse.name}"
    yield from _values("parameter", item.parameters, item.name, store)
    yield from _values("initial", item.initial, item.name, store)


@_block.register
def _(item: GradedProjection, store: Store) -> Iterator[str]:
    yield f"graded {item.name}"
    yield from _names(item, ("pre", "variable", "post", "port"))
    yield f"  connectivity {_connectivity(item.connectivity, item.name, store)}"
    yield from _fields(item, ("weight", "delay"), store)


@_block.register
def _(item: Probe, store: Store) -> Iterator[str]:
    yield f"probe {item.target}"
    yield f"  variable {item.variable}"
    yield f"  every {item.every}"
    if item.index is not None:
        yield f"  index {print_value(item.index, f'{item.target}/probe/{item.variable}', store)}"


def _connectivity(connectivity: Connectivity, place: str, store: Store) -> str:
    given = {item.name: getattr(connectivity, item.name) for item in fields(connectivity)}
    if isinstance(connectivity, DistanceDependent):
        given["probability"] = print_expression(connectivity.probability)
    text = print_fields(given, place, store, " ")
    return f"{_NAME_OF[type(connectivity)]} {text}".rstrip()


def _names(item: Any, names: Iterable[str]) -> Iterator[str]:
    yield from (f"  {name} {getattr(item, name)}" for name in names)


def _fields(item: Any, names: Iterable[str], store: Store) -> Iterator[str]:
    for name in names:
        yield f"  {name} {print_value(getattr(item, name), f'{item.name}/{name}', store)}"


def _values(keyword: str, values: Any, place: str, store: Store) -> Iterator[str]:
    for name, value in values.items():
        yield f"  {keyword} {name} = {print_value(value, f'{place}/{keyword}/{name}', store)}"
