"""Small networks with what drives them: one for each cell and synapse of the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.network import Network
from neuro.testing.types import CALCIUM, COUPLED, NOISY

STEPS = 60
"""Steps of a random network."""


@dataclass(frozen=True)
class Case:
    """A network with what drives it."""

    network: Network
    inputs: dict[str, Any]
    steps: int = STEPS
    seed: int = 0

    def __repr__(self) -> str:
        from neuro.formats.text_printer import print_outline

        return f"Case(steps={self.steps}, seed={self.seed})\n{print_outline(self.network)}"


LIBRARY_CELLS: dict[str, tuple[Any, float]] = {
    "IF_curr_exp": (lambda: neuro.IF_curr_exp(tau_refrac=2.0, tau_syn_E=3.0, i_offset=0.5), 8.0),
    "IF_curr_exp spinnaker": (
        lambda: neuro.IF_curr_exp(scheme="spinnaker", tau_refrac=1.0, i_offset=0.5),
        8.0,
    ),
    "IF_curr_delta": (lambda: neuro.IF_curr_delta(tau_refrac=3.0, i_offset=0.6), 6.0),
    "IF_curr_alpha": (
        lambda: neuro.IF_curr_alpha(tau_refrac=2.0, tau_syn_E=2.0, i_offset=0.5),
        4.0,
    ),
    "IF_cond_exp": (lambda: neuro.IF_cond_exp(tau_refrac=2.0, i_offset=0.5), 0.05),
    "IF_cond_exp euler": (
        lambda: neuro.IF_cond_exp(scheme="euler", tau_refrac=2.0, i_offset=0.5),
        0.05,
    ),
    "LIF value": (lambda: neuro.LIF(bias=0.06), 0.5),
    "LIF subtract": (lambda: neuro.LIF(reset="subtract", bias=0.06, tau_refrac=2.0), 0.5),
    "ALIF lsnn": (lambda: neuro.ALIF(bias=0.08), 0.6),
    "ALIF eprop": (
        lambda: neuro.ALIF(convention="eprop", beta=0.1, bias=0.08, tau_refrac=1.0),
        0.6,
    ),
    "ModulatedLIF": (lambda: neuro.ModulatedLIF(bias=0.06, tau_refrac=1.0), 0.5),
    "PHC": (lambda: neuro.PHC(a_exc=0.75, r=0.2), 0.8),
    "PHC adaptive": (lambda: neuro.PHC(adaptive=True, a_exc=0.75, r=0.2), 0.8),
    "AdEx": (lambda: neuro.AdEx(tau_refrac=2.0, i_offset=0.8), 0.02),
    "Izhikevich": (lambda: neuro.Izhikevich(i_offset=8.0), 3.0),
    "LoihiLIF": (lambda: neuro.LoihiLIF(du=3000, dv=300, vth=50, bias_mant=180), 24.0),
    "noisy": (lambda: neuro.CustomCell(NOISY), 0.5),
    "coupled": (lambda: neuro.CustomCell(COUPLED), 0.5),
}
"""Every library cell that spikes, driven close to threshold, and the weight of an input that moves it."""

ASTROCYTES: dict[str, tuple[Any, float]] = {
    "Astrocyte": (lambda: neuro.Astrocyte(tau_calcium=20.0, kappa=1.0, c0=2.0), 1.0),
    "Astrocyte hill": (
        lambda: neuro.Astrocyte(response="hill", tau_calcium=20.0, half=4.0, peak=3.0, c0=1.0),
        1.0,
    ),
}
"""Library cells that never spike, and the weight of a spike that they sense."""

INTEGER_CELLS = tuple(
    name
    for name in LIBRARY_CELLS
    if name not in ("IF_cond_exp", "AdEx", "noisy", "LoihiLIF", "ModulatedLIF")
)
"""Those that have an integer form at any exponents; LoihiLIF's numbers are whole, and the gates of
the astrocytes that come with ModulatedLIF have none."""


def plastic(name: str, weight: float, **given: Any) -> neuro.Synapse:
    """A synapse of the library by name, with amplitudes that fit `weight`."""
    bounds = {"w_min": 0.0, "w_max": 2.0 * weight}
    timing = {"tau_plus": 12.0, "tau_minus": 15.0}
    pair: dict[str, Any] = {**bounds, **timing, "weight": weight, **given}
    amplitude: dict[str, Any] = {"A_plus": 0.1 * weight, "A_minus": 0.12 * weight}
    words: list[Any] = name.split()
    match words:
        case ["static"]:
            return neuro.StaticSynapse(weight=weight, **given)
        case ["stdp", pairing, "additive", *gated]:
            return neuro.PairSTDP(pairing=pairing, gated=bool(gated), **pair, **amplitude)
        case ["stdp", pairing, "multiplicative"]:
            return neuro.PairSTDP(pairing=pairing, dependence="multiplicative", **pair)
        case ["three-factor"]:
            return neuro.ThreeFactorSTDP(
                tau_eligibility=40.0, learning_rate=50.0, **pair, **amplitude
            )
        case ["tm", notation]:
            short = {"U": 0.3, "tau_rec": 60.0, "tau_fac": 40.0}
            return neuro.TsodyksMarkram(notation=notation, weight=weight, **short, **given)
        case ["hebbian"]:
            return neuro.Hebbian(weight=weight, eta=0.05 * weight, **bounds, **given)
        case ["anti-hebbian"]:
            return neuro.AntiHebbian(weight=weight, eta=0.05 * weight, **bounds, **given)
        case ["calcium"]:
            return neuro.CustomSynapse(CALCIUM, weight=weight, w_max=2.0 * weight, **given)
    raise ValueError(name)


SYNAPSES = (
    "static",
    "stdp all_to_all additive",
    "stdp nearest additive",
    "stdp all_to_all multiplicative",
    "stdp nearest multiplicative",
    "stdp all_to_all additive gated",
    "three-factor",
    "tm B",
    "tm A",
    "tm C0",
    "tm C",
    "tm B2",
    "hebbian",
    "anti-hebbian",
    "calcium",
)


def cell_case(name: str, format: Any = neuro.FLOAT32) -> Case:
    """Twenty cells of one kind with random input, recurrent, with delays."""
    make, weight = LIBRARY_CELLS[name]
    net = neuro.NetworkBuilder(dt=1.0, name="cells", seed=3, format=format)
    noise = net.population(20, neuro.SpikeSourcePoisson(rate=150.0), label="noise")
    cells = net.population(20, make(), label="cells")
    add_standard_projections(net, noise, cells, weight)
    cells.record("spikes")
    return Case(net.build(), {}, steps=80, seed=3)


def add_standard_projections(
    net: neuro.NetworkBuilder,
    noise: PopulationHandle,
    cells: PopulationHandle,
    weight: float,
    density: float = 0.3,
) -> None:
    """Noise onto each cell, recurrent synapses with delays, and inhibition where there is a port."""
    ports = [port.name for port in cells.cell.cell_type.ports]  # type: ignore[union-attr]
    net.projection(
        noise,
        cells,
        neuro.OneToOneConnector(),
        neuro.StaticSynapse(weight=weight),
        receptor_type=ports[0],
    )
    recurrent = neuro.StaticSynapse(weight=0.4 * weight, delay=neuro.Uniform(1.0, 7.0))
    net.projection(
        cells, cells, neuro.FixedProbabilityConnector(density), recurrent, receptor_type=ports[0]
    )
    if "gain" in ports:
        add_astrocytes(net, noise, cells, weight)
    if "inhibitory" in ports:
        synapse = neuro.StaticSynapse(weight=0.3 * weight, delay=2.0)
        inhibited = neuro.FixedProbabilityConnector(density * 2 / 3)
        net.projection(noise, cells, inhibited, synapse, receptor_type="inhibitory")


def add_astrocytes(
    net: neuro.NetworkBuilder, noise: PopulationHandle, cells: PopulationHandle, weight: float
) -> None:
    """Astrocytes of both kinds that sense noise and cells, and modulate all that can be modulated."""
    linear, hill = (
        net.population(3, make(), label=f"{cells.name}-{name.replace(' ', '-')}")
        for name, (make, _) in ASTROCYTES.items()
    )
    few = neuro.FixedProbabilityConnector(0.5)
    net.senses(noise, linear, few, weight=0.2 * weight)
    net.senses(cells, linear, few, weight=0.4 * weight, delay=2.0)
    net.senses(noise, hill, few, weight=weight)
    net.modulates(linear, cells, few, target="gain", coefficient=0.3)
    net.modulates(linear, cells, few, target="bias", coefficient=0.1 * weight, delay=3.0)
    net.modulates(hill, cells, few, target="threshold", coefficient=0.2)


def synapse_case(name: str, format: Any = neuro.FLOAT32, delay: Any = 2.0) -> Case:
    """Fifteen LIF cells whose recurrent synapses are of one kind."""
    net = neuro.NetworkBuilder(dt=1.0, name="synapses", seed=5, format=format)
    noise = net.population(15, neuro.SpikeSourcePoisson(rate=120.0), label="noise")
    cells = net.population(15, neuro.LIF(tau_refrac=2.0), label="cells")
    net.projection(noise, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=1.2))
    synapse = plastic(name, 0.3, delay=delay)
    handle = net.projection(
        cells, cells, neuro.FixedProbabilityConnector(0.5), synapse, label="plastic"
    )
    for factor in synapse.synapse_type.factors:
        source = neuro.StepCurrentSource([0.0, 20.0, 50.0], [0.5, -0.5, 1.0])
        net.inject(source, handle, port=factor.name)
    cells.record(["spikes", "v"])
    handle.record("w")
    return Case(net.build(), {}, steps=100, seed=5)
