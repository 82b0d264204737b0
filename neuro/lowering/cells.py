"""Lower populations: kernels of cells, their constants, state and ports."""

from __future__ import annotations

import numpy as np

from neuro.ir.canonical_types import CanonicalCell
from neuro.ir.layout import Layout
from neuro.ir.network import Population
from neuro.ir.numbers import Constants
from neuro.ir.philox import stream_of
from neuro.ir.resolve import Number, constants, initial_state, parameters, refractory_steps
from neuro.lowering import memory
from neuro.lowering.kernels import CellKernel, Refractory, constants_read, depends_on_held
from neuro.lowering.places import place_of
from neuro.lowering.tables import CellTable, Real, Ring, Tables

Port = tuple[str, str]


def lower_population(
    tables: Tables, node: Population, plan: Layout, others: set[Port]
) -> dict[Port, Ring]:
    """Add the table of a population; returns where each of its ports is summed.

    Parameters
    ----------
    tables
        Receives kernel and table.
    node
        The population.
    plan
        Layout of the network.
    others
        Ports that something reaches besides a ring.
    """
    dt = tables.network.dt
    values, state = _values(tables, node)
    programs, known = tables.numbers.cell(node, {**values, "dt": dt})
    steps = refractory_steps(node, values, dt)
    free, silent, rings = _sort_ports(node, plan, others)
    scalars, arrays = _constants(programs, known)
    kernel = CellKernel(
        state=tuple(state),
        held=tuple(variable.name for variable in node.cell.state if variable.held),
        scalars=tuple(scalars),
        arrays=tuple(arrays),
        free=tuple(free),
        silent=tuple(silent),
        rings=tuple(rings.items()),
        update=programs.update,
        spike=programs.spike,
        reset=programs.reset,
        draws=programs.draws,
        refractory=_refractory(node, programs, steps, lists=tables.lists),
    )
    targets = _targets(tables, node, free, state)
    tables.cells.append(
        CellTable(
            name=node.name,
            size=node.size,
            kernel=place_of(tables.cell_kernels, kernel),
            stream=stream_of(node.name),
            state=state,
            scalars=np.array(list(scalars.values()), tables.dtype),
            arrays=[memory.copy(value, tables.dtype) for value in arrays.values()],
            refractory=steps if isinstance(steps, int) else steps.astype(np.uint32),
            until=memory.full(node.size, -1, np.int64),
            ports=[
                *(targets[node.name, port] for port in free),
                *(tables.rings[node.name, port] for port in rings),
            ],
        )
    )
    return targets


def _values(tables: Tables, node: Population) -> tuple[dict[str, Number], dict[str, Real]]:
    """Parameters and constants of the cells, and the state that they start from."""
    cell, seed = node.cell, tables.seed
    values = parameters(cell.parameters, node.parameters, node.size, seed, f"{node.name}/parameter")
    values |= constants(cell.derived, values, tables.network.dt)
    initial = initial_state(
        cell.state, node.initial, values, node.size, seed, f"{node.name}/initial"
    )
    state = {
        name: memory.copy(tables.numbers.encode(node.name, name, value), tables.dtype)
        for name, value in initial.items()
    }
    return values, state


def _sort_ports(
    node: Population, plan: Layout, others: set[Port]
) -> tuple[list[str], list[str], dict[str, str]]:
    """Free ports that are reached, free ports that are not, and rings that the kernel adds."""
    free, silent, rings = [], [], {}
    for port in node.cell.ports:
        key = (node.name, port.name)
        if port.into is not None:
            if key in plan.rings and key not in others:
                rings[port.name] = port.into
        elif key in plan.rings or key in others:
            free.append(port.name)
        else:
            silent.append(port.name)
    return free, silent, rings


def _constants(programs: CanonicalCell, values: Constants) -> tuple[Constants, Constants]:
    """The constants that the programs read: one per population, and one per cell."""
    spike = () if programs.spike is None else (programs.spike,)
    read = constants_read(spike, (programs.update, programs.reset))
    used = {name: value for name, value in values.items() if name in read}
    scalars = {name: value for name, value in used.items() if np.ndim(value) == 0}
    return scalars, {name: value for name, value in used.items() if name not in scalars}


def _refractory(
    node: Population, programs: CanonicalCell, steps: object, *, lists: bool
) -> Refractory:
    if programs.spike is None or not np.any(steps):  # type: ignore[call-overload]
        return "none"
    held = {variable.name for variable in node.cell.state if variable.held}
    state = {variable.name for variable in node.cell.state}
    if lists and isinstance(steps, int) and not depends_on_held(programs.update, held, state):
        return "fifo"
    return "mask"


def _targets(
    tables: Tables, node: Population, free: list[str], state: dict[str, Real]
) -> dict[Port, Ring]:
    """Where each reached port is summed: its ring, sums of its own, or its variable."""
    targets = {}
    for port in node.cell.ports:
        key = (node.name, port.name)
        if port.into is not None:
            targets[key] = Ring(state[port.into].reshape(1, -1))
        elif port.name in free:
            own = memory.zeros((1, node.size), tables.dtype)
            targets[key] = tables.rings.get(key) or Ring(own)
    return targets
