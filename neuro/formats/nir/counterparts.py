"""Which primitive of NIR a population is, with its numbers; and what of it NIR cannot say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import Finding
from neuro.formats.nir.graph import warning
from neuro.formats.nir.primitives import PRIMITIVES
from neuro.ir.network import GradedProjection, Network, Population, Projection
from neuro.ir.values import Draw


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A primitive and its values.

    Attributes
    ----------
    kind
        The primitive.
    values
        One number, or one per neuron.
    losses
        What is lost.
    """

    kind: str
    values: Mapping[str, Any]
    losses: tuple[Finding, ...] = ()


def counterpart(population: Population, dt: float) -> Counterpart | None:
    """The primitive that stands for a population; None if there is none.

    Parameters
    ----------
    population
        Any population.
    dt
        Length of a step in seconds.
    """
    given = {
        p.name: population.parameters.get(p.name, p.default) for p in population.cell.parameters
    }
    if any(value is None or isinstance(value, Draw) for value in given.values()):
        return None
    name = population.cell.name
    if name in _TERMINALS:
        return Counterpart(_TERMINALS[name], {})
    kind = _own_kind(name)
    if kind is not None:
        return Counterpart(kind, {n: given[n] for n, _ in PRIMITIVES[kind].parameters})
    make = _LIBRARY.get(name) or _LIVE.get("_".join(name.split("_")[:2]))
    return None if make is None else make(population, given, dt)


_TERMINALS = {"nir_input": "Input", "nir_output": "Output", "nir_output_gated": "Output"}


def _own_kind(name: str) -> str | None:
    """The primitive behind a cell type of `cells`: the second word of its name."""
    words = name.split("_")
    return words[1] if words[0] == "nir" and words[1:2] and words[1] in PRIMITIVES else None


