"""What is known of each simulator behind PyNN: what it has, and in which order it does a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_CURRENT = ("IF_curr_exp", "IF_curr_delta", "IF_curr_alpha")
_ALL = frozenset((*_CURRENT, "IF_cond_exp", "EIF_cond_exp_isfa_ista", "Izhikevich"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """A simulator that PyNN drives.

    Attributes
    ----------
    name, title
        Name as in ``pynn:NAME``, and how it is called in sentences.
    module
        PyNN's module.
    packages
        What to install, by the module that is imported.
    setup
        Further arguments of PyNN's ``setup``.
    lead
        Steps that the simulator runs before our step 0, plus one where it stamps a spike at the end
        of its step: ours at step t is its own at time ``(t + lead) * dt``.
    rest
        True if a step is run at rest first, because its sources cannot fire at time 0.
    cells
        Standard cells that it has.
    lacking
        Why it lacks a cell that PyNN knows there by name, by cell.
    exact
        Keys of cells that it integrates as ours do, up to rounding.
    latency
        Steps from the arrival of a spike to the first that it can cause, by cell; 0 is as ours.
        Delays are sent shorter by it.
    amplitude
        ``"relative"``: amplitudes of additive STDP are multiplied by w_max, so ours are divided.
    zero_w_min
        True if the lower bound of plastic weights is always 0.
    stdp
        What its STDP makes of pairs at a difference of 0; "" if it does as ours.
    grid
        Smallest step in ms that steps must be multiples of; 0 if any will do.
    runs
        False if what comes back are no spikes of the network.
    options
        Further options of its STDP mechanism.
    unsettable
        PyNN's names of state variables that it begins with 0, whatever the network says.
    arithmetic
        What is to be said of its numbers to someone who compares spikes.
    own_noise
        True if Poisson sources are drawn by the simulator; else their spikes are listed by us, the
        same as everywhere.
    """

    name: str
    title: str
    module: str
    packages: Mapping[str, str]
    setup: Mapping[str, Any] = field(default_factory=dict)
    lead: int = 0
    rest: bool = False
    cells: frozenset[str] = _ALL
    lacking: Mapping[str, str] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()
    latency: Mapping[str, int] = field(default_factory=dict)
    amplitude: Literal["relative", "absolute"] = "relative"
    zero_w_min: bool = False
    stdp: str = ""
    grid: float = 0.0
    runs: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    unsettable: frozenset[str] = frozenset()
    arithmetic: str = (
        "computes in double precision: a cell within a rounding error of its threshold may decide "
        "otherwise"
    )
    own_noise: bool = False


_PYNN = {"pyNN": "PyNN==0.13.0"}

NEST = Simulator(
    name="nest",
    title="NEST",
    module="pyNN.nest",
    packages=_PYNN | {"nest": "nest-simulator==3.10.0"},
    setup={"spike_precision": "on_grid"},
    lead=2,
    rest=True,
    exact=frozenset({"IF_curr_exp/exact", "IF_curr_delta/exact", "IF_curr_alpha/exact"}),
    latency={name: 1 for name in _ALL if name not in ("IF_curr_delta", "Izhikevich")},
    zero_w_min=True,
    stdp="leaves out pairs whose difference is 0, at which ours depress",
    grid=0.001,
)
"""Spikes are added to synaptic currents at the end of a step, so they act one step later; to the
membrane of delta cells before its threshold is tested, as in ours."""

NEURON = Simulator(
    name="neuron",
    title="NEURON",
    module="pyNN.neuron",
    packages=_PYNN | {"neuron": "neuron==9.0.2", "nrnutils": "nrnutils"},
    lead=1,
    cells=_ALL - {"IF_curr_delta"},
    latency=dict.fromkeys(_ALL, 1),
    stdp="pairs spikes at the times of NEURON's own events",
)

BRIAN2 = Simulator(
    name="brian2",
    title="Brian2 (through PyNN)",
    module="pyNN.brian2",
    packages=_PYNN | {"brian2": "Brian2==2.9.0"},
    lead=1,
    latency=dict.fromkeys(_ALL, 1),
    stdp="has no dendritic delays, so pairs are seen at other differences",
    options={"dendritic_delay_fraction": 0.0},
)

MOCK = Simulator(
    name="mock",
    title="PyNN's mock",
    module="pyNN.mock",
    packages=_PYNN,
    cells=_ALL - {"IF_curr_delta"},
    runs=False,
)

SPINNAKER = Simulator(
    name="spinnaker",
    title="SpiNNaker",
    module="pyNN.spiNNaker",
    packages=_PYNN | {"spynnaker": "sPyNNaker==1!7.4.1"},
    cells=frozenset({"IF_curr_exp", "IF_curr_alpha", "IF_cond_exp"}),
    lacking={
        "IF_curr_delta": "sPyNNaker's IF_curr_delta takes a weight as a current during one step, so "
        "the jump of the membrane depends on tau_m and cm.",
        "Izhikevich": "sPyNNaker's Izhikevich has exponential synaptic currents, not jumps of the "
        "membrane.",
    },
    exact=frozenset({"IF_curr_exp/spinnaker"}),
    amplitude="absolute",
    arithmetic="computes in fixed point, 15 bits behind the point, and keeps weights in 16 bits",
    own_noise=True,
    unsettable=frozenset({"gsyn_exc", "gsyn_inh"}),
)
"""Of additive STDP, sPyNNaker 7.4 takes amplitudes as they are, though PyNN says otherwise."""

SIMULATORS = {s.name: s for s in (NEST, NEURON, BRIAN2, MOCK, SPINNAKER)}
