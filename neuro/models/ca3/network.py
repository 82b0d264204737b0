"""The network of the CA3 content-addressable memory.

Topology, parameters and protocol are facts from Casanueva-Morato et al., "Spike-based computational
models of bio-inspired memories: a content-addressable memory of CA3", Neural Networks 178 (2024),
arXiv 2310.05868, and from the spikes its authors recorded on SpiNNaker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neuro.cells.base import Cell
from neuro.cells.if_curr_delta import IF_curr_delta
from neuro.cells.if_curr_exp import IF_curr_exp
from neuro.errors import unknown_name
from neuro.frontend.builder import NetworkBuilder
from neuro.frontend.connectors import AllToAllConnector, OneToOneConnector
from neuro.frontend.handles import PopulationHandle
from neuro.frontend.sources import DCSource, SpikeSourceArray
from neuro.ir.network import FLOAT32, Network, NumberFormat
from neuro.synapses.pair_stdp import PairSTDP
from neuro.synapses.static import StaticSynapse

INTERNAL = ("S1Cue", "S1Cont", "Cond", "Int", "S2Cue", "S2Cont", "MCue", "MCont")
POPULATIONS = ("InCue", "InCont", *INTERNAL, "OutCue", "OutCont")
"""Names of all populations, input first."""

WEIGHT = 6.0
"""Weight of a synapse that fires its target alone, and bound of the plastic ones; nA."""

_SLOW = {"cm": 0.27, "tau_m": 3.0, "v_thresh": -57.0}
_FAST = {"cm": 0.14, "tau_m": 0.5, "v_thresh": -57.0}
_OUTPUT = {"cm": 0.27, "tau_m": 3.0, "v_thresh": -57.5}
_COMMON = {
    "tau_refrac": 1.0,
    "tau_syn_E": 0.3,
    "tau_syn_I": 0.3,
    "v_rest": -60.0,
    "v_reset": -60.0,
}
_KINDS = {"Cond": _FAST, "Int": _FAST, "S2Cue": _FAST, "OutCue": _OUTPUT, "OutCont": _OUTPUT}

Pattern = Literal["one", "all", "others"]
Form = Literal["auto", "spinnaker", "delta"]
FORMS: tuple[Form, ...] = ("auto", "spinnaker", "delta")

PAPER_CELLS_UP_TO = 48
"""Most content bits for which ``"auto"`` takes the paper's cells.

