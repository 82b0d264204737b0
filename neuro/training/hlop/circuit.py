"""The lateral circuit as a network of the IR: it learns online, one sample at a time, on any engine.

A sample takes one frame of steps.  All cells are signed integrate-and-fire cells: a value is sent as
so many spikes, in even steps if it is positive and in odd ones if it is negative, and synapses know
by the step which sign a spike has.

1. ``Residual`` cells take the sample and send it; ``Subspace`` cells add up ``y = H x``.
2. ``Subspace`` cells send ``y``; what comes back is taken off: ``Residual`` holds ``x - H' y``.
3. ``Residual`` cells send that; at the end of the frame every synapse changes by the product of
   what its two cells have sent, ``y_i (x - H' y)_j``.

Forward synapses hold H and feedback synapses their own copy of it.  Both see the same two numbers of
spikes, one as a trace, the other as a factor, so that the copies stay equal to the last bit without
being copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.cells.base import CustomCell
from neuro.errors import ParameterError
from neuro.frontend.builder import NetworkBuilder
from neuro.frontend.connectors import AllToAllConnector, OneToOneConnector
from neuro.frontend.handles import PopulationHandle, ProjectionHandle
from neuro.frontend.sources import StepCurrentSource
from neuro.ir.declare import cell_type, synapse_type, trace
from neuro.ir.network import Network
from neuro.ir.synapse import SynapseType
from neuro.simulation.session import Session
from neuro.synapses.base import CustomSynapse

RESIDUAL, SUBSPACE, FORWARD, FEEDBACK, SAMPLE = "Residual", "Subspace", "forward", "feedback", "x"

_NEXT = "phase = 0 if phase + 1 >= period else phase + 1"

SIGNED = cell_type(
    "signed_if",
    parameters="""
        scale : 1 = 1
        period : 1 = 2
        begin : 1 = 0
        end : 1 = 0
        again : 1 = 0
        last : 1 = 0
    """,
    state="""
        phase : 1 = -1
        value : 1 = 0
        u : 1 = 0
        sent : 1 = 0
        polarity : 1 = 1
        sending : 1 = 0
    """,
    ports="sample : 1\n input : 1",
    update=f"""
        {_NEXT}
        value = sample if phase == 0 else value + input
        starts = phase == begin or phase == again
        sending = 1 if phase >= begin and phase < end or phase >= again and phase < last else 0
        polarity = 1 if phase - 2 * floor(phase / 2) == 0 else -1
        drive = min(abs(value), scale) if sending > 0 and polarity > 0 else 0
        u = 0.5 * scale + drive if starts else u + drive
        sent = 0 if starts else sent
    """,
    spike="sending > 0 and u >= scale and value * polarity > 0",
    reset="u = u - scale; sent = sent + polarity",
)
"""A cell that holds a value and sends it as spikes with a sign, in one or two windows of a frame.

