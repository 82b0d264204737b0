"""Match cells by what they compute: leaky integrate-and-fire with one exponential current.

Nothing depends on names: a cell of the library, and one that someone wrote or made from equations,
match if their programs say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro.ir.canonical_types import canonical_cell
from neuro.ir.expressions.affine import (
    Affine,
    NotAffineError,
    affine_condition,
    affine_program,
    affine_scope,
)
from neuro.ir.network import Population
from neuro.ir.resolve import Number, constants, initial_state, parameters, refractory_steps

Array = NDArray[np.float64]
_CLOSE = 1e-9
_NONE = np.zeros(())


class NoMatchError(Exception):
    """Why a cell is no current-based integrate-and-fire cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentBased:
    """A leaky integrate-and-fire cell with one current, in the membrane's unit, from its reset.

    With ``v`` counted from the reset: ``u <- keep_u u + sum(ports)``, ``v <- keep_v v + u + bias``,
    a spike where ``v`` reaches `threshold`, then ``v = 0``.

    Attributes
    ----------
    membrane
        Name of the membrane variable.
    currents
        Names of the variables behind ``u``, and what each is multiplied by in it.
    ports
        What arrives on each port that is used is multiplied by this.
    keep_u, keep_v, bias, threshold
        Numbers, or one per cell.
    strict
        True if the threshold must be passed, not only reached.
    reset
        The membrane after a spike, in its own unit.
    initial
        Membrane before step 0, from the reset; one per cell.
    refractory
        Steps; one number, or one per cell.
    """

    membrane: str
    currents: Mapping[str, Array]
    ports: Mapping[str, Array]
    keep_u: Array
    keep_v: Array
    bias: Array
    threshold: Array
    strict: bool
    reset: Array
    initial: Array
    refractory: int | NDArray[np.int64]


