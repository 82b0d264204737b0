"""Delayed recall: a pattern of bits is shown, distractors follow, and the bits are asked for.

Recurrent networks of about 20 spiking neurons with the same read-out and the same number of trained
values: plain LIF cells, cells with an adaptive threshold (as slow as the astrocytes, or as usual), or
cells that astrocytes modulate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

import neuro
from neuro.errors import FileFormatError, ParameterError
from neuro.formats.network_file import load_network
from neuro.frontend.handles import PopulationHandle
from neuro.ir.declare import cell_type
from neuro.ir.network import Network
from neuro.models.astro_lif import Modulation, add_modulation
from neuro.models.experiment import Experiment, Report
from neuro.recording.data import Recording
from neuro.resources import folder

Unit = Literal["astro", "astro-linear", "alif", "alif-200", "lif"]
Vector = NDArray[np.float64]

BITS, CHANNELS = 8, 4
"""Bits of a pattern, and input channels of each."""
DISTRACTORS, GO = 10, 5
"""Channels of distractors, and of the signal that asks."""
INPUTS = BITS * CHANNELS + DISTRACTORS + GO
CUE, RECALL = 20, 20
"""Steps of the cue, and of the time in which the bits are asked for."""
CHANCE, NOISE, SPUR = 0.5, 0.01, 0.1
"""Chance of a spike in a step: of channels that are on, of cue channels otherwise, of distractors."""
DELAYS = (50, 100, 200, 500, 1000)
"""Steps between cue and question."""
TAU, SLOW = 20.0, 1500.0
"""Membrane time constant, and that of calcium and of the slow adaptation, ms; a step is 1 ms."""
USUAL = 200.0
"""Time constant of the adaptation as it is in `neuro.ALIF`, ms; of unit ``"alif-200"``."""
CELLS, ASTROCYTES = 20, 16
"""Neurons and astrocytes of the network with astrocytes."""

_READOUT = cell_type(
    "Readout",
    parameters="tau_m : ms = 20.0",
    state="v : 1 = 0",
    ports="input : 1",
    derived="beta = exp(-dt / tau_m)",
    update="v = beta * v + (1 - beta) * input",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the networks that are compared.

    Attributes
    ----------
    trained
        What is trained besides the weights and biases that all have.
    per_cell, fixed
        Trained values: for each neuron besides weights and bias, and apart from neurons.
    """

    trained: tuple[str, ...] = ()
    per_cell: int = 0
    fixed: int = 0


_MODULATED = Kind(
    (
        *(f"Astrocytes{part}.weight" for part in ("Sense", "Gain", "Bias", "Threshold")),
        "Astrocytes.kappa",
        "Astrocytes.c0",
    ),
    per_cell=3,
    fixed=(INPUTS + 2) * ASTROCYTES,
)
KINDS: Mapping[Unit, Kind] = {
    "astro": _MODULATED,
    "astro-linear": _MODULATED,
    "alif": Kind(("Hidden.beta",), per_cell=1),
    "alif-200": Kind(("Hidden.beta",), per_cell=1),
    "lif": Kind(),
}
RESPONSES: Mapping[str, Mapping[str, Any]] = {
    "astro": {"response": "hill", "half": 10.0, "peak": 150.0},
    "astro-linear": {"response": "linear"},
}
"""How calcium follows the trace.  Well below `half` it goes with the square, so that a burst counts for
more than as many spikes apart: than the background of a long delay."""
COMMON = ("In.weight", "Recurrent.weight", "Read.weight", "Hidden.bias")


def trained_values(unit: Unit, cells: int) -> int:
    """How many values are trained in a network with so many neurons."""
    kind = KINDS[unit]
    return cells * (INPUTS + cells + BITS + 1 + kind.per_cell) + kind.fixed


def fair_size(unit: Unit) -> int:
    """The fewest neurons with as many trained values as the network with astrocytes has."""
    wanted = trained_values("astro", CELLS)
    return next(n for n in range(1, 1000) if trained_values(unit, n) >= wanted)


def untrained(unit: Unit, seed: int) -> Network:
    """A network with weights drawn with `seed`.

    Raises
    ------
    ParameterError
        If there is no such unit.
    """
    cells, rng = _checked(unit), np.random.default_rng(seed)
    net = neuro.NetworkBuilder(dt=1.0, name=f"astro-recall-{unit}", seed=seed)
    source = net.population(INPUTS, neuro.SpikeSourceArray(), label="Source")
    hidden = net.population(cells, _cell(unit, cells), label="Hidden")
    out = net.population(BITS, neuro.CustomCell(_READOUT), label="Out")
    for pre, post, size, label in (
        (source, hidden, 0.25, "In"),
        (hidden, hidden, 0.3 / np.sqrt(cells), "Recurrent"),
        (hidden, out, 3.0 / np.sqrt(cells), "Read"),
    ):
        synapse = neuro.StaticSynapse(weight=rng.normal(0, size, (pre.size, post.size)))
        net.projection(pre, post, neuro.DenseConnector(), synapse, label=label)
    if unit in RESPONSES:
        _add_astrocytes(net, source, hidden, rng, RESPONSES[unit])
    hidden.record("spikes")
    out.record("v")
    return net.build()


