"""Cores and SDRAM that sPyNNaker will take, without running it.

The sizes of data structures are those of sPyNNaker 7.4.1; the tests compare them with its own
reports.  With steps below 1 ms sPyNNaker gives synapses cores of their own, which these count; the few
buffers between them are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.pynn.translate import Plan
from neuro.deploy.spinnaker.machine import (
    CHIP_SDRAM,
    GATHERER_SDRAM,
    MONITOR_SDRAM,
    SpinnakerBoard,
)
from neuro.ir.ring_buffer import RATE

WORD = 4
HEADER_WORDS = 3
LONGEST_ROW = 256
"""Words of the longest row of a synaptic matrix."""

RING_BITS = 14
DELAY_STAGES = 8
"""Stages of a delay extension; each adds as many steps as the population's ring buffer has."""

ARRAY_NEURONS, POISSON_NEURONS, DELAY_NEURONS = 2**31, 500, 256
_CORE_BYTES, _DELAY_BYTES, _ARRAY_BYTES = 1052, 520, 512
_ROW_ALIGNMENT = 16
_EVENTS_A_MESSAGE, _MESSAGE_HEADER = 66, 6
_OVERFLOW_STEPS, _SLOW = 5, 0.01
_STATIC_RATE, _PLASTIC_RATE, _MOST_SYNAPSE_CORES = 13_000_000, 1_400_000, 15
ALL = slice(None)

TICK = 1.0
"""Shortest step in ms for which neurons and synapses share a core."""

_NEURON_BYTES = {
    "IF_curr_exp": 60,
    "IF_cond_exp": 68,
    "IF_curr_alpha": 76,
}
"""Bytes of a neuron's parameters and state."""

_BUILDER_BYTES = {
    "IF_curr_exp": (324, 392),
    "IF_cond_exp": (340, 440),
    "IF_curr_alpha": (356, 488),
}
"""Bytes of what the board makes the parameters from: for the core, and for each neuron."""

PLANNED_STEPS = 1000
"""Steps for whose recording sPyNNaker plans (``minimum_auto_time_steps``); a longer run pauses to
read out what was recorded as often as the free memory asks for."""