def current_based(node: Population, used: Collection[str], dt: float, seed: int) -> CurrentBased:
    """`node` as a current-based integrate-and-fire cell.

    Parameters
    ----------
    node
        The population.
    used
        Names of the ports that something arrives on; the others are taken to be silent.
    dt, seed
        Of the network and the run.

    Raises
    ------
    NoMatchError
        If it is something else; says what.
    """
    place = f"{node.name}/parameter"
    given = parameters(node.cell.parameters, node.parameters, node.size, seed, place)
    values: dict[str, Number] = {**given, **constants(node.cell.derived, given, dt), "dt": dt}
    reading = _read(node, values)
    spike, strict = reading.spike
    membrane, threshold = _threshold(spike)
    reset = _reset(reading.reset, membrane)
    place = f"{node.name}/initial"
    initial = initial_state(node.cell.state, node.initial, values, node.size, seed, place)
    synapses = _Synapses(node, reading.update, membrane, frozenset(used))
    synapses.check(initial)
    leak = reading.update[membrane]
    return CurrentBased(
        membrane=membrane,
        currents=synapses.currents,
        ports=synapses.ports(),
        keep_u=synapses.decay(),
        keep_v=_fraction(leak.factor(membrane), "membrane"),
        bias=leak.constant + (leak.factor(membrane) - 1) * reset,
        threshold=threshold - reset,
        strict=strict,
        reset=reset,
        initial=initial[membrane] - reset,
        refractory=refractory_steps(node, values, dt),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    update: dict[str, Affine]
    spike: tuple[Affine, bool]
    reset: dict[str, Affine]


def _read(node: Population, values: Mapping[str, Number]) -> _Reading:
    """The three programs as affine maps."""
    programs = canonical_cell(node.cell)
    state = [v.name for v in node.cell.state]
    scope = affine_scope(values, [*state, *(p.name for p in node.cell.ports if p.into is None)])
    if programs.spike is None:
        raise NoMatchError("it never spikes.")
    place = "update"
    try:
        update = affine_program(programs.update, scope)
        place = "spike"
        spike = affine_condition(programs.spike, scope)
        place = "reset"
        reset = affine_program(programs.reset, scope)
    except NotAffineError as error:
        raise NoMatchError(f"in '{place}', {error}.") from None
    return _Reading({name: update.get(name, scope[name]) for name in state}, spike, reset)


def _threshold(spike: Affine) -> tuple[str, Array]:
    """The membrane and its threshold."""
    read = _live(spike)
    if len(read) != 1:
        raise NoMatchError("its threshold is not one of a single variable.")
    membrane = read.pop()
    factor = spike.factor(membrane)
    if (factor <= 0).any():
        raise NoMatchError("it spikes below its threshold, not above it.")
    return membrane, -spike.constant / factor


def _reset(reset: Mapping[str, Affine], membrane: str) -> Array:
    """The fixed value of the membrane after a spike."""
    if set(reset) != {membrane}:
        raise NoMatchError("its reset sets something else than the membrane alone.")
    if _live(reset[membrane]):
        raise NoMatchError("its reset depends on the membrane; only a fixed value has a form.")
    return reset[membrane].constant


def _live(total: Affine) -> set[str]:
    """Variables that matter in a sum."""
    return {name for name, factor in total.factors.items() if np.any(factor)}


def _fraction(decay: Array, what: str) -> Array:
    if np.any((decay < 0) | (decay > 1)):
        raise NoMatchError(f"what is left of the {what} after a step is not between 0 and 1.")
    return decay


class _Synapses:
    """What lies between the ports of a cell and its membrane."""

    def __init__(
        self,
        node: Population,
        update: Mapping[str, Affine],
        membrane: str,
        used: frozenset[str],
    ) -> None:
        self._node, self._update, self._membrane = node, update, membrane
        ports = [port for port in node.cell.ports if port.name in used]
        self._bound = {port.name: port.into for port in ports if port.into is not None}
        self._free = [port.name for port in ports if port.into is None]
        moved = _live(update[membrane]) & set(update) - {membrane}
        reached = set(self._bound.values())
        self.currents = {
            name: update[membrane].factor(name)
            for name in sorted(moved)
            if name in reached or _live(update[name]) & set(self._free)
        }
        self._idle = moved - set(self.currents)

    def check(self, initial: Mapping[str, Array]) -> None:
        """Currents decay on their own and start from zero; only the membrane is held."""
        held = {v.name for v in self._node.cell.state if v.held}
        if self._membrane in self._bound.values():
            raise NoMatchError("events are added to the membrane before its leak, not after it.")
        if self._node.cell.refractory is not None and self._membrane not in held:
            raise NoMatchError("the membrane is not held during the refractory period.")
        for name in self._idle:
            if _live(self._update[name]) - {name} or np.any(initial[name]):
                raise NoMatchError(f"'{name}' moves the membrane besides the synaptic currents.")
        for name in self.currents:
            if _live(self._update[name]) & set(self._update) - {name}:
                raise NoMatchError(f"the current '{name}' depends on other variables.")
            if name in held or np.any(initial[name]):
                raise NoMatchError(f"the current '{name}' is held, or does not start from zero.")
        for name in {*self._idle, *self.currents}:
            if np.any(self._update[name].constant):
                raise NoMatchError(f"'{name}' does not decay to zero.")

    def decay(self) -> Array:
        """What is left of all currents after a step; 0 if there are none."""
        decays = [self._update[name].factor(name) for name in self.currents]
        if not decays:
            return np.zeros(())
        if not all(np.allclose(decay, decays[0], rtol=_CLOSE, atol=0) for decay in decays):
            names = ", ".join(self.currents)
            raise NoMatchError(f"its currents ({names}) decay with different time constants.")
        return _fraction(decays[0], "current")

    def ports(self) -> dict[str, Array]:
        """What arrives on each port is multiplied by this in the sum of the currents."""
        bound = {port: self.currents.get(into, _NONE) for port, into in self._bound.items()}
        return bound | {port: self._entry(port) for port in self._free}

    def _entry(self, port: str) -> Array:
        """The factor of a free port: it must enter a current, or nothing may last of currents."""
        direct = self._update[self._membrane].factor(port)
        lasting = sum(
            (factor * self._update[name].factor(port) for name, factor in self.currents.items()),
            _NONE,
        )
        if not np.allclose(lasting, self.decay() * direct, rtol=_CLOSE, atol=0):
            raise NoMatchError(
                f"port '{port}' moves the membrane at once, past a current that decays slowly."
            )
        return direct
