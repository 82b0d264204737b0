"""The biological priors of a PHC network, each of which can be switched off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError

EXCITE = 0.8
"""Share of a region's cells that excite; they come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class STP:
    """Short-term plasticity after Tsodyks and Markram, as `neuro.TsodyksMarkram` (notation B).

    Attributes
    ----------
    U
        Utilisation of the first spike.
    tau_rec, tau_fac
        Recovery of the resource and decay of the facilitation, ms.
    """

    U: float = 0.5
    tau_rec: float = 20.0
    tau_fac: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class STDP:
    """Spike-timing-dependent plasticity of magnitudes, beside the gradient.

    Attributes
    ----------
    rate
        Change of a magnitude by one spike after the other, a step.
    tau_plus, tau_minus
        Decay of the traces, steps.
    plus, minus
        Amplitudes of potentiation and depression.
    rewarded
        Whether a batch's change is times how much better than usual its answers were.
    """

    rate: float = 1e-3
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    plus: float = 1.0
    minus: float = 1.05
    rewarded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """What a network has.

    Attributes
    ----------
    reset, adaptive
        The adaptive cell: what a spike takes off the membrane, and a threshold that rises with it.
    delays
        Steps from spike to arrival, taken in turn by the cells of a region; ``(1,)`` is none beyond
        the step that every synapse takes.
    stp
        Short-term plasticity, or None.
    dale
        Whether a cell either excites or inhibits.
    topology
        Whether only excitation leaves a region, to the regions next to it; else all pairs of cells
        are connected.
    stdp
        Plasticity beside the gradient, or None.
    """

    reset: bool = True
    adaptive: bool = True
    delays: tuple[int, ...] = (1,)
    stp: STP | None = None
    dale: bool = True
    topology: bool = True
    stdp: STDP | None = None

    def __post_init__(self) -> None:
        if not self.delays or min(self.delays) < 1:
            raise ParameterError(
                f"are {self.delays}.", where="delays", hint="Give steps, each 1 or more."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """Who may reach whom.

    Attributes
    ----------
    mask
        1 where there is a synapse; shape (cells, cells), by pre then post.
    sign
        1 for cells that excite, -1 for those that inhibit; shape (cells,).
    delay
        Steps; shape (cells,).
    """

    mask: NDArray[np.float32]
    sign: NDArray[np.float32]
    delay: NDArray[np.int64]


def wiring_of(sizes: tuple[int, ...], priors: Priors) -> Wiring:
    """The wiring of regions of so many cells.

    A cell does not reach itself.  The last cells of each region inhibit, within it only.
    """
    region = np.repeat(np.arange(len(sizes)), sizes)
    within = np.concatenate([np.arange(size) for size in sizes])
    excites = within < np.array([math.ceil(EXCITE * size) for size in sizes])[region]
    apart = np.abs(region[:, None] - region[None])
    reach = (apart == 0) | ((apart == 1) & excites[:, None]) if priors.topology else apart >= 0
    delays = np.array(priors.delays, np.int64)
    return Wiring(
        (reach & ~np.eye(len(region), dtype=bool)).astype(np.float32),
        np.where(excites, 1, -1).astype(np.float32),
        delays[within % len(delays)],
    )


StdpKind = Literal["none", "plain", "reward"]
"""How recipes name `STDP`."""
STDP_KINDS: dict[str, STDP | None] = {
    "none": None,
    "plain": STDP(rewarded=False, rate=1e-4),
    "reward": STDP(),
}
