"""Networks for tests: one per library cell and synapse, and random ones for hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type, synapse_type, trace
from neuro.ir.fixed.mantissa import best_exponent
from neuro.ir.network import Network, Scale
from neuro.passes.watch_peaks import cell_variables
from neuro.units import parse_unit

STEPS = 60

NOISY = cell_type(
    "noisy",
    parameters="tau : ms = 10\n sigma : 1 = 0.3",
    state="v : 1 = 0, held\n n : 1 = 0\n slow : 1 = 0",
    ports="input : 1\n bound : 1 -> slow",
    derived="beta = exp(-dt / tau)",
    update="""
        n = 0.5 * n + normal()
        high = n > 1 or uniform() > 0.9
        slow = 0.9 * slow + (0.01 if high else 0)
        v = beta * v + input + sigma * n * sqrt(dt / ms) + tanh(slow) * 0.1
    """,
    spike="v > 1 - 0.1 * uniform()",
    reset="v = v - 1; slow = slow + 0.05",
    refractory="3 * ms",
)
"""A cell with noise, a local condition, library functions and a mixed threshold."""

COUPLED = cell_type(
    "coupled",
    parameters="tau : ms = 15\n rest : ms = 2",
    state="v : 1 = 0, held\n w : 1 = 0",
    ports="input : 1",
    update="""
        v = v + dt / tau * (input * 8 - v) - 0.05 * w
        w = w + dt / (5 * tau) * (v - w)
    """,
    spike="v >= 0.8 and t >= 2 * ms",
    reset="v = 0; w = w + 0.2",
    refractory="rest",
)
"""A cell in which a variable that is not held depends on the new value of one that is."""

ASTROCYTE = cell_type(
    "astrocyte",
    parameters="tau_g : ms = 30\n tau_c : ms = 100",
    state="g : 1 = 0\n c : 1 = 0\n gate : 1 = 0",
    ports="sense : 1 -> g",
    derived="d_g = exp(-dt / tau_g)\n d_c = exp(-dt / tau_c)",
    update="""
        c = d_c * c + (1 - d_c) * g
        gate = sigmoid(4 * (c - 0.2))
        g = d_g * g
    """,
)
"""A graded cell: it never spikes."""

INTEGER_ASTROCYTE = cell_type(
    "integer_astrocyte",
    parameters="tau_g : ms = 30\n tau_c : ms = 100",
    state="g : 1 = 0\n c : 1 = 0\n gate : 1 = 0",
    ports="sense : 1 -> g",
    derived="d_g = exp(-dt / tau_g)\n d_c = exp(-dt / tau_c)",
    update="""
        c = d_c * c + (1 - d_c) * g
        gate = clip(4 * (c - 0.2), 0, 1)
        g = d_g * g
    """,
)
"""An astrocyte that has an integer form."""

CALCIUM = synapse_type(
    "calcium",
    parameters="tau : ms = 30, shared\n rate : 1 = 0.02\n w_max : weight = 1",
    derived="d = exp(-dt / tau)",
    state="ca : 1 = 0",
    pre=trace("x : 1", on_spike="x = x + 0.5 * (1 - x)", each_step="x = d * x"),
    post=trace(
        "y : 1\n z : 1", on_spike="y = y + 1; z = z + y", each_step="y = d * y; z = 0.9 * z"
    ),
    factors="modulator : 1, per_post",
    on_pre="ca = ca + 0.3 * y; w = clip(w - rate * w * ca, 0, w_max)",
    send="w * (1 - 0.5 * x)",
    on_post="ca = ca + x; w = clip(w + rate * (w_max - w) * ca * (1 + modulator), 0, w_max)",
    each_step="ca = 0.95 * ca",
)
"""A synapse with everything: state, traces on both sides, a factor per cell, a sent value."""


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
    "PHC": (lambda: neuro.PHC(a_exc=0.75, r=0.2), 0.8),
    "AdEx": (lambda: neuro.AdEx(tau_refrac=2.0, i_offset=0.8), 0.02),
    "Izhikevich": (lambda: neuro.Izhikevich(i_offset=8.0), 3.0),
    "LoihiLIF": (lambda: neuro.LoihiLIF(du=3000, dv=300, vth=50, bias_mant=180), 24.0),
    "noisy": (lambda: neuro.CustomCell(NOISY), 0.5),
    "coupled": (lambda: neuro.CustomCell(COUPLED), 0.5),
}
"""Every library cell, driven close to threshold, and the weight of an input that moves it."""


INTEGER_CELLS = tuple(
    name for name in LIBRARY_CELLS if name not in ("IF_cond_exp", "AdEx", "noisy", "LoihiLIF")
)
"""Those that have an integer form at any exponents; LoihiLIF's numbers are whole."""