def _lif(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """`neuro.LIF`: input is not scaled, so r is what makes its gain 1."""
    tau = np.asarray(given["tau_m"])
    values = {
        "tau": tau,
        "r": 1 / -np.expm1(-dt / tau),
        "v_leak": np.zeros(()),
        "v_threshold": given["v_thresh"],
        "v_reset": given["v_reset"],
    }
    lost = _refractory(population, given)
    if population.cell.name == "LIF_subtract":
        lost = (*lost, _loss(population, "reset by subtraction"))
    if np.any(given["bias"]):
        lost = (*lost, _loss(population, "the bias of its cells"))
    return Counterpart("LIF", values, lost)


def _curr_exp(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """PyNN's cell with one synaptic current; both of its own must decay alike."""
    cm, tau = np.asarray(given["cm"]), np.asarray(given["tau_m"])
    syn = np.asarray(given["tau_syn_E"])
    resistance = tau / cm
    values = {
        "tau_syn": syn,
        "tau_mem": tau,
        "r": resistance,
        "v_leak": given["v_rest"] + resistance * given["i_offset"],
        "v_threshold": given["v_thresh"],
        "v_reset": given["v_reset"],
        "w_in": syn / dt,
    }
    lost = _refractory(population, given)
    if not np.array_equal(syn, given["tau_syn_I"]):
        lost = (*lost, _loss(population, "a time constant of its own for inhibition"))
    return Counterpart("CubaLIF", values, lost)


def _refractory(population: Population, given: Mapping[str, Any]) -> tuple[Finding, ...]:
    if not np.any(given["tau_refrac"]):
        return ()
    return (_loss(population, "the refractory period"),)


def _loss(population: Population, what: str) -> Finding:
    return warning(f"population {population.name!r}", f"{what} is not in NIR.", rule="cell")


_LIBRARY: dict[str, Callable[[Population, Mapping[str, Any], float], Counterpart]] = {
    "LIF_value": _lif,
    "LIF_subtract": _lif,
    "IF_curr_exp": _curr_exp,
}


def _decayed(
    population: Population, beta: Any, dt: float
) -> tuple[NDArray[np.float64], tuple[Finding, ...]]:
    """The time constant of a decay; a decay of 1 has none, so it gets a very long one."""
    decay = np.asarray(beta, np.float64)
    endless = decay >= 1
    tau = dt / np.where(endless, 1 / _ENDLESS, 1 - decay)
    return tau, (_loss(population, "a decay of exactly 1"),) if endless.any() else ()


def _by_factors(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """A membrane ``v = beta * v + input``, as snnTorch and Spyx have it."""
    tau, lost = _decayed(population, given["beta"], dt)
    leak = {"v_leak": np.zeros(())}
    if "threshold" not in given:
        return Counterpart("LI", {**leak, "tau": tau, "r": tau / dt}, lost)
    theta = {"v_threshold": given["threshold"], "v_reset": given.get("v_reset", np.zeros(()))}
    if "alpha" not in given:
        return Counterpart("LIF", {**leak, **theta, "tau": tau, "r": tau / dt}, lost)
    syn, more = _decayed(population, given["alpha"], dt)
    values = {"tau_mem": tau, "tau_syn": syn, "r": tau / dt, "w_in": syn / dt}
    return Counterpart("CubaLIF", {**leak, **theta, **values}, (*lost, *more))


def _lapicque(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """Lapicque of snnTorch: a circuit of a resistor and a capacitor."""
    tau, lost = _decayed(population, given["decay"], dt)
    gain = np.asarray(given["resistance"], np.float64) * given["rate"] * given["time_step"]
    values = {"tau": tau, "r": gain * tau / dt, "v_leak": np.zeros(()), "v_reset": np.zeros(()),
              "v_threshold": given["threshold"]}  # fmt: skip
    return Counterpart("LIF", values, lost)


def _without_leak(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """An integrator whose input is not scaled, in the convention ``integrator="step"``."""
    del population, dt
    theta = {"v_threshold": given["threshold"], "v_reset": given.get("v_reset", 0.0)}
    return Counterpart("IF", {"r": np.ones(()), **theta})


def _by_gains(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """Norse's membranes ``v + g * (…)``, where ``g = dt / tau``."""
    del population
    values = {"r": np.ones(()), "v_leak": given["v_leak"]}
    kind = "LI"
    if "threshold" in given:
        values |= {"v_threshold": given["threshold"], "v_reset": given["v_reset"]}
        kind = "LIF"
    tau = dt / np.asarray(given["g_mem"], np.float64)
    if "g_syn" not in given:
        return Counterpart(kind, {**values, "tau": tau})
    syn = dt / np.asarray(given["g_syn"], np.float64)
    values |= {"tau_mem": tau, "tau_syn": syn, "w_in": np.ones(())}
    return Counterpart(f"Cuba{kind}", values)


def _by_tau(population: Population, given: Mapping[str, Any], dt: float) -> Counterpart:
    """SpikingJelly's membranes, which leak towards their reset value."""
    steps = given["tau"] if "tau" in given else 1 / np.asarray(given["leak"], np.float64)
    scaled = population.cell.name.split("_")[2] == "decayed"
    values = {
        "tau": np.asarray(steps, np.float64) * dt,
        "r": np.ones(()) if scaled else np.asarray(steps, np.float64),
        "v_leak": given.get("v_reset", np.zeros(())),
        "v_threshold": given["threshold"],
        "v_reset": given.get("v_reset", np.zeros(())),
    }
    return Counterpart("LIF", values)


_ENDLESS = 2.0**40
"""Steps in the time constant that stands for no decay at all."""

_LIVE: dict[str, Callable[[Population, Mapping[str, Any], float], Counterpart]] = {
    "snntorch_Leaky": _by_factors,
    "snntorch_RLeaky": _by_factors,
    "snntorch_Synaptic": _by_factors,
    "snntorch_RSynaptic": _by_factors,
    "snntorch_Lapicque": _lapicque,
    "norse_LIF": _by_gains,
    "norse_LIFBox": _by_gains,
    "norse_LI": _by_gains,
    "norse_LIBox": _by_gains,
    "norse_IAF": _without_leak,
    "spikingjelly_IF": _without_leak,
    "spikingjelly_LIF": _by_tau,
    "spikingjelly_PLIF": _by_tau,
    "spikingjelly_CUBALIF": _by_factors,
    "spyx_IF": _without_leak,
    "spyx_RIF": _without_leak,
    "spyx_LIF": _by_factors,
    "spyx_RLIF": _by_factors,
    "spyx_CuBaLIF": _by_factors,
    "spyx_RCuBaLIF": _by_factors,
}
"""Cells of live modules, by the first two words of their names."""


def sign_of(network: Network, item: Projection | GradedProjection) -> int:
    """-1 where weights are magnitudes on an inhibitory port."""
    cells = {population.name: population.cell for population in network.populations}
    cell = cells.get(item.post)
    ports = {port.name: port for port in cell.ports} if cell is not None else {}
    port = ports.get(item.port)
    return -1 if port is not None and port.nonnegative and "inh" in port.name else 1
