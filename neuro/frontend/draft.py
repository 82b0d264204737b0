"""What a network under construction knows, and how what is given becomes the IR's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError, unknown_name
from neuro.frontend.connectors import Connected, Connector
from neuro.frontend.handles import PopulationView, ProjectionHandle, Target
from neuro.frontend.sources import to_steps
from neuro.frontend.views import between_views, ordered
from neuro.ir.network import (
    FLOAT32,
    GradedProjection,
    Input,
    NumberFormat,
    Population,
    Probe,
    Projection,
)
from neuro.ir.values import Draw, Value
from neuro.surface import Given, Normal, Uniform, to_value, to_values
from neuro.synapses.base import Synapse
from neuro.units import UNITS, Quantity, Unit, parse_unit, to_si


class Draft:
    """Nodes so far; parameters as for `neuro.NetworkBuilder`."""

    def __init__(
        self,
        *,
        dt: float | str = 1.0,
        name: str = "network",
        seed: int | None = None,
        format: NumberFormat = FLOAT32,
    ) -> None:
        self.dt = float(to_si(dt, UNITS["ms"], where="NetworkBuilder, dt"))
        self.name = name
        self.seed = seed
        self.format = format
        self._populations: list[Population] = []
        self._inputs: list[Input] = []
        self._projections: list[Projection] = []
        self._graded: list[GradedProjection] = []
        self._probes: dict[tuple[str, str], Probe] = {}

    def _port(self, post: Target, receptor_type: str | None) -> tuple[str, Unit]:
        """Name and unit of a port."""
        handle = post.population if isinstance(post, PopulationView) else post
        where = f"population {handle.name!r}"
        if handle.cell is None or not handle.cell.cell_type.ports:
            raise ParameterError("is a source; nothing can arrive there.", where=where)
        ports = {port.name: port for port in handle.cell.cell_type.ports}
        name = receptor_type or next(iter(ports))
        if name not in ports:
            raise unknown_name(name, ports, kind="port", where=where)
        return name, parse_unit(ports[name].unit)

    def _first_factor(self, projection: ProjectionHandle) -> str:
        node = next(p for p in self._projections if p.name == projection.name)
        if not node.synapse.factors:
            raise ParameterError(
                "its synapses have no factor, so nothing can change their plasticity.",
                where=f"projection {projection.name!r}",
                hint="Use a synapse such as PairSTDP(gated=True) or ThreeFactorSTDP.",
            )
        return node.synapse.factors[0].name

    def _factor_unit(self, projection: ProjectionHandle, name: str) -> Unit:
        node = next(p for p in self._projections if p.name == projection.name)
        factors = {factor.name: factor for factor in node.synapse.factors}
        if name not in factors:
            raise unknown_name(
                name, factors, kind="factor", where=f"projection {projection.name!r}"
            )
        return parse_unit(factors[name].unit)

    def _fresh(self, name: str, *, forced: bool) -> str:
        """`name`, with a number appended if it is taken and the user did not insist on it."""
        taken = {item.name for item in (*self._projections, *self._graded, *self._inputs)}
        if forced or name not in taken:
            return name
        return next(new for k in range(2, len(taken) + 3) if (new := f"{name}_{k}") not in taken)

    def _connect(self, connector: Connector, pre: Target, post: Target, name: str) -> Connected:
        """Connectivity between whole populations; views are expanded into explicit rows."""
        connected = connector.connect(pre.size, post.size)
        if not isinstance(pre, PopulationView) and not isinstance(post, PopulationView):
            return connected
        return between_views(connected, pre, post, seed=self.seed, name=name)

    def _weight(self, connected: Connected, given: Given, unit: Unit, where: str) -> Value:
        """What the connector brings itself, else what is given, in the order of synapses."""
        where = f"{where}, weight"
        if connected.weight is not None:
            return to_value(connected.weight, unit, where=where)
        return ordered(to_value(given, unit, where=where), connected, where=where)

    def _delay(self, connected: Connected, given: Given | None, where: str) -> Value:
        """As `_weight`, in steps; without any delay one step."""
        where = f"{where}, delay"
        if connected.delay is not None:
            return self._steps(connected.delay, where)
        return 1 if given is None else ordered(self._steps(given, where), connected, where=where)

    def _steps(self, delay: Given, where: str) -> Value:
        """A delay in ms as a number of steps, an array of them, or a draw."""
        if isinstance(delay, Uniform | Normal):
            drawn = to_value(delay, UNITS["ms"], where=where)
            assert isinstance(drawn, Draw)
            return divided(drawn, self.dt)
        seconds = np.asarray(to_si(delay, UNITS["ms"], where=where))
        steps = to_steps(seconds * 1000.0, self.dt, where=where)
        return int(steps[0]) if seconds.ndim == 0 else steps


def synapse_parameters(synapse: Synapse, unit: Unit, where: str) -> dict[str, Value]:
    """Parameters in SI units; amplitudes left at their default are in the unit of the port."""
    declared = synapse.synapse_type.parameters
    defaults = {
        p.name: p.default
        for p in declared
        if p.unit == "weight" and p.default is not None and unit.to_si(p.default) != p.default
    }
    units = {p.name: p.unit for p in declared}
    values = {**defaults, **synapse.parameters}
    return to_values(values, units, kind="parameter", where=where, weight_unit=unit)


def name_of(target: Target | ProjectionHandle) -> str:
    """The name of a population, of a view's population, or of a projection."""
    return target.population.name if isinstance(target, PopulationView) else target.name


def divided(draw: Draw, unit: float) -> Draw:
    """`draw` counted in `unit`."""
    low = None if draw.low is None else draw.low / unit
    high = None if draw.high is None else draw.high / unit
    return replace(draw, a=draw.a / unit, b=draw.b / unit, low=low, high=high)


def axonal_part(delay: Value, dendritic_fraction: float, where: str) -> Value:
    """The axonal part of `delay`, leaving at least one dendritic step."""
    if dendritic_fraction == 1:
        return 0
    if isinstance(delay, Draw):
        raise ParameterError(
            "a drawn delay cannot be split.",
            where=f"{where}, delay",
            hint="Give an array of delays.",
        )
    part = np.floor(np.asarray(delay) * (1 - dendritic_fraction) + 0.5).astype(np.int64)
    axonal = np.minimum(part, np.asarray(delay) - 1)
    return int(axonal) if axonal.ndim == 0 else axonal


def amplitude_rows(amplitudes: Sequence[Quantity], unit: Unit, where: str) -> NDArray[np.float64]:
    """One number, or one row of numbers, per amplitude, in SI units."""
    values = [to_si(amplitude, unit, where=where) for amplitude in amplitudes]
    try:
        return np.stack(np.broadcast_arrays(*values)) if values else np.empty(0)
    except ValueError:
        shapes = ", ".join(str(shape) for shape in dict.fromkeys(v.shape for v in values))
        raise ParameterError(
            f"has amplitudes of shapes {shapes}.",
            where=where,
            hint="Give numbers, or rows of one number per cell.",
        ) from None
