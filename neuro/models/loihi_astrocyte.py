"""The astrocyte of Loihi: four chained compartments in integer arithmetic."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro
from neuro.cells.loihi_lif import CURRENT, MEMBRANE, STATE
from neuro.errors import ParameterError
from neuro.ir.declare import cell_type
from neuro.ir.loihi import DECAY_ONE, LIMIT, UNIT
from neuro.ir.network import FLOAT64, Network, NumberFormat

Matrix = NDArray[np.integer[Any]]

RECEIVER = {"vth": 100, "du": 409, "dv": 1024}
"""Spike receiver: threshold, decay of current and of voltage, the last two in 4096ths."""
INTEGRATOR = {"vth": 15000, "du": 4095, "dv": 1}
"""IP3 integrator; the published decay of its current is 4096, and 4095 leaves nothing here."""
SIC = {"vth": 100, "dv": 40}
"""Slow inward current; its threshold is not among the published constants, so it is ours."""
GENERATOR = {"vth": 5000, "du": 409, "dv": 40}
"""Spike generator."""
SENSITIVITY, WEIGHT, DECAY = 20, 20, 40
"""Published weights onto integrator and slow inward current, and the decay of that current."""
LONGEST, FASTEST = 608, 356
"""Largest window, ms, and rate, Hz, that may be asked for."""
DECAYS = (*range(8, 40, 2), *range(40, 400, 40), *range(400, 4001, 900))
"""Decays of the slow inward current that `settings_of` chooses from."""

SIC_CELL = cell_type(
    "LoihiSIC",
    parameters="du : 1 = 40.0\n dv : 1 = 40.0\n vth : 1 = 100.0",
    state=f"{STATE}\n passed : 1 = 0",
    ports="input : 1",
    derived=f"""
        keep_u = (4095 - du) / {DECAY_ONE}
        keep_v = ({DECAY_ONE} - dv) / {DECAY_ONE}
        threshold = {UNIT} * vth
    """,
    update=f"{CURRENT}\n{MEMBRANE.format(added='u')}\n passed = v if v > threshold else 0",
)
"""A compartment that never spikes: what it passes on is its voltage, where that is above `vth`."""

GENERATOR_CELL = cell_type(
    "LoihiJoined",
    parameters="du : 1 = 409.0\n dv : 1 = 40.0\n vth : 1 = 5000.0",
    state=STATE,
    ports="input : 1\n joined : 1",
    derived=f"""
        keep_u = (4095 - du) / {DECAY_ONE}
        keep_v = ({DECAY_ONE} - dv) / {DECAY_ONE}
        threshold = {UNIT} * vth
    """,
    update=f"{CURRENT}\n{MEMBRANE.format(added='(u + joined)')}",
    spike="v > threshold",
    reset="v = 0",
)
"""`neuro.LoihiLIF` with a port for another compartment's voltage, which joins its current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What follows one spike of the IP3 integrator.

    Attributes
    ----------
    weight, decay
        Weight onto the slow inward current, and decay of that current.
    window
        From the first to the last spike of the generator, ms of steps of 1 ms; 0 without two spikes.
    rate
        The generator's highest rate: of its shortest interval, Hz; 0 without two spikes.
    """

    weight: int
    decay: int
    window: int
    rate: float


def settings_of(window: float, rate: float) -> Response:
    """The response nearest to a window in ms and a highest rate in Hz, as the authors choose it.

    The nearest has the least sum of squared differences, of ms and of Hz, among weights of 1 to 255
    and `DECAYS`.  As the voltage decays with a time constant of 100 ms too, short windows have slow
    rates only.

    Raises
    ------
    ParameterError
        If the window is not 0 to 608 ms, or the rate not 0 to 356 Hz.
    """
    for name, value, most in (("window", window, LONGEST), ("firing", rate, FASTEST)):
        if not 0 <= value <= most:
            raise ParameterError(f"is {value:g}.", where=name, hint=f"Give 0 to {most}.")
    weights, decays, windows, rates = _responses()
    place = int(np.argmin((windows - window) ** 2 + (rates - rate) ** 2))
    return Response(
        weight=int(weights[place]),
        decay=int(decays[place]),
        window=int(windows[place]),
        rate=float(rates[place]),
    )


@functools.cache
def _responses() -> tuple[NDArray[np.float64], ...]:
    """Weights, decays, windows and rates of all that can be chosen."""
    weight, decay = (a.ravel() for a in np.meshgrid(np.arange(1, 256), DECAYS))
    u, v, g = UNIT * weight, np.zeros_like(weight), np.zeros_like(weight)
    first, last = np.full(weight.shape, -1), np.full(weight.shape, -1)
    shortest = np.full(weight.shape, np.inf)
    for step in range(2 * LONGEST):
        v = np.minimum(v * (DECAY_ONE - SIC["dv"]) // DECAY_ONE + u, LIMIT - 1)
        passed = np.where(v > UNIT * SIC["vth"], v, 0)
        g = np.minimum(g * (DECAY_ONE - GENERATOR["dv"]) // DECAY_ONE + passed, LIMIT - 1)
        fired = g > UNIT * GENERATOR["vth"]
        g[fired] = 0
        again = fired & (last >= 0)
        shortest[again] = np.minimum(shortest[again], step - last[again])
        first[fired & (first < 0)] = step
        last[fired] = step
        u = u * (4095 - decay) // DECAY_ONE
    windows = (last - first).astype(np.float64)
    return weight.astype(np.float64), decay.astype(np.float64), windows, 1e3 / shortest


class LoihiAstrocyte:
    r"""An astrocyte of four compartments, each with the integers of `neuro.LoihiLIF`.

    Spikes reach a *receiver*, which spikes when they come in bursts; its spikes add up in the slow
    *integrator* of IP3, nearly without a leak; a spike of that, which is rare, starts the *slow inward
    current* (SIC), which drives the *generator* to spike for hundreds of steps.  The first two are
    `neuro.LoihiLIF`.

    How SIC joins the generator, our reading: SIC never spikes; its voltage, where it is above a
    threshold, is added to the generator's current (Loihi's join operation ADD, and the threshold mode
    that passes voltages on).  Here that takes a step, as every graded projection does, whereas on the
    chip it is in the same step; spikes take a step in both.

    Parameters
    ----------
    inputs
        How many cells it senses.
    weight
        Weights of these onto the receiver: one whole number, or shape (inputs, 1).
    ip3_sensitivity
        Weight of the receiver onto the integrator, 1 to 100: how soon IP3 is released.
    window, firing
        How long the generator spikes after a release, 0 to 608 ms, and its highest rate, 0 to 356 Hz:
        both or neither.  Weight and decay of SIC are then those whose response to one release is
        nearest (`settings_of`); else the published 20 and 40.
    format
        ``FLOAT64`` or ``fixed_point(31, 0)``; both hold its integers exactly.

    Attributes
    ----------
    network
        Source ``Pre``; populations ``Receiver``, ``IP3``, ``SIC`` and ``Generator``, one cell each; a
        step is 1 ms.
    response
        What follows a release, if window and firing are given.

    Raises
    ------
    ParameterError
        If a value is out of its range, or only one of window and firing is given.

    References
    ----------
    G. Tang, I. Polykretis, V. Ivanov, A. Shah and K. Michmizos, "Introducing astrocytes on a
    neuromorphic processor: synchronization, local plasticity and edge of chaos", NICE 2019
    (arXiv 1907.01620).  Constants and the join are those of the authors' code, combra_loihi (MIT);
    its table of windows and rates was measured on the chip, ours is computed from the integers.
    """

    def __init__(
        self,
        inputs: int,
        *,
        weight: int | Matrix = 10,
        ip3_sensitivity: int = SENSITIVITY,
        window: float | None = None,
        firing: float | None = None,
        format: NumberFormat = FLOAT64,
    ) -> None:
        if not 1 <= ip3_sensitivity <= 100 or ip3_sensitivity != int(ip3_sensitivity):
            raise ParameterError(
                f"is {ip3_sensitivity}.",
                where="ip3_sensitivity",
                hint="Give a whole number from 1 to 100.",
            )
        self.response = _response(window, firing)
        onto_sic, decay = WEIGHT, DECAY
        if self.response is not None:
            onto_sic, decay = self.response.weight, self.response.decay
        net = neuro.NetworkBuilder(dt=1.0, name="loihi-astrocyte", format=format)
        every = np.broadcast_to(np.asarray(weight), (inputs, 1)).astype(np.float64)
        cells: dict[str, neuro.Cell] = {
            "Receiver": neuro.LoihiLIF(**RECEIVER),
            "IP3": neuro.LoihiLIF(**INTEGRATOR),
            "SIC": neuro.CustomCell(SIC_CELL, **SIC, du=decay),
            "Generator": neuro.CustomCell(GENERATOR_CELL, **GENERATOR),
        }
        chain = [net.population(inputs, neuro.SpikeSourceArray(), label="Pre")]
        chain += [net.population(1, cell, label=name) for name, cell in cells.items()]
        weights: tuple[Any, ...] = (every, float(ip3_sensitivity), float(onto_sic))
        for place, size in enumerate(weights):
            pre, post, synapse = chain[place], chain[place + 1], neuro.StaticSynapse(weight=size)
            net.projection(pre, post, neuro.DenseConnector(), synapse, label=f"To{post.name}")
        net.graded_projection(
            chain[3], "passed", chain[4], neuro.OneToOneConnector(), receptor_type="joined"
        )
        for part in (chain[1], chain[2], chain[4]):
            part.record("spikes")
        chain[3].record("v")
        self.network: Network = net.build()


def _response(window: float | None, firing: float | None) -> Response | None:
    if window is None and firing is None:
        return None
    if window is None or firing is None:
        raise ParameterError(
            "is missing.", where="window" if window is None else "firing", hint="Give both."
        )
    return settings_of(window, firing)