_VARIABLES = 4
"""Variables of a neuron that can be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one population takes.

    Attributes
    ----------
    name
        The population; ``NAME, delays`` for the cores that hold its spikes back.
    cores
        Cores.
    sdram
        Bytes of all of them.
    longest_row
        Words of the longest row of its synapses; more than `LONGEST_ROW` is refused.
    """

    name: str
    cores: int
    sdram: int
    longest_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a network takes on a board.

    Attributes
    ----------
    board, steps
        For which board, and how many steps between two read-outs.
    parts
        One for each population.
    cores, free_cores
        Cores that it takes, and that the board has for it.
    sdram, free_sdram
        Bytes that it takes, and that the board has besides sPyNNaker's own monitors.
    keys
        Ranges of keys that routers tell apart, at most; each may take an entry on a chip.
    """

    board: str
    steps: int
    parts: tuple[Cost, ...]
    free_cores: int
    free_sdram: int
    keys: int

    @property
    def cores(self) -> int:
        """Cores of all populations."""
        return sum(part.cores for part in self.parts)

    @property
    def sdram(self) -> int:
        """Bytes of all populations."""
        return sum(part.sdram for part in self.parts)


def predict(plan: Plan, board: SpinnakerBoard) -> Prediction:
    """What `plan` takes on `board`.

    Parameters
    ----------
    plan
        A network translated for SpiNNaker, with its drive and number of steps.
    board
        The board.
    """
    parts = [_cost(plan, tree, board) for tree in plan.tree["populations"]]
    parts += _delay_extensions(plan, board)
    senders = {tree["pre"] for tree in plan.tree["projections"]}
    return Prediction(
        board=board.name,
        steps=PLANNED_STEPS,
        parts=tuple(parts),
        free_cores=board.free_cores,
        free_sdram=board.chips * (CHIP_SDRAM - MONITOR_SDRAM) - board.boards * GATHERER_SDRAM,
        keys=sum(part.cores for part in parts if part.name.partition(", ")[0] in senders),
    )


def neurons_per_core(tree: dict[str, Any], board: SpinnakerBoard) -> int:
    """Neurons of a population on a full core."""
    limits = {"SpikeSourceArray": ARRAY_NEURONS, "SpikeSourcePoisson": POISSON_NEURONS}
    most = limits.get(tree["cell"], board.most_neurons(tree["cell"]))
    return int(min(tree["size"], most))


def delay_slots(plan: Plan, population: str, board: SpinnakerBoard) -> int:
    """Steps that the ring buffers of a population reach ahead."""
    tree = _population(plan, population)
    room = 2 ** (RING_BITS - _bits(neurons_per_core(tree, board)) - 1)
    longest = max((_longest(plan, p["name"]) for p in _incoming(plan, population)), default=0)
    return int(min(2 ** _bits(longest), room))


def longest_delay(plan: Plan, population: str, board: SpinnakerBoard) -> int:
    """The longest delay in steps that projections onto a population can have."""
    room: int = 2 ** (RING_BITS - _bits(neurons_per_core(_population(plan, population), board)) - 1)
    return room * (1 + DELAY_STAGES)


def _cost(plan: Plan, tree: dict[str, Any], board: SpinnakerBoard) -> Cost:
    if tree["cell"] == "SpikeSourceArray":
        return Cost(name=tree["name"], cores=1, sdram=_array_bytes(plan, tree["name"]))
    neurons = neurons_per_core(tree, board)
    cores = -(-tree["size"] // neurons)
    if tree["cell"] == "SpikeSourcePoisson":
        last = tree["size"] - (cores - 1) * neurons
        sdram = sum(_poisson_bytes(plan, tree, n) for n in (*[neurons] * (cores - 1), last))
        return Cost(name=tree["name"], cores=cores, sdram=sdram)
    matrix, row = _matrix(plan, tree["name"], neurons, board)
    slices, cores = cores, cores * (1 + _synapse_cores(plan, tree["name"], neurons, board))
    a_core = _neuron_bytes(tree, neurons) + matrix + _recording(tree, neurons, PLANNED_STEPS)
    return Cost(name=tree["name"], cores=cores, sdram=slices * a_core, longest_row=row)


def _synapse_cores(plan: Plan, population: str, neurons: int, board: SpinnakerBoard) -> int:
    """Cores that only sum inputs, for each core of neurons; none with steps of 1 ms or more."""
    incoming = _incoming(plan, population)
    if plan.tree["dt"] >= TICK or not incoming:
        return 0
    events = sum(
        math.ceil(_longest_row(plan, tree, neurons) * RATE * _population(plan, tree["pre"])["size"])
        for tree in incoming
    )
    plastic = any(tree["stdp"] is not None for tree in incoming)
    rate = (_PLASTIC_RATE if plastic else _STATIC_RATE) * board.time_scale_factor
    return min(_MOST_SYNAPSE_CORES, -(-int(events) // rate))


# Parts of a core ---------------------------------------------------------------------------------


def _neuron_bytes(tree: dict[str, Any], neurons: int) -> int:
    """What does not depend on synapses."""
    state = WORD + _NEURON_BYTES[tree["cell"]] * neurons
    fixed, each = _BUILDER_BYTES[tree["cell"]]
    odd = 2 * WORD * (neurons % 2)
    core = 28 + WORD * neurons
    recording = 52 + 2 * WORD * _VARIABLES // 2 * -(-neurons // 2)
    # 412 system, 124 + 112 + 4 recording and provenance, 4 currents, 36 synapse parameters
    return (
        412 + 124 + 112 + 4 + 4 + 36 + core + 2 * state + recording + fixed + each * neurons + odd
    )


def _recording(tree: dict[str, Any], neurons: int, steps: int) -> int:
    """Bytes of what is recorded in all steps."""
    spikes = WORD * -(-neurons // 32) + WORD
    values = WORD * neurons + WORD
    variables = [name for name in tree["record"] if name != "spikes"]
    a_step = spikes * ("spikes" in tree["record"]) + values * len(variables)
    return a_step * steps + 2 * WORD * len(tree["record"])


def _poisson_bytes(plan: Plan, tree: dict[str, Any], neurons: int) -> int:
    """Bytes of a core of Poisson sources; their spikes are kept as one bit a cell and spike."""
    recorded = 0
    if "spikes" in tree["record"]:
        rate = float(np.max(plan.number(tree["parameters"]["rate"])))
        a_step = 2 * WORD + WORD * -(-neurons // 32) * _most_spikes(rate * plan.tree["dt"] / 1000)
        recorded = a_step * (PLANNED_STEPS + _OVERFLOW_STEPS)
    return 548 + 74 * neurons + recorded


def _most_spikes(mean: float) -> int:
    """Spikes of a source in a step that sPyNNaker makes room for: one beyond 99.9 % of all steps."""
    if mean < _SLOW:
        return 1
    term = below = math.exp(-mean)
    count = 0
    while below < 0.999:
        count += 1
        term *= mean / count
        below += term
    return count + 1


def _array_bytes(plan: Plan, name: str) -> int:
    """Bytes of a spike array: room for its fullest step, in every step."""
    step = plan.arrays.get(f"{name}/step", np.empty(0, np.int64))
    if not len(step):
        return _ARRAY_BYTES
    events = int(np.bincount(np.asarray(step, np.int64)).max())
    a_step = WORD * events + _MESSAGE_HEADER * -(-events // _EVENTS_A_MESSAGE)
    return _ARRAY_BYTES + a_step * (1 + PLANNED_STEPS)


def _delay_extensions(plan: Plan, board: SpinnakerBoard) -> list[Cost]:
    """Cores that hold spikes back for delays that ring buffers do not reach."""
    found: dict[str, int] = {}
    for tree in plan.tree["projections"]:
        stages = _stages(plan, tree, board)
        if stages:
            found[tree["pre"]] = max(found.get(tree["pre"], 0), stages)
    costs = []
    for name in found:
        most = min(DELAY_NEURONS, neurons_per_core(_population(plan, name), board))
        cores = -(-_population(plan, name)["size"] // most)
        costs.append(Cost(name=f"{name}, delays", cores=cores, sdram=cores * _DELAY_BYTES))
    return costs


# Synapses ----------------------------------------------------------------------------------------


def _matrix(plan: Plan, population: str, neurons: int, board: SpinnakerBoard) -> tuple[int, int]:
    """Bytes that the synapses onto a core take, and words of the longest row."""
    incoming = _incoming(plan, population)
    address, longest = 2 * WORD, 0
    for tree in incoming:
        pre = _population(plan, tree["pre"])
        pre_neurons = neurons_per_core(pre, board)
        slices = -(-pre["size"] // pre_neurons)
        for words, stages in _rows(plan, tree, neurons, board):
            longest = max(longest, words)
            block = pre_neurons * (words + HEADER_WORDS) * WORD * stages
            for _ in range(slices):
                address = -(-address // _ROW_ALIGNMENT) * _ROW_ALIGNMENT + block
    return address + _tables(plan, incoming, board) + _plasticity(plan, incoming), longest


def _rows(
    plan: Plan, tree: dict[str, Any], neurons: int, board: SpinnakerBoard
) -> list[tuple[int, int]]:
    """Words of the longest row and stages of delay, of synapses within and beyond the ring."""
    slots = delay_slots(plan, tree["post"], board)
    delay = np.rint(plan.arrays[f"{tree['name']}/delay"] / plan.tree["dt"])
    found = []
    near = delay <= slots
    if near.any():
        found.append((_row_words(plan, tree, neurons, near), 1))
    if not near.all():
        found.append((_row_words(plan, tree, neurons, ~near), _stages(plan, tree, board)))
    return found


def _row_words(plan: Plan, tree: dict[str, Any], neurons: int, chosen: NDArray[np.bool_]) -> int:
    """Words of the longest row: the synapses of one cell onto the cells of one core."""
    most = _longest_row(plan, tree, neurons, chosen)
    if tree["stdp"] is None:
        return most
    return math.ceil(most / 2) + math.ceil((2 * WORD + 2 * most) / WORD)


def _longest_row(
    plan: Plan, tree: dict[str, Any], neurons: int, chosen: NDArray[np.bool_] | slice = ALL
) -> int:
    """The most synapses, of those `chosen`, of one cell onto the cells of one core."""
    pre = plan.arrays[f"{tree['name']}/pre"][chosen].astype(np.int64)
    core = plan.arrays[f"{tree['name']}/post"][chosen].astype(np.int64) // neurons
    return int(np.bincount(pre * (int(core.max()) + 1) + core).max())


def _stages(plan: Plan, tree: dict[str, Any], board: SpinnakerBoard) -> int:
    slots = delay_slots(plan, tree["post"], board)
    return max(0, math.ceil(_longest(plan, tree["name"]) / slots) - 1)


def _tables(plan: Plan, incoming: list[dict[str, Any]], board: SpinnakerBoard) -> int:
    """Bytes of the tables that find rows, and of the filters before them."""
    seen: dict[str, int] = {}
    for tree in incoming:
        seen[tree["pre"]] = max(seen.get(tree["pre"], 0), _stages(plan, tree, board))
    table, keys, filters = 2 * WORD, 0, 2 * WORD
    for name, stages in seen.items():
        size = _population(plan, name)["size"]
        table += 6 * WORD * (2 if stages else 1)
        keys += WORD * (2 if stages else 1)
        filters += WORD * (4 + -(-size // 32)) + WORD * (4 + -(-size * stages // 32))
    return table + 92 + keys + filters


def _plasticity(plan: Plan, incoming: list[dict[str, Any]]) -> int:
    """Bytes of the tables of STDP."""
    rules = [tree["stdp"] for tree in incoming if tree["stdp"] is not None]
    if not rules:
        return 0
    taus = [rules[0]["timing"][name] for name in ("tau_plus", "tau_minus")]
    return WORD + sum(_decay_table(plan.tree["dt"] / tau) for tau in taus) + 8 * WORD


def _decay_table(rate: float) -> int:
    """Bytes of ``exp(-k rate)`` in 11 bits, down to the last bit."""
    size, extra = divmod(math.log(2**11) / rate, 2)
    return 2 * (2 + 2 * (int(size) + (extra > 0)))


def _incoming(plan: Plan, population: str) -> list[dict[str, Any]]:
    return [
        tree
        for tree in plan.tree["projections"]
        if tree["post"] == population and plan.arrays[f"{tree['name']}/pre"].size
    ]


def _population(plan: Plan, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in plan.tree["populations"] if p["name"] == name)
    return found


def _longest(plan: Plan, projection: str) -> int:
    """The longest delay of a projection, in steps."""
    dt: float = plan.tree["dt"]
    return round(float(np.max(plan.arrays[f"{projection}/delay"], initial=0)) / dt)


def _bits(values: int) -> int:
    """Bits that tell `values` things apart, at least one."""
    return max(1, math.ceil(math.log2(values))) if values else 0
