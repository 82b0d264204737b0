"""Build a network in a few lines, with PyNN's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neuro.cells.base import Cell
from neuro.frontend import tripartite
from neuro.frontend.connectors import AllToAllConnector, Connector
from neuro.frontend.draft import Draft, amplitude_rows, axonal_part, name_of, synapse_parameters
from neuro.frontend.handles import (
    PopulationHandle,
    ProjectionHandle,
    Target,
)
from neuro.frontend.sources import DCSource, SpikeSourceArray, StepCurrentSource, to_steps
from neuro.frontend.views import ordered
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
from neuro.ir.verify import verified
from neuro.surface import (
    Given,
    as_integer,
    as_integers,
    to_value,
    to_values,
)
from neuro.synapses.base import Synapse
from neuro.synapses.static import StaticSynapse
from neuro.units import UNITS


class NetworkBuilder(Draft):
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
        name = self._fresh(label or f"{name_of(pre)}_to_{name_of(post)}", forced=label is not None)
        where = f"projection {name!r}"
        connected = self._connect(connector, pre, post, name)
        weight = self._weight(connected, synapse.weight, unit, where)
        steps = self._delay(connected, synapse.delay, where)
        given = synapse_parameters(synapse, unit, where)
        self._projections.append(
            Projection(
                name=name,
                pre=name_of(pre),
                post=name_of(post),
                port=port,
                connectivity=connected.connectivity,
                weight=weight,
                delay=steps,
                axonal=axonal_part(steps, synapse.dendritic_delay_fraction, where),
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
        name = self._fresh(label or f"{name_of(pre)}_to_{name_of(post)}", forced=label is not None)
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
                post=name_of(post),
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
        tripartite.require_positive(weight, name_of(astrocyte))
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
        tripartite.require_in_range(target, coefficient, name_of(post))
        port = self._first_factor(post) if isinstance(post, ProjectionHandle) else port
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
        value = amplitude_rows(amplitudes, unit, f"current input {name!r}")
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