def plastic(name: str, weight: float, **given: Any) -> neuro.Synapse:
    """A synapse of the library by name, with amplitudes that fit `weight`."""
    bounds = {"w_min": 0.0, "w_max": 2.0 * weight}
    timing = {"tau_plus": 12.0, "tau_minus": 15.0}
    pair = {**bounds, **timing, "weight": weight, **given}
    amplitude = {"A_plus": 0.1 * weight, "A_minus": 0.12 * weight}
    match name.split():
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
    if "inhibitory" in ports:
        synapse = neuro.StaticSynapse(weight=0.3 * weight, delay=2.0)
        inhibited = neuro.FixedProbabilityConnector(density * 2 / 3)
        net.projection(noise, cells, inhibited, synapse, receptor_type="inhibitory")


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


# Random networks ---------------------------------------------------------------------------------


@st.composite
def cases(draw: Any, *, fixed: bool = False) -> Case:
    """A random network: cells, connectors, delays 1 to 20, plasticity, noise, inputs, graded parts.

    In fixed point, exponents are drawn too: some variables saturate, some keep few bits.
    """
    formats = [neuro.fixed_point(7, 24, weight_bits=bits) for bits in (8, 16)]
    format = draw(st.sampled_from(formats if fixed else [neuro.FLOAT32, neuro.FLOAT64]))
    kinds = INTEGER_CELLS if fixed else tuple(LIBRARY_CELLS)
    seed = draw(st.integers(0, 2**64 - 1))
    net = neuro.NetworkBuilder(dt=draw(st.sampled_from([0.5, 1.0])), name="random", format=format)
    source = net.population(draw(st.integers(1, 30)), neuro.SpikeSourceArray(), label="source")
    count = draw(st.integers(1, 3))
    populations = [_population(draw, net, place, kinds) for place in range(count)]
    for place in range(draw(st.integers(1, 5))):
        pre = draw(st.sampled_from([source, *(handle for handle, _ in populations)]))
        _projection(draw, net, pre, *draw(st.sampled_from(populations)), place)
    for handle, weight in populations:
        _inputs(draw, net, handle, weight)
    if draw(st.booleans()):
        _glia(draw, net, *populations[0], INTEGER_ASTROCYTE if fixed else ASTROCYTE)
    events = draw(
        st.lists(
            st.tuples(st.integers(0, STEPS - 1), st.integers(0, source.size - 1)),
            max_size=150,
            unique=True,
        )
    )
    table = np.array(sorted(events), np.int64).reshape(-1, 2)
    network = net.build()
    if fixed:
        jitter = st.integers(-2, 6)
        network = scaled(network, lambda: draw(jitter))
    return Case(network, {"source": (table[:, 0], table[:, 1])}, seed=seed)


def scaled(network: Network, finer: Callable[[], int] = lambda: 0) -> Network:
    """`network` with room for 128 units in each variable of a cell, or ``2**-finer()`` of that."""
    found = [
        Scale(target=p.name, variable=variable, exponent=_exponent(unit) + finer())
        for p in network.populations
        for variable, unit in cell_variables(p.cell).items()
    ]
    return replace(network, scales=tuple(found))


def _exponent(unit: str) -> int:
    return best_exponent(128 * float(parse_unit(unit).to_si(1.0)))


