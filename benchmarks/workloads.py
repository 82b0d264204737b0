"""The workloads, as numbers that every simulator's script reads; units are ms, mV, nA, nF, uS.

CUBA and COBA: Vogels and Abbott (2005), as in Brette et al. (2007).  Brunel: Brunel (2000), model A
with plastic E to E synapses.  The large network is CUBA with 100 inputs a cell at a step of 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One network.

    `drive` is the rate of Poisson events onto each cell in Hz.  `plastic` makes E to E synapses
    follow additive pair STDP with amplitudes of 1 % and 1.05 % of w_max = `w_max`.
    `limit` names the hand-written C program and its arguments.
    """

    name: str
    summary: str
    kind: str
    cells: int
    probability: float
    milliseconds: float
    dt: float
    excitatory: float
    inhibitory: float
    delay: float
    limit: tuple[str, ...]
    plastic: bool = False
    w_max: float = 0.0
    drive: float = 0.0

    @property
    def excitatory_cells(self) -> int:
        """Four of five cells excite."""
        return self.cells * 8 // 10

    @property
    def steps(self) -> int:
        """Number of steps."""
        return round(self.milliseconds / self.dt)

    def scaled(self, cells: int, milliseconds: float) -> Workload:
        """A smaller one with the same number of inputs a cell."""
        probability = self.probability * self.cells / cells
        return replace(self, cells=cells, probability=probability, milliseconds=milliseconds)


CURRENT = {
    "cm": 20.0,
    "tau_m": 20.0,
    "v_rest": -49.0,
    "v_reset": -60.0,
    "v_thresh": -50.0,
    "tau_refrac": 5.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
}
"""Cells with exponential currents; with 20 nF, 1 nA moves the resting potential by 1 mV."""

CONDUCTANCE = {
    "cm": 0.2,
    "tau_m": 20.0,
    "v_rest": -60.0,
    "v_reset": -60.0,
    "v_thresh": -50.0,
    "tau_refrac": 5.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "i_offset": 0.2,
}
"""Cells with exponential conductances; the leak is 10 nS."""

DELTA = {
    "cm": 20.0,
    "tau_m": 20.0,
    "v_rest": 0.0,
    "v_reset": 10.0,
    "v_thresh": 20.0,
    "tau_refrac": 2.0,
}
"""Cells whose membrane jumps."""

STDP_TAU = 20.0

WORKLOADS = (
    Workload(
        name="cuba-4k",
        summary="4,000 cells with currents, 0.3 M synapses",
        kind="current",
        cells=4000,
        probability=0.02,
        milliseconds=1000.0,
        dt=0.1,
        excitatory=1.62,
        inhibitory=9.0,
        delay=0.1,
        limit=("cuba", "-DIDX16"),
    ),
    Workload(
        name="cuba-40k",
        summary="40,000 cells with currents, 3.2 M synapses",
        kind="current",
        cells=40000,
        probability=0.002,
        milliseconds=1000.0,
        dt=0.1,
        excitatory=1.62,
        inhibitory=9.0,
        delay=0.1,
        limit=("cuba", "-DIDX16"),
    ),
    Workload(
        name="coba-4k",
        summary="4,000 cells with conductances, 0.3 M synapses",
        kind="conductance",
        cells=4000,
        probability=0.02,
        milliseconds=1000.0,
        dt=0.1,
        excitatory=0.006,
        inhibitory=0.067,
        delay=0.1,
        limit=("cuba", "-DIDX16", "-DCOBA"),
    ),
    Workload(
        name="brunel-stdp",
        summary="10,000 cells, 10 M synapses, 6.4 M of them plastic",
        kind="delta",
        cells=10000,
        probability=0.1,
        milliseconds=1000.0,
        dt=0.1,
        excitatory=0.1,
        inhibitory=0.5,
        delay=1.5,
        plastic=True,
        w_max=0.3,
        drive=20000.0,
        limit=("stdp", "-DBRUNEL"),
    ),
    Workload(
        name="large-stdp",
        summary="220,000 cells, 22 M synapses, 14 M of them plastic",
        kind="current",
        cells=220000,
        probability=100 / 220000,
        milliseconds=1000.0,
        dt=1.0,
        excitatory=1.62,
        inhibitory=9.0,
        delay=1.0,
        plastic=True,
        w_max=3.24,
        limit=("stdp",),
    ),
)


@dataclass(frozen=True, kw_only=True)
class MemoryWorkload:
    """A content-addressable memory that learns and recalls at random, one operation after another."""

    name: str
    cues: int
    content: int
    operations: int


MEMORIES = (MemoryWorkload(name="ca3-256x512", cues=256, content=512, operations=200),)

QUICK_OPERATIONS = 20
"""Operations of the quick form; a memory is never smaller, for its size is what is measured."""

QUICK = {
    "cuba-4k": (4000, 200.0),
    "cuba-40k": (40000, 100.0),
    "coba-4k": (4000, 200.0),
    "brunel-stdp": (2500, 400.0),  # its rate differs by 8 % from seed to seed in 100 ms
    "large-stdp": (22000, 200.0),
}
"""Cells and milliseconds of the quick form."""


def workload(name: str, *, quick: bool = False) -> Workload:
    """The workload called `name`, or its quick form."""
    found = next(item for item in WORKLOADS if item.name == name)
    return found.scaled(*QUICK[name]) if quick else found


def memory(name: str, *, quick: bool = False) -> MemoryWorkload:
    """The memory called `name`, or its quick form."""
    found = next(item for item in MEMORIES if item.name == name)
    return replace(found, operations=QUICK_OPERATIONS) if quick else found