Inhibition grows with the content (6 nA a bit), and 3.6 % of a synaptic current is left a step later:
from about 60 bits on, what is left of excitation that was silenced fires S2Cue a second time, and
forgetting fails.  Delta synapses leave nothing.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A static projection: weight in nA, delay in ms."""

    pre: str
    post: str
    pattern: Pattern
    receptor: Literal["excitatory", "inhibitory"]
    weight: float
    delay: float


def links(content: int) -> tuple[Link, ...]:
    """The static projections of a memory with `content` bits."""
    silence = WEIGHT * content  # one inhibitory spike outweighs a whole content
    return (
        Link("InCue", "S1Cue", "one", "excitatory", WEIGHT, 1),
        Link("InCont", "S1Cont", "one", "excitatory", WEIGHT, 1),
        Link("S1Cue", "S2Cue", "one", "excitatory", WEIGHT, 2),
        Link("S1Cue", "S2Cue", "others", "inhibitory", silence, 3),
        Link("S1Cue", "Cond", "all", "inhibitory", WEIGHT, 2),
        Link("S1Cont", "Cond", "one", "excitatory", 9.0, 1),
        Link("S1Cont", "Int", "all", "excitatory", WEIGHT, 1),
        Link("Int", "Cond", "all", "excitatory", 2.0, 1),
        Link("Cond", "S2Cont", "one", "excitatory", WEIGHT, 1),
        Link("S2Cue", "S2Cue", "others", "inhibitory", silence, 2),
        Link("S1Cue", "MCue", "one", "excitatory", WEIGHT, 3),
        Link("S2Cue", "MCue", "one", "excitatory", WEIGHT, 1),
        Link("S1Cont", "MCont", "one", "excitatory", WEIGHT, 3),
        Link("S2Cont", "MCont", "one", "excitatory", WEIGHT, 1),
        Link("MCue", "OutCue", "one", "excitatory", WEIGHT, 1),
        Link("MCont", "OutCont", "one", "excitatory", WEIGHT, 1),
    )


def build_network(
    cues: int,
    content: int,
    *,
    form: Form = "auto",
    amplitude: float = WEIGHT,
    gated: bool = False,
    memories: NDArray[np.bool_] | None = None,
    format: NumberFormat = FLOAT32,
    dt: float = 1.0,
) -> Network:
    """Build the memory for `cues` cues and `content` bits; see `CA3Memory` for the parameters.

    `memories` holds what is stored at the start; shape (cues, content).
    """
    form = chosen_form(form, content)
    net = NetworkBuilder(dt=dt, name=f"ca3-{cues}x{content}", format=format)
    sizes = {name: cues if name.endswith("Cue") else content for name in POPULATIONS} | {"Int": 1}
    populations = {name: _add_population(net, name, sizes[name], form) for name in POPULATIONS}
    for link in links(content):
        _add_link(net, populations, link, scale(link.post, form, dt))
    stored = np.zeros((cues, content), bool) if memories is None else memories
    for pre, post, known in (("S1Cue", "S1Cont", stored), ("S2Cont", "S2Cue", stored.T)):
        handle = net.projection(
            populations[pre],
            populations[post],
            AllToAllConnector(),
            _plastic(amplitude, gated, known, scale(post, form, dt)),
            receptor_type="excitatory",
            label=f"{pre}_to_{post}",
        )
        if gated:
            net.inject(DCSource(1.0), handle, port="gate", label=f"gate_of_{pre}_to_{post}")
    return net.build()


def chosen_form(form: Form, content: int) -> Form:
    """``"spinnaker"`` or ``"delta"``; what ``"auto"`` means depends on the number of bits.

    Raises
    ------
    UnknownNameError
        If there is no such form.
    """
    if form not in FORMS:
        raise unknown_name(form, FORMS, kind="form", where="CA3Memory, form")
    if form != "auto":
        return form
    return "spinnaker" if content <= PAPER_CELLS_UP_TO else "delta"


def scale(post: str, form: Form, dt: float = 1.0) -> float:
    """What turns a weight in nA into the weight of a projection onto `post`.

    In the delta form weights are the jumps of the membrane (mV) that SpiNNaker's arithmetic makes
    of them within a step: ``R (1 - exp(-dt/tau_m)) (1 - exp(-dt/tau_syn)) tau_syn/dt``.
    """
    if form == "spinnaker":
        return 1.0
    kind, tau_syn = _KINDS.get(post, _SLOW), _COMMON["tau_syn_E"]
    resistance = kind["tau_m"] / kind["cm"]
    mean = tau_syn / dt * -math.expm1(-dt / tau_syn)
    return resistance * -math.expm1(-dt / kind["tau_m"]) * mean


def _add_population(net: NetworkBuilder, name: str, size: int, form: Form) -> PopulationHandle:
    cell: Cell | SpikeSourceArray
    kind = _KINDS.get(name, _SLOW)
    if name in ("InCue", "InCont"):
        cell = SpikeSourceArray()
    elif form == "spinnaker":
        cell = IF_curr_exp(scheme="spinnaker", **_COMMON, **kind)
    else:
        common = {key: value for key, value in _COMMON.items() if not key.startswith("tau_syn")}
        cell = IF_curr_delta(**common, **kind)
    population = net.population(size, cell, label=name)
    population.record("spikes")
    return population


def _add_link(
    net: NetworkBuilder, populations: dict[str, PopulationHandle], link: Link, factor: float
) -> None:
    connector = (
        OneToOneConnector()
        if link.pattern == "one"
        else AllToAllConnector(allow_self_connections=link.pattern == "all")
    )
    suffix = "" if link.receptor == "excitatory" else "_inhibitory"
    net.projection(
        populations[link.pre],
        populations[link.post],
        connector,
        StaticSynapse(weight=link.weight * factor, delay=link.delay),
        receptor_type=link.receptor,
        label=f"{link.pre}_to_{link.post}{suffix}",
    )


def _plastic(amplitude: float, gated: bool, known: NDArray[np.bool_], factor: float) -> PairSTDP:
    weight = (WEIGHT * factor) * known.astype(float).reshape(-1)
    return PairSTDP(
        gated=gated,
        weight=weight if known.any() else 0.0,
        delay=1.0,
        tau_plus=3.0,
        tau_minus=3.0,
        A_plus=amplitude * factor,
        A_minus=amplitude * factor,
        w_min=0.0,
        w_max=WEIGHT * factor,
    )