It integrates the size of its value in every even step of a window, fires from `scale` on (in the
even step, or in the odd one after it, by the sign) and takes `scale` off; it starts half way.  So it
sends the value in units of ``scale`` by the steps' pairs, rounded to the nearest.  ``begin`` to
``end`` and ``again`` to ``last`` are the windows; ``sent`` counts spikes with their sign since the
last of them began.
"""


def _lateral(name: str, sign: str) -> SynapseType:
    return synapse_type(
        name,
        parameters="""
            unit : 1 = 1
            rate : weight = 0
            period : 1 = 2, shared
            since : 1 = 0, shared
        """,
        pre=trace(
            "phase : 1\n polarity : 1 = 1\n count : 1",
            on_spike="count = count + (polarity if phase >= since else 0)",
            each_step=f"""
                {_NEXT}
                polarity = -polarity
                count = 0 if phase == 0 else count
            """,
        ),
        factors="other : 1, per_post",
        send=f"{sign}(unit * polarity) * w",
        each_step="w = w + (rate * (count * other) if phase + 1 >= period else 0)",
    )


FORWARD_SYNAPSE = _lateral("LateralHebbian", "")
"""From what is left of a sample to a subspace cell; grows with the product of both (Hebbian)."""
FEEDBACK_SYNAPSE = _lateral("LateralAntiHebbian", "-")
"""From a subspace cell back; inhibits with the same weight, and so decorrelates (anti-Hebbian)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitCode:
    """How values become spikes.

    Attributes
    ----------
    sample_levels, subspace_levels
        Most spikes of a value of each sign.
    sample_scale, subspace_scale
        The largest value.
    """

    sample_levels: int = 40
    sample_scale: float = 8.0
    subspace_levels: int = 40
    subspace_scale: float = 8.0

    def __post_init__(self) -> None:
        if min(self.sample_levels, self.subspace_levels) < 1:
            raise ParameterError("has no level.", where="circuit code", hint="Give 1 or more.")
        if not min(self.sample_scale, self.subspace_scale) > 0:
            raise ParameterError(
                "has a scale that is not positive.",
                where="circuit code",
                hint="Give positive ones.",
            )

    @property
    def windows(self) -> tuple[int, int, int, int, int, int]:
        """Begin and end of the three times of sending."""
        first = 2 * self.sample_levels
        second = first + 2 + 2 * self.subspace_levels
        return 0, first, first + 2, second, second + 2, second + 2 + first

    @property
    def frame(self) -> int:
        """Steps of a sample."""
        return self.windows[-1] + 2

    @property
    def units(self) -> tuple[float, float]:
        """What a spike of a residual and of a subspace cell is worth."""
        return self.sample_scale / self.sample_levels, self.subspace_scale / self.subspace_levels