def _population(
    draw: Any, net: neuro.NetworkBuilder, place: int, kinds: tuple[str, ...]
) -> tuple[PopulationHandle, float]:
    make, weight = LIBRARY_CELLS[draw(st.sampled_from(sorted(kinds)))]
    size = draw(st.sampled_from([1, 3, 17, 70, 130]))
    cell = make()
    if draw(st.integers(0, 4)) == 0:
        _vary(draw, cell, size)
    initial = {}
    if "v" in {variable.name for variable in cell.cell_type.state} and weight < 1:
        initial = {"v": neuro.Normal(0.0, 0.2)} if cell.cell_type.state[0].unit == "1" else {}
    return net.population(size, cell, label=f"p{place}", initial_values=initial), weight


def _vary(draw: Any, cell: neuro.Cell, size: int) -> None:
    """Give one parameter a value per cell."""
    parameter = draw(st.sampled_from(cell.cell_type.parameters))
    base = cell.parameters.get(parameter.name, parameter.default)
    assert isinstance(base, float)
    scale = np.linspace(0.8, 1.2, size)
    cell.parameters[parameter.name] = base * scale


def _projection(
    draw: Any,
    net: neuro.NetworkBuilder,
    pre: PopulationHandle,
    post: PopulationHandle,
    weight: float,
    place: int,
) -> None:
    connectors = [
        neuro.FixedProbabilityConnector(
            draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])), allow_self_connections=draw(st.booleans())
        ),
        neuro.FixedNumberPreConnector(min(2, pre.size)),
        neuro.FixedNumberPostConnector(min(3, post.size)),
        neuro.FromListConnector([(i % pre.size, (7 * i) % post.size) for i in range(12)]),
    ]
    connector = draw(st.sampled_from(connectors))
    few = draw(st.sampled_from([1, 2, 20]))
    delay = draw(
        st.sampled_from(
            [net.dt * 1000, net.dt * 1000 * few, neuro.Uniform(net.dt * 1000, net.dt * 20000)]
        )
    )
    fraction = 1.0 if isinstance(delay, neuro.Uniform) else draw(st.sampled_from([1.0, 0.5]))
    name = draw(st.sampled_from(SYNAPSES))
    strength = weight * draw(st.sampled_from([0.2, 0.6]))
    synapse = plastic(name, strength, delay=delay, dendritic_delay_fraction=fraction)
    if draw(st.booleans()):
        synapse.weight = neuro.Uniform(0.0, 2.0 * strength)
    ports = [p.name for p in post.cell.cell_type.ports if p.name not in ("current", "bound")]  # type: ignore[union-attr]
    port = draw(st.sampled_from(ports))
    handle = net.projection(pre, post, connector, synapse, receptor_type=port, label=f"j{place}")
    for factor in synapse.synapse_type.factors:
        net.inject(neuro.StepCurrentSource([0.0, 10.0], [1.0, -0.5]), handle, port=factor.name)


def _inputs(draw: Any, net: neuro.NetworkBuilder, post: PopulationHandle, weight: float) -> None:
    ports = [port.name for port in post.cell.cell_type.ports]  # type: ignore[union-attr]
    if draw(st.booleans()):
        rate = draw(st.sampled_from([50.0, 800.0]))
        spread = neuro.Uniform(0.5 * rate, rate) if draw(st.booleans()) else rate
        net.poisson_input(post, rate=spread, weight=0.3 * weight)
    if draw(st.booleans()):
        port = "current" if "current" in ports else ports[0]
        source = neuro.StepCurrentSource([2.0, 20.0], [0.2, 0.1])
        net.inject(source, post, port=port)


def _glia(
    draw: Any, net: neuro.NetworkBuilder, post: PopulationHandle, weight: float, kind: CellType
) -> None:
    """An astrocyte that senses spikes and feeds back through a graded projection."""
    glia = net.population(2, neuro.CustomCell(kind), label="glia")
    net.projection(
        post, glia, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=0.05), label="sense"
    )
    port = [p.name for p in post.cell.cell_type.ports][-1]  # type: ignore[union-attr]
    unit = (
        1e-9
        if port == "current"
        else 0.1 * weight * (1e-3 if port.startswith(("e", "inh")) else 1.0)
    )
    delay = draw(st.sampled_from([1.0, 5.0, neuro.Uniform(1.0, 6.0)]))
    net.graded_projection(
        glia,
        "gate",
        post,
        neuro.AllToAllConnector(),
        weight=unit,
        delay=delay,
        receptor_type=port,
        label="modulate",
    )
