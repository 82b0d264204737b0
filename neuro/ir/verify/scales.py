"""Exponents of a network in fixed point: they belong to something, and fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from neuro.errors import Finding, suggestion
from neuro.ir.cell import StateVariable
from neuro.ir.fixed.scales import bound_variable
from neuro.ir.network import Network, Population, Projection, Scale
from neuro.ir.synapse import WEIGHT, Factor
from neuro.ir.verify.names import error

LOWEST, HIGHEST = -64, 128
"""Exponents that a variable may have."""


def check_scales(network: Network) -> Iterator[Finding]:
    """Findings in the exponents of `network`."""
    if network.scales and network.format.kind != "fixed":
        yield error(
            "useless-scale",
            f"network {network.name!r}",
            f"has {len(network.scales)} scales, but its format is {network.format.kind}.",
            "Remove them, or use a fixed-point format.",
        )
        return
    scalable = _scalable(network)
    for scale in network.scales:
        yield from _check_scale(scalable, scale)
    places = Counter((scale.target, scale.variable) for scale in network.scales)
    for (target, variable), count in places.items():
        if count > 1:
            where = _where(target, variable)
            yield error("duplicate-name", where, f"is given {count} times.", "Keep one of them.")
    yield from _check_weights(network)


def _where(target: str, variable: str) -> str:
    return f"scale of {target!r}.{variable}"


def _scalable(network: Network) -> dict[str, list[str]]:
    """What has an exponent, by target."""
    found = {p.name: _of_population(p) for p in network.populations}
    found |= {p.name: _of_projection(p) for p in network.projections}
    return found | {graded.name: [WEIGHT] for graded in network.graded}


def _of_population(node: Population) -> list[str]:
    free = (port.name for port in node.cell.ports if port.into is None)
    return [*(variable.name for variable in node.cell.state), *free]


def _of_projection(node: Projection) -> list[str]:
    kind = node.synapse
    parts: list[StateVariable | Factor] = [
        *kind.state,
        *kind.pre.state,
        *kind.post.state,
        *kind.factors,
    ]
    return [WEIGHT, *(item.name for item in parts)]


def _check_scale(scalable: dict[str, list[str]], scale: Scale) -> Iterator[Finding]:
    where = _where(scale.target, scale.variable)
    if scale.target not in scalable:
        hint = suggestion(scale.target, scalable)
        yield error("unknown-name", where, f"there is no {scale.target!r}.", hint)
    elif scale.variable not in scalable[scale.target]:
        hint = suggestion(scale.variable, scalable[scale.target])
        yield error("unknown-name", where, f"there is no {scale.variable!r}.", hint)
    if not isinstance(scale.exponent, int) or not LOWEST <= scale.exponent <= HIGHEST:
        hint = f"Use a whole number from {LOWEST} to {HIGHEST}."
        yield error("bad-scale", where, f"the exponent is {scale.exponent!r}.", hint)


def _check_weights(network: Network) -> Iterator[Finding]:
    """Weights that are finer than their port lose bits at every event."""
    if network.format.kind != "fixed":
        return
    given = {(scale.target, scale.variable): scale.exponent for scale in network.scales}
    for node in network.projections:
        port = (node.post, bound_variable(network, node.post, node.port))
        mine, theirs = given.get((node.name, WEIGHT)), given.get(port)
        if mine is not None and theirs is not None and mine > theirs:
            yield Finding(
                severity="warning",
                rule="lossy-scale",
                where=_where(node.name, WEIGHT),
                what=f"the exponent is {mine}, that of {port[0]!r}.{port[1]} is {theirs}, so every "
                f"event is rounded by {mine - theirs} bits.",
                hint="Give weights at most the exponent of their port.",
            )
