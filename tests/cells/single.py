"""One cell alone: what arrives is listed, and everything is recorded in the documented units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import neuro

Vector = NDArray[Any]
Arrivals = Mapping[str, Sequence[tuple[int, float]]]
"""By port: pairs (step, weight) in ascending order; the first step is 1 at the earliest."""


def run_cell(
    cell: neuro.Cell,
    steps: int,
    *,
    dt: float = 1.0,
    arrivals: Arrivals | None = None,
    current: neuro.StepCurrentSource | neuro.DCSource | None = None,
    initial: Mapping[str, Any] | None = None,
) -> dict[str, Vector]:
    """Each state variable after every step, and ``spikes`` of a cell that has any: steps; float64."""
    net = neuro.NetworkBuilder(dt=dt, format=neuro.FLOAT64, seed=1)
    post = net.population(1, cell, label="cell", initial_values=initial)
    for port, events in (arrivals or {}).items():
        times = [[(step - 1) * dt] for step, _ in events]
        source = net.population(len(events), neuro.SpikeSourceArray(times), label=port)
        synapse = neuro.StaticSynapse(weight=[weight for _, weight in events])
        net.projection(source, post, neuro.AllToAllConnector(), synapse, receptor_type=port)
    if current is not None:
        net.inject(current, post)
    variables = [variable.name for variable in cell.cell_type.state]
    spiking = cell.cell_type.spike is not None
    post.record([*(["spikes"] * spiking), *variables])
    recording = neuro.simulate(net.build(), steps, backend="reference")
    traces = recording.traces["cell"]
    result = {name: traces[name].in_unit()[:, 0] for name in variables}
    return result | ({"spikes": recording.spikes["cell"].step} if spiking else {})


def linear_solution(
    matrix: ArrayLike,
    drive: ArrayLike,
    start: ArrayLike,
    jumps: Mapping[int, ArrayLike],
    dt: float,
    steps: int,
) -> Vector:
    """``dx/dt = matrix x + drive`` at the end of each step; jumps act at the beginning of steps."""
    size = len(np.asarray(start))
    whole = np.zeros((size + 1, size + 1))
    whole[:size, :size], whole[:size, size] = matrix, drive
    over_a_step = expm(whole * dt)
    x, found = np.asarray(start, np.float64), []
    for step in range(steps):
        x = x + np.asarray(jumps.get(step, np.zeros(size)))
        x = (over_a_step @ np.append(x, 1.0))[:size]
        found.append(x)
    return np.array(found)


def ode_solution(
    slope: Callable[[float, Vector], Sequence[float]],
    start: ArrayLike,
    jumps: Mapping[float, ArrayLike],
    end: float,
) -> Vector:
    """The solution at `end` of an ODE with jumps at some times, to about twelve digits."""
    x, last = np.asarray(start, np.float64), 0.0
    for time, jump in [*sorted(jumps.items()), (end, np.zeros(len(x)))]:
        if time > last:
            solved = solve_ivp(slope, (last, time), x, method="DOP853", rtol=1e-12, atol=1e-13)
            x, last = solved.y[:, -1], time
        x = x + np.asarray(jump)
    return x


def observed_orders(error: Callable[[float], float], dts: Sequence[float]) -> Vector:
    """Orders of convergence between neighbouring steps, each half of the one before."""
    errors = np.array([error(dt) for dt in dts])
    return np.asarray(np.log2(errors[:-1] / errors[1:]))


def steps_to_threshold(tau: float, start: float, target: float, threshold: float, dt: float) -> int:
    """Steps until ``target + (start - target) exp(-t / tau)`` has reached `threshold`."""
    crossing = -tau * np.log((threshold - target) / (start - target))
    return int(np.ceil(crossing / dt))