class LateralCircuit:
    """A lateral circuit in the IR.

    Parameters
    ----------
    weight
        H before the first sample; shape (rows, n).
    rate
        Of learning; ``rate * |x|**2`` should stay below 0.5.
    frozen
        The first so many rows do not learn.
    code
        How values become spikes.

    Attributes
    ----------
    network
        Populations ``Residual`` (n) and ``Subspace`` (rows), projections ``forward`` and
        ``feedback``, whose weights are H, in the order of `AllToAllConnector`; those of ``forward``
        are recorded once a frame, and all spikes.
    code
        As given.

    Raises
    ------
    ParameterError
        If shapes or numbers do not fit.
    """

    def __init__(
        self,
        weight: ArrayLike,
        *,
        rate: float = 0.02,
        frozen: int = 0,
        code: CircuitCode | None = None,
    ) -> None:
        self._weight = np.asarray(weight, np.float64)
        if self._weight.ndim != 2 or not self._weight.size:
            raise ParameterError(
                f"has shape {self._weight.shape}.", where="weight", hint="Needed: (rows, n)."
            )
        if not 0 <= frozen <= len(self._weight):
            raise ParameterError(
                f"is {frozen} of {len(self._weight)} rows.", where="frozen", hint="Give 0 to all."
            )
        self.code = code or CircuitCode()
        self._rate = np.where(np.arange(len(self._weight)) < frozen, 0.0, rate)
        self.network: Network = self._built()

    def _built(self) -> Network:
        net = NetworkBuilder(dt=1.0, name="lateral-circuit", seed=0)
        code, (rows, size) = self.code, self._weight.shape
        begin, end, second, second_end, again, last = code.windows
        frame: dict[str, Any] = {"period": code.frame}
        shown = {"begin": begin, "end": end, "again": again, "last": last}
        once = {"begin": second, "end": second_end, "again": code.frame, "last": code.frame}
        residual = CustomCell(SIGNED, scale=code.sample_scale, **frame, **shown)
        subspace = CustomCell(SIGNED, scale=code.subspace_scale, **frame, **once)
        x = net.population(size, residual, label=RESIDUAL)
        y = net.population(rows, subspace, label=SUBSPACE)
        net.inject(StepCurrentSource([0.0], [0.0]), x, port="sample", label=SAMPLE)
        forward = self._connect(net, (x, y), FORWARD_SYNAPSE, FORWARD, since=again)
        feedback = self._connect(net, (y, x), FEEDBACK_SYNAPSE, FEEDBACK, since=second)
        for cells, synapses in ((y, forward), (x, feedback)):
            net.graded_projection(
                cells, "sent", synapses, OneToOneConnector(), receptor_type="other"
            )
        for cells in (x, y):
            cells.record("spikes")
        forward.record("w", sampling_interval=float(code.frame))
        return net.build()

    def _connect(
        self,
        net: NetworkBuilder,
        cells: tuple[PopulationHandle, PopulationHandle],
        kind: SynapseType,
        label: str,
        since: int,
    ) -> ProjectionHandle:
        """All synapses of one direction; forward ones come by input, feedback ones by row."""
        forward, units = label == FORWARD, self.code.units
        rate = np.broadcast_to((self._rate * units[0] * units[1])[:, None], self._weight.shape)
        synapse = CustomSynapse(
            kind,
            weight=(self._weight.T if forward else self._weight).reshape(-1),
            delay=1.0,
            unit=units[0] if forward else units[1],
            rate=(rate.T if forward else rate).reshape(-1),
            period=self.code.frame,
            since=since,
        )
        return net.projection(
            *cells, AllToAllConnector(), synapse, receptor_type="input", label=label
        )

    def inputs(self, samples: ArrayLike) -> dict[str, Any]:
        """Inputs of a run of ``len(samples) * code.frame`` steps; `samples` of shape (count, n)."""
        values = self._checked(samples)
        shown = np.zeros((len(values), self.code.frame, values.shape[1]))
        shown[:, 0] = values
        return {SAMPLE: shown.reshape(-1, values.shape[1])}

    def learn(
        self, samples: ArrayLike, *, backend: str = "auto", at_once: int = 50
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Show samples one after the other, and give H of both directions; shape (rows, n) each.

        Parameters
        ----------
        samples
            Shape (count, n).
        backend
            Which engine.
        at_once
            Samples of one call of the engine; has no effect on what comes out.
        """
        values = self._checked(samples)
        with Session(self.network, backend=backend) as session:
            for start in range(0, len(values), at_once):
                part = values[start : start + at_once]
                steps = len(part) * self.code.frame
                session.run(steps, inputs=self.inputs(part), progress=None)
            return self.weights(session.read(FORWARD), session.read(FEEDBACK))

    def weights(
        self, forward: NDArray[Any], feedback: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """H from the weights of both projections."""
        rows, size = self._weight.shape
        return (
            np.asarray(forward, np.float64).reshape(size, rows).T,
            np.asarray(feedback, np.float64).reshape(rows, size),
        )

    def project(self, samples: ArrayLike, *, backend: str = "auto") -> NDArray[np.float64]:
        """What is left of each sample, ``x - H' y``, as ``Residual`` holds it; shape (count, n).

        The weights stay those that were given.
        """
        values, found = self._checked(samples), []
        still = LateralCircuit(self._weight, rate=0.0, code=self.code)
        with Session(still.network, backend=backend) as session:
            for sample in values:
                inputs = self.inputs(sample[None])
                session.run(self.code.frame, inputs=inputs, progress=None)
                found.append(np.asarray(session.read(RESIDUAL, "value"), np.float64))
        return np.array(found)

    def _checked(self, samples: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(samples, np.float64)
        needed: Sequence[int] = self._weight.shape[1:]
        if values.ndim != 2 or values.shape[1:] != tuple(needed):
            raise ParameterError(
                f"have shape {values.shape}.",
                where="samples",
                hint=f"Needed: (count, {needed[0]}).",
            )
        return values
