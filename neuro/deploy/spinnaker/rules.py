"""What of a network does not fit a SpiNNaker board, and what the board changes.

sPyNNaker itself accepts much of this in silence: weights that round to 0, steps shorter than the
board's tick, capacitances below 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neuro.backends.pynn.rules import findings as pynn_findings
from neuro.backends.pynn.rules import unavailable
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.backends.pynn.translate import Plan
from neuro.deploy.spinnaker.machine import CHIP_SDRAM, MONITOR_SDRAM, ROUTER_ENTRIES, SpinnakerBoard
from neuro.deploy.spinnaker.mapping import plan_for
from neuro.deploy.spinnaker.predict import LONGEST_ROW, Prediction, longest_delay, predict
from neuro.deploy.spinnaker.quantise import Point, points
from neuro.drive import Drive
from neuro.errors import Finding
from neuro.ir.network import CurrentInput, Network

TICK = 1.0
"""Shortest tick of the board that sPyNNaker is made for, ms."""

LARGEST = 65536.0
"""Numbers of 16 bits before the point end here."""

NOTABLE = 0.01
"""Relative change of a weight from which rounding is worth a note."""


def spinnaker_findings(
    network: Network,
    board: SpinnakerBoard,
    steps: int,
    seed: int,
    drive: Drive | None = None,
) -> tuple[list[Finding], Prediction | None]:
    """Everything to know before `network` is mapped onto `board`; and what it will take there.

    Parameters
    ----------
    network
        A verified network.
    board
        Where it goes.
    steps
        Length of the run; spikes that are listed beyond it do not count.
    seed, drive
        As for a run.

    Returns
    -------
    list of Finding
        All of them; the network can be mapped unless one is an error.
    Prediction or None
        None if the network has no form for PyNN.
    """
    found = list(pynn_findings(network, SPINNAKER, seed, approximate=True))
    found += [*_tick(network, board), *_changing_currents(network), *_one_rule(network)]
    if any(finding.severity == "error" for finding in found):
        return found, None
    plan = plan_for(network, board, steps, seed=seed, drive=drive)
    prediction = predict(plan, board)
    found += [*_parameters(plan), *_delays(plan, board), *_weights(plan)]
    found += _space(prediction, board)
    return found, prediction


def missing_package() -> list[Finding]:
    """A warning if sPyNNaker is not installed: checking and exporting work without it."""
    return [
        replace(finding, severity="warning", where="backend 'spinnaker'")
        for finding in unavailable(SPINNAKER)
    ]


def _finding(severity: Any, rule: str, where: str, what: str, hint: str = "") -> Finding:
    return Finding(severity=severity, rule=rule, where=where, what=what, hint=hint)


# The network -------------------------------------------------------------------------------------


def _tick(network: Network, board: SpinnakerBoard) -> Iterator[Finding]:
    dt = network.dt * 1000
    if dt * board.time_scale_factor < TICK * (1 - 1e-9):
        needed = int(np.ceil(TICK / dt - 1e-9))
        yield _finding(
            "error",
            "tick",
            f"network {network.name!r}, dt",
            f"is {dt:g} ms, but {board.name} has a tick of {TICK:g} ms: it would run "
            f"{TICK / dt / board.time_scale_factor:g} times too fast and lose spikes.",
            f"Set time_scale_factor = {needed} in the board's file: it then runs that much slower "
            "than real time.",
        )


def _changing_currents(network: Network) -> Iterator[Finding]:
    for item in network.inputs:
        if isinstance(item, CurrentInput) and (len(item.step) > 1 or np.any(item.step > 0)):
            yield _finding(
                "error",
                "current-change",
                f"input {item.name!r}",
                "changes during the run; neuro writes constant currents for SpiNNaker only.",
                "Use one value from step 0, or spikes.",
            )


def _one_rule(network: Network) -> Iterator[Finding]:
    """One rule of plasticity for all plastic synapses onto a population."""
    first: dict[str, Any] = {}
    for projection in network.projections:
        if projection.synapse.is_static:
            continue
        mine = (projection.synapse, tuple(sorted(map(_value, projection.parameters.items()))))
        other = first.setdefault(projection.post, (projection.name, mine))
        if other[1] != mine:
            yield _finding(
                "error",
                "one-plasticity",
                f"projection {projection.name!r}, synapse",
                f"differs from that of {other[0]!r}, but SpiNNaker has one rule of plasticity, with "
                f"the same parameters, for all plastic synapses onto {projection.post!r}.",
                "Use the same, make one of them static, or split the population.",
            )


def _value(item: tuple[str, Any]) -> tuple[str, str]:
    return item[0], repr(item[1])


# Numbers -----------------------------------------------------------------------------------------

_POSITIVE = ("cm", "tau_m", "tau_syn_E", "tau_syn_I")


def _parameters(plan: Plan) -> Iterator[Finding]:
    for tree in plan.tree["populations"]:
        for name, given in tree["parameters"].items():
            value = np.asarray(plan.number(given))
            where = f"population {tree['name']!r}, {name}"
            if name in _POSITIVE and np.any(value <= 0):
                yield _finding(
                    "error", "parameter", where, f"is {np.min(value):g}.", "It must be above 0."
                )
            if tree["cell"] != "SpikeSourcePoisson" and np.any(np.abs(value) >= LARGEST):
                yield _finding(
                    "error",
                    "range",
                    where,
                    f"is {np.max(np.abs(value)):g}; the board's numbers end at {LARGEST:g}.",
                )
    for tree in plan.tree["projections"]:
        yield from _amplitudes(plan, tree)


def _amplitudes(plan: Plan, tree: dict[str, Any]) -> Iterator[Finding]:
    if tree["stdp"] is None:
        return
    for name in ("A_plus", "A_minus"):
        value = abs(tree["stdp"]["timing"][name])
        where = f"projection {tree['name']!r}, {name}"
        if value >= LARGEST:
            yield _finding(
                "error", "range", where, f"is {value:g}; the board's numbers end at {LARGEST:g}."
            )
    point = points(plan)[tree["post"], tree["receptor"]]
    smallest = min(v for k, v in tree["stdp"]["timing"].items() if k.startswith("A_"))
    if tree["stdp"]["dependence"].startswith("Additive") and 0 < smallest < point.step:
        yield _finding(
            "warning",
            "amplitude-rounds",
            f"projection {tree['name']!r}, amplitudes",
            f"steps of {smallest:g} are smaller than the board's step of weights, {point.step:g}: "
            "weights will hardly move.",
            "Raise them, or lower the largest weight onto the population.",
        )


def _delays(plan: Plan, board: SpinnakerBoard) -> Iterator[Finding]:
    for tree in plan.tree["projections"]:
        delay = plan.arrays[f"{tree['name']}/delay"]
        if not delay.size:
            continue
        steps = round(float(delay.max()) / plan.tree["dt"])
        most = longest_delay(plan, tree["post"], board)
        if steps > most:
            yield _finding(
                "error",
                "delay",
                f"projection {tree['name']!r}, delay",
                f"is up to {steps} steps, but {tree['post']!r} can have {most} with "
                f"{min(tree_size(plan, tree['post']), 256)} cells a core.",
                "Shorten it, or lower neurons_per_core in the board's file.",
            )


def tree_size(plan: Plan, name: str) -> int:
    """Number of cells of a population of a plan."""
    return int(next(p["size"] for p in plan.tree["populations"] if p["name"] == name))


def _weights(plan: Plan) -> Iterator[Finding]:
    known = points(plan)
    yield from _sums(plan, known)
    for tree in plan.tree["projections"]:
        weight = np.abs(plan.arrays[f"{tree['name']}/weight"])
        point = known[tree["post"], tree["receptor"]]
        where = f"projection {tree['name']!r}, weight"
        stored = point.stored(weight)
        if weight.size and weight.max() >= LARGEST:
            yield _finding(
                "error",
                "range",
                where,
                f"is up to {weight.max():g}; the board's numbers end at {LARGEST:g}.",
            )
        over, lost = int(np.sum(stored > 0xFFFF)), int(np.sum((stored == 0) & (weight > 0)))
        step = f"the board's step of weights onto {tree['post']!r} is {point.step:.3g}"
        if over:
            yield _finding(
                "error", "weight-clips", where, f"{over:,} weights exceed 16 bits; {step}."
            )
        if lost:
            yield _finding(
                "warning",
                "weight-vanishes",
                where,
                f"{lost:,} of {weight.size:,} weights become 0 (up to "
                f"{weight[(stored == 0)].max():.3g}); {step}.",
                "Lower the largest weight onto the population, which decides the step, or move it "
                "to a population of its own.",
            )
        yield from _rounding(weight[stored > 0], point.quantised(weight[stored > 0]), where, step)


def _sums(plan: Plan, known: Mapping[tuple[str, str], Point]) -> Iterator[Finding]:
    """A note where all inputs of a cell at once are more than its ring buffer holds."""
    for (population, receptor), point in known.items():
        sums = np.zeros(tree_size(plan, population))
        for tree in plan.tree["projections"]:
            if (tree["post"], tree["receptor"]) == (population, receptor):
                name = tree["name"]
                most = tree["stdp"]["bounds"]["w_max"] if tree["stdp"] is not None else 0.0
                weight = np.maximum(np.abs(plan.arrays[f"{name}/weight"]), most)
                np.add.at(sums, plan.arrays[f"{name}/post"], weight)
        room = 0xFFFF / point.scale
        if sums.max(initial=0.0) > room:
            yield _finding(
                "note",
                "sum-saturates",
                f"population {population!r}, {receptor}",
                f"all inputs of a cell at once are {sums.max():.4g}, but a step holds {room:.4g} at "
                "most; what is more is cut.",
                "sPyNNaker expects few of them in one step; raise ring_buffer_sigma in spynnaker.cfg "
                "if many come together.",
            )


def _rounding(weight: Any, board: Any, where: str, step: str) -> Iterator[Finding]:
    if not weight.size:
        return
    change = np.abs(board - weight) / weight
    place = int(change.argmax())
    if change[place] >= NOTABLE:
        yield _finding(
            "note",
            "weight-rounds",
            where,
            f"is rounded: {weight[place]:.4g} becomes {board[place]:.4g} ({change[place]:.1%}, the "
            f"largest change); {step}.",
        )


# Space -------------------------------------------------------------------------------------------


def _space(prediction: Prediction, board: SpinnakerBoard) -> Iterator[Finding]:
    where = f"board {board.name!r}"
    if prediction.cores > prediction.free_cores:
        yield _finding(
            "error",
            "cores",
            where,
            f"the network needs {prediction.cores:,} cores; {prediction.free_cores:,} are free.",
            "Use a larger machine, or raise neurons_per_core in the board's file (256 at most).",
        )
    if prediction.sdram > prediction.free_sdram:
        yield _finding(
            "error",
            "sdram",
            where,
            f"the network needs {prediction.sdram:,} bytes of SDRAM; "
            f"{prediction.free_sdram:,} are free.",
            "Record less, or use a larger machine.",
        )
    for part in prediction.parts:
        yield from _part(part.name, part.longest_row, part.sdram // max(part.cores, 1))
    if prediction.keys > ROUTER_ENTRIES:
        yield _finding(
            "warning",
            "router",
            where,
            f"a chip that hears all of it needs up to {prediction.keys:,} routing entries; "
            f"{ROUTER_ENTRIES:,} are free, so sPyNNaker has to compress them and may fail.",
            "Use fewer, larger populations.",
        )


def _part(name: str, row: int, a_core: int) -> Iterator[Finding]:
    if row > LONGEST_ROW:
        yield _finding(
            "error",
            "row",
            f"population {name!r}",
            f"a cell has {row} words of synapses onto one core; {LONGEST_ROW} are possible.",
            "Lower neurons_per_core in the board's file.",
        )
    if a_core > CHIP_SDRAM - MONITOR_SDRAM:
        yield _finding(
            "error",
            "sdram",
            f"population {name!r}",
            f"a core needs {a_core:,} bytes of SDRAM; a chip has {CHIP_SDRAM - MONITOR_SDRAM:,}.",
            "Record less, or lower neurons_per_core.",
        )
