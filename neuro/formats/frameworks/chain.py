"""A network as a chain of layers, which is what frameworks run within one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro.errors import UnsupportedError
from neuro.ir.network import (
    CurrentInput,
    GradedProjection,
    Network,
    Population,
    Projection,
)
from neuro.ir.synapse import STATIC
from neuro.ir.values import Value

Arrow = Projection | GradedProjection
ENTRY = "nir_input"
"""The cell that passes numbers on, of networks that other frameworks gave."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A population, with all that reaches it.

    Attributes
    ----------
    cells
        The population.
    arrow
        From the layer before, or the input.
    back
        From the population to itself; None without.
    bias, back_bias
        Constant currents on the ports of `arrow` and `back`, shape (n,); None without.
    """

    cells: Population
    arrow: Arrow
    back: Projection | None
    bias: NDArray[np.float64] | None
    back_bias: NDArray[np.float64] | None


def chain_of(network: Network) -> tuple[str, list[Layer]]:
    """The name of the source, and the layers in order.

    Raises
    ------
    UnsupportedError
        If `network` is no chain that frameworks could run within one step; says where.
    """
    _refuse_plastic(network)
    entry, here = _source(network), 0
    layers: list[Layer] = []
    before = entry
    while arrows := _leaving(network, before):
        if len(arrows) > 1:
            raise _no_chain(f"{before!r} reaches {', '.join(sorted(a.post for a in arrows))}")
        here += _steps(arrows[0])
        layers.append(_layer(network, arrows[0], here))
        before = arrows[0].post
    missing = {p.name for p in network.populations} - {entry, *(x.cells.name for x in layers)}
    if missing or not layers:
        listed = ", ".join(sorted(missing)) or "there are no layers"
        raise _no_chain(f"not reached from {entry!r}: {listed}")
    return entry, layers


def _no_chain(why: str) -> UnsupportedError:
    return UnsupportedError(
        f"the network is no chain of layers: {why}.",
        hint="Each layer must have one source, besides itself.",
    )


def _refuse_plastic(network: Network) -> None:
    for projection in network.projections:
        if projection.synapse != STATIC:
            raise UnsupportedError(
                f"projection {projection.name!r} has synapses of type {projection.synapse.name!r}; "
                "frameworks have weights.",
                hint="neuro.freeze keeps weights as they are.",
            )


def _source(network: Network) -> str:
    """Where values come in: the spike array, or the population that passes numbers on."""
    entries = [p.name for p in network.populations if p.cell.name == ENTRY]
    populations = {p.name for p in network.populations}
    entries += [name for name in network.sources if name not in populations]
    if len(entries) == 1:
        return entries[0]
    raise _no_chain(f"it has {len(entries)} inputs ({', '.join(entries) or 'none'}) instead of one")


def _leaving(network: Network, name: str) -> list[Arrow]:
    arrows: tuple[Arrow, ...] = (*network.projections, *network.graded)
    return [a for a in arrows if a.pre == name and a.post != name]


def _steps(arrow: Arrow) -> int:
    return _whole(arrow.delay, arrow)


def _whole(delay: Value, arrow: Arrow) -> int:
    if isinstance(delay, int):
        return delay
    raise UnsupportedError(f"projection {arrow.name!r} has delays of its own for each synapse.")


def _layer(network: Network, arrow: Arrow, latency: int) -> Layer:
    cells = network.population(arrow.post)
    arrows: tuple[Arrow, ...] = (*network.projections, *network.graded)
    into = [a for a in arrows if a.post == cells.name and a is not arrow]
    back = [a for a in into if a.pre == cells.name and isinstance(a, Projection)]
    if len(back) != len(into) or len(back) > 1:
        raise _no_chain(f"{cells.name!r} hears {', '.join(sorted(a.name for a in into))} besides")
    if back and _steps(back[0]) != 1:
        raise UnsupportedError(
            f"projection {back[0].name!r} takes {back[0].delay} steps; frameworks have one."
        )
    currents = _currents(network, cells, latency)
    return Layer(
        cells=cells,
        arrow=arrow,
        back=back[0] if back else None,
        bias=currents.pop(arrow.port, None),
        back_bias=_last(currents, cells),
    )


def _last(
    currents: Mapping[str, NDArray[np.float64]], cells: Population
) -> NDArray[np.float64] | None:
    if len(currents) > 1:
        raise _no_chain(f"{cells.name!r} has currents on {', '.join(sorted(currents))}")
    return next(iter(currents.values()), None)


def _currents(network: Network, cells: Population, latency: int) -> dict[str, NDArray[np.float64]]:
    """Constant currents by port; they begin when the first values of the input arrive."""
    found: dict[str, NDArray[np.float64]] = {}
    for item in network.inputs:
        if getattr(item, "post", None) != cells.name:
            continue
        constant = isinstance(item, CurrentInput) and len(item.step) == 1
        if not constant or not isinstance(item, CurrentInput) or item.port in found:
            raise _no_chain(f"{cells.name!r} hears the input {getattr(item, 'name', item)!r}")
        if item.step[0] != latency:
            raise UnsupportedError(
                f"input {item.name!r} begins in step {item.step[0]}; the first values that come in "
                f"reach {cells.name!r} in step {latency}.",
                hint="A layer's bias begins there.",
            )
        found[item.port] = np.broadcast_to(np.asarray(item.value, float)[0], (cells.size,))
    return found
