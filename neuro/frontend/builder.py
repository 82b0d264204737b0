"""Build a network in a few lines, with PyNN's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuro.cells.base import Cell
from neuro.errors import ParameterError, unknown_name
from neuro.frontend import tripartite
from neuro.frontend.connectors import AllToAllConnector, Connected, Connector
from neuro.frontend.handles import (
    PopulationHandle,
    PopulationView,
    ProjectionHandle,
    Target,
)
from neuro.frontend.sources import DCSource, SpikeSourceArray, StepCurrentSource, to_steps
from neuro.frontend.views import between_views, ordered
from neuro.ir.network import (
    FLOAT32,
    CurrentInput,
    GradedProjection,
    Input,
    Network,
    NumberFormat,
    PoissonInput,
    Population,
    Probe,
    Projection,
    SpikeArray,
)
from neuro.ir.values import Draw, Value
from neuro.ir.verify import verified
from neuro.surface import (
    Given,
    Normal,
    Uniform,
    as_integer,
    as_integers,
    to_value,
    to_values,
)
from neuro.synapses.base import Synapse
from neuro.synapses.static import StaticSynapse
from neuro.units import UNITS, Quantity, Unit, parse_unit, to_si


class NetworkBuilder:
    """Collects populations, projections and inputs; `build` makes the network.

    Parameters
    ----------
    dt
        Time step in ms, or a text with a unit.
    name
        Name of the network.
    seed
        Seed of noise and of everything random without a seed of its own; None leaves it to the run.
    format
        Number format; float32 by default.

    Examples
    --------
    >>> import neuro
    >>> net = neuro.NetworkBuilder(dt=0.1, seed=1)
    >>> exc = net.population(80, neuro.IF_curr_exp(tau_refrac=2.0), label="E")
    >>> noise = net.population(80, neuro.SpikeSourcePoisson(rate=50.0), label="noise")
    >>> _ = net.projection(noise, exc, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=3.0))
    >>> _ = net.projection(
    ...     exc, exc, neuro.FixedProbabilityConnector(0.1), neuro.StaticSynapse(weight=0.2, delay=1.5)
    ... )
    >>> exc.record("spikes")
    >>> [population.name for population in net.build().populations]
    ['E', 'noise']
    """

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

    def population(
        self,
        size: int,
        cell: Cell | SpikeSourceArray,
        *,
        label: str | None = None,
        initial_values: Mapping[str, Given] | None = None,
    ) -> PopulationHandle:
        """Add `size` cells of one kind.

        Parameters
        ----------
        size
            Number of cells.
        cell
            A cell of the library, `CustomCell`, or `SpikeSourceArray`.
        label
            Name; by default ``population0``, ``population1``, ...
        initial_values
            State before step 0 by variable, in the documented units.

        Raises
        ------
        ParameterError
            If `size` is not a whole number of 1 or more.
        UnknownNameError
            If the cell has no such state variable.
        """
        name = label or f"population{len(self._populations) + len(self._inputs)}"
        where = f"population {name!r}"
        size = as_integer(size, where=f"{where}, size", least=1)
        if isinstance(cell, SpikeSourceArray):
            step, index = cell.events(size, self.dt)
            self._inputs.append(SpikeArray(name=name, size=size, step=step, index=index))
            return PopulationHandle(self, name, size, None)
        units = {variable.name: variable.unit for variable in cell.cell_type.state}
        initial = to_values(initial_values or {}, units, kind="state variable", where=where)
        self._populations.append(
            Population(
                name=name,
                size=size,
                cell=cell.cell_type,
                parameters=cell.parameters,
                initial=initial,
            )
        )
        return PopulationHandle(self, name, size, cell)

    def projection(
        self,
        pre: Target,
        post: Target,
        connector: Connector,
        synapse: Synapse | None = None,
        *,
        receptor_type: str | None = None,
        label: str | None = None,
    ) -> ProjectionHandle:
        """Connect two populations or views.

        Parameters
        ----------
        pre, post
            Where spikes come from and go to.
        connector
            Which cells are connected.
        synapse
            Weight, delay and plasticity; a static synapse of weight 0 by default.
        receptor_type
            Port of the postsynaptic cell, such as ``"inhibitory"``; by default its first.
        label
            Name; by default ``pre_to_post``, with a number if that is taken.

        Raises
        ------
        UnknownNameError
            If the cell has no such port.
        ParameterError
            If a delay is not a multiple of the step.
        """
        synapse = synapse or StaticSynapse()
        port, unit = self._port(post, receptor_type)
        name = self._fresh(label or f"{_name(pre)}_to_{_name(post)}", forced=label is not None)
        where = f"projection {name!r}"
        connected = self._connect(connector, pre, post, name)
        weight = self._weight(connected, synapse.weight, unit, where)
        steps = self._delay(connected, synapse.delay, where)
        given = _parameters(synapse, unit, where)
        self._projections.append(
            Projection(
                name=name,
                pre=_name(pre),
                post=_name(post),
                port=port,
                connectivity=connected.connectivity,
                weight=weight,
                delay=steps,
                axonal=_axonal(steps, synapse.dendritic_delay_fraction, where),
                synapse=synapse.synapse_type,
                parameters={
                    key: ordered(value, connected, where=f"{where}, {key!r}")
                    for key, value in given.items()
                },
            )
        )
        return ProjectionHandle(self, name)

    def graded_projection(
        self,
        pre: PopulationHandle,
        variable: str,
        post: Target | ProjectionHandle,
        connector: Connector,
        *,
        weight: float | NDArray[np.float64] = 1.0,
        delay: Given | None = None,
        receptor_type: str | None = None,
        label: str | None = None,
    ) -> None:
        """Send a state variable of `pre` to a port of `post`, or to a factor of a projection.

        Parameters
        ----------
        pre, variable
            Where the value comes from.
        post, receptor_type
            Where it goes; for a projection, `receptor_type` names the factor.
        connector
            Which cells are connected.
        weight
            SI units of the port per SI unit of the variable; one number or one per synapse.
            A connector that lists weights or delays overrides `weight` and `delay`.
        delay
            ms; None is one step.
        label
            Name; by default ``pre_to_post``, with a number if that is taken.
        """
        name = self._fresh(label or f"{_name(pre)}_to_{_name(post)}", forced=label is not None)
        port = receptor_type or ""
        if not isinstance(post, ProjectionHandle):
            port, _ = self._port(post, receptor_type)
            connected = self._connect(connector, pre, post, name)
        else:
            connected = connector.connect(pre.size, 1)
        where = f"graded projection {name!r}"
        self._graded.append(
            GradedProjection(
                name=name,
                pre=pre.name,
                variable=variable,
                post=_name(post),
                port=port,
                connectivity=connected.connectivity,
                weight=self._weight(connected, weight, UNITS["1"], where),
                delay=self._delay(connected, delay, where),
            )
        )

    def senses(
        self,
        pre: Target,
        astrocyte: Target,
        connector: Connector | None = None,
        *,
        weight: Given = 1.0,
        delay: Given | None = None,
        label: str | None = None,
    ) -> ProjectionHandle:
        """Let astrocytes sense the spikes of `pre`: a projection onto their first port.

        Parameters
        ----------
        pre
            Whose spikes are sensed; spikes that others have too, such as those of a synapse's
            presynaptic cell.
        astrocyte
            Cells that never spike, such as `neuro.Astrocyte`.
        connector
            Who senses whom; each senses all by default.
        weight
            What a spike adds, not negative.
        delay, label
            As for `projection`.

        Raises
        ------
        ParameterError
            If `astrocyte` spikes, or a weight is negative.
        """
        tripartite.require_astrocyte(astrocyte)
        tripartite.require_positive(weight, _name(astrocyte))
        synapse = StaticSynapse(weight=weight, delay=delay)
        return self.projection(
            pre, astrocyte, connector or AllToAllConnector(), synapse, label=label
        )

    def modulates(
        self,
        astrocyte: PopulationHandle,
        post: Target | ProjectionHandle,
        connector: Connector | None = None,
        *,
        target: tripartite.Modulated = "gain",
        coefficient: float | NDArray[np.float64] = 0.1,
        delay: Given | None = None,
        label: str | None = None,
    ) -> None:
        """Let the gate of astrocytes act on cells, or on the plasticity of a projection.

        It is a graded projection; what it does is one of

        ===================== ======================================================================
        ``"gain"``            synaptic input is multiplied by ``1 + coefficient (2 m - 1)``
        ``"bias"``            ``coefficient m`` is added to the input
        ``"threshold"``       the threshold is multiplied by ``1 - coefficient m``
        ``"plasticity_rate"`` the first factor of a plastic projection gets ``coefficient m``
        ===================== ======================================================================

        where ``m`` is the gate, from 0 to 1, of the step before (or of `delay` before).

        Parameters
        ----------
        astrocyte
            `neuro.Astrocyte`, or any cell with the state variables ``m`` and ``swing``.
        post
            `neuro.ModulatedLIF`, any cell with ports ``gain``, ``current`` and ``threshold``, or a
            plastic projection, such as one of ``PairSTDP(gated=True)``.
        connector
            Who acts on whom; each on all by default.
        target, coefficient
            What it does, and how much; for a gain below 1 in size, for a threshold 0 or more and
            below 1.
        delay, label
            As for `graded_projection`.

        Raises
        ------
        ParameterError
            If a coefficient is out of range, or the projection has no factor.
        UnknownNameError
            If there is no such target, port or variable.
        """
        variable, port = tripartite.ends(target, post)
        tripartite.require_in_range(target, coefficient, _name(post))
        if isinstance(post, ProjectionHandle):
            port = self._first_factor(post)
        self.graded_projection(
            astrocyte,
            variable,
            post,
            connector or AllToAllConnector(),
            weight=coefficient,
            delay=delay,
            receptor_type=port,
            label=label,
        )

    def poisson_input(
        self,
        post: PopulationHandle,
        *,
        rate: Given,
        weight: Given,
        receptor_type: str | None = None,
        label: str | None = None,
    ) -> None:
        """Independent Poisson events onto every cell of `post`, many a step allowed.

        Parameters
        ----------
        post, receptor_type
            Population and port; by default its first port.
        rate
            Mean events per second, Hz.
        weight
            Added per event, in the unit of the port.
        label
            Name; by default ``poisson_to_post``.
        """
        port, unit = self._port(post, receptor_type)
        name = self._fresh(label or f"poisson_to_{post.name}", forced=label is not None)
        where = f"Poisson input {name!r}"
        self._inputs.append(
            PoissonInput(
                name=name,
                post=post.name,
                port=port,
                rate=to_value(rate, "Hz", where=f"{where}, rate"),
                weight=to_value(weight, unit, where=f"{where}, weight"),
            )
        )

    def inject(
        self,
        source: DCSource | StepCurrentSource,
        post: PopulationHandle | ProjectionHandle,
        *,
        port: str = "current",
        label: str | None = None,
    ) -> str:
        """Inject a current into every cell of `post` (or a signal into a projection's factor).

        Parameters
        ----------
        source
            The current over time; its amplitudes are in the unit of the port.
        post, port
            Where it goes.
        label
            Name; by default ``port_of_post``.

        Returns
        -------
        str
            The name, under which a run can replace the signal.
        """
        unit = (
            self._factor_unit(post, port)
            if isinstance(post, ProjectionHandle)
            else self._port(post, port)[1]
        )
        name = self._fresh(label or f"{port}_of_{post.name}", forced=label is not None)
        steps, amplitudes = source.steps(self.dt)
        value = _rows(amplitudes, unit, f"current input {name!r}")
        self._inputs.append(
            CurrentInput(name=name, post=post.name, port=port, step=steps, value=value)
        )
        return name

    def build(self) -> Network:
        """The network, checked.

        Raises
        ------
        VerificationError
            If it breaks rules of the IR; carries all findings.
        """
        return verified(
            Network(
                name=self.name,
                dt=self.dt,
                populations=tuple(self._populations),
                inputs=tuple(self._inputs),
                projections=tuple(self._projections),
                graded=tuple(self._graded),
                probes=tuple(self._probes.values()),
                format=self.format,
                seed=self.seed,
            )
        )

    def add_probes(
        self,
        target: str,
        variables: Sequence[str],
        interval: float | None,
        index: Sequence[int] | None,
    ) -> None:
        """Add probes; the handles' ``record`` is what users call."""
        where = f"record of {target!r}, sampling_interval"
        every = 1 if interval is None else int(to_steps(interval, self.dt, where=where)[0])
        chosen = None if index is None else as_integers(index, where=f"record of {target!r}, index")
        for variable in variables:
            spikes = variable == "spikes"
            self._probes[target, variable] = Probe(
                target=target,
                variable=variable,
                every=1 if spikes else every,
                index=None if spikes else chosen,
            )

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
            return _divided(drawn, self.dt)
        seconds = np.asarray(to_si(delay, UNITS["ms"], where=where))
        steps = to_steps(seconds * 1000.0, self.dt, where=where)
        return int(steps[0]) if seconds.ndim == 0 else steps


def _parameters(synapse: Synapse, unit: Unit, where: str) -> dict[str, Value]:
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


def _name(target: Target | ProjectionHandle) -> str:
    return target.population.name if isinstance(target, PopulationView) else target.name


def _divided(draw: Draw, unit: float) -> Draw:
    """`draw` counted in `unit`."""
    low = None if draw.low is None else draw.low / unit
    high = None if draw.high is None else draw.high / unit
    return replace(draw, a=draw.a / unit, b=draw.b / unit, low=low, high=high)


def _axonal(delay: Value, dendritic_fraction: float, where: str) -> Value:
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


def _rows(amplitudes: Sequence[Quantity], unit: Unit, where: str) -> NDArray[np.float64]:
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