def _checked(unit: str) -> int:
    if unit not in get_args(Unit):
        hint = f"Use {', '.join(get_args(Unit))}."
        raise ParameterError(f"there is no unit {unit!r}.", where="unit", hint=hint)
    return fair_size(unit)  # type: ignore[arg-type]


def _cell(unit: Unit, cells: int) -> neuro.Cell:
    bias = np.zeros(cells)
    if unit == "lif":
        return neuro.LIF(reset="subtract", tau_m=TAU, bias=bias)
    if unit in RESPONSES:
        return neuro.ModulatedLIF(tau_m=TAU, bias=bias)
    beta, slow = np.full(cells, 0.05), SLOW if unit == "alif" else USUAL
    return neuro.ALIF(convention="eprop", tau_m=TAU, tau_adapt=slow, beta=beta, bias=bias)


def _add_astrocytes(
    net: neuro.NetworkBuilder,
    source: PopulationHandle,
    hidden: PopulationHandle,
    rng: np.random.Generator,
    response: Mapping[str, Any],
) -> None:
    """Each astrocyte senses an eighth of the inputs at first; which, is learnt."""
    modulation = Modulation(
        tau_sense=TAU,
        tau_calcium=SLOW,
        **response,
        kappa=np.full(ASTROCYTES, 8.0),
        c0=np.full(ASTROCYTES, 0.3),
        gain=rng.uniform(-0.3, 0.3, hidden.size),
        bias=rng.normal(0, 0.05, hidden.size),
        threshold=np.full(hidden.size, 0.1),
    )
    sensing = 0.3 * (rng.random((INPUTS, ASTROCYTES)) < 0.12)
    add_modulation(net, source, hidden, ASTROCYTES, modulation, sensing=sensing)


def chances(bits: NDArray[np.bool_], delay: int) -> Vector:
    """Chances of spikes, shape (steps, batch, `INPUTS`), of patterns of shape (batch, `BITS`)."""
    cue, go = BITS * CHANNELS, INPUTS - GO
    chance = np.full((CUE + delay + RECALL, len(bits), INPUTS), NOISE)
    chance[:CUE, :, :cue] = np.where(np.repeat(bits, CHANNELS, axis=1), CHANCE, NOISE)
    chance[-RECALL:, :, :cue] = 0.0
    chance[:, :, cue:go] = SPUR
    chance[:, :, go:] = 0.0
    chance[-RECALL:, :, go:] = CHANCE
    return chance


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one pattern to a trained network and asks for it."""
    unit, delay, seed = parameters["unit"], int(parameters["delay"]), int(parameters["seed"])
    _checked(unit)
    if delay < 1:
        raise ParameterError(f"is {delay}.", where="delay", hint="Give 1 step or more.")
    rng = np.random.default_rng(seed)
    bits = rng.random((1, BITS)) < CHANCE
    chance = chances(bits, delay)
    step, _, index = np.nonzero(rng.random(chance.shape) < chance)
    return Experiment(
        network=load_network(_weights(unit)),
        steps=len(chance),
        inputs={"Source": (step, index)},
        report=lambda recording: report(recording, bits[0]),
        shown=("Hidden",),
    )


def _weights(unit: str) -> Any:
    path = folder("models") / "astro-recall" / f"{unit}.h5"
    if not path.is_file():
        raise FileFormatError(
            "is missing.", where=str(path), hint="Train it: neuro train astro-recall."
        )
    return path


def report(recording: Recording, bits: NDArray[np.bool_]) -> Report:
    """What was shown and what was answered; right if no bit is wrong."""
    values = recording.trace_data("Out", "v").values[-RECALL:].mean(0)
    answer = values > 0
    rows = [
        (str(k), str(int(shown)), str(int(said)), f"{value:.2f}")
        for k, (shown, said, value) in enumerate(zip(bits, answer, values, strict=True))
    ]
    wrong = int((answer != bits).sum())
    return Report(
        title="Recall",
        columns=("bit", "shown", "answered", "read-out"),
        rows=rows,
        passed=not wrong,
        notes=(f"{BITS - wrong} of {BITS} bits are right.",),
    )
