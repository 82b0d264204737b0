"""A PHC network as a module to train: sweeps over whole sequences, or cell by cell as it is deployed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from neuro.backends.torch.scan import in_c
from neuro.backends.torch.surrogates import Surrogate, Triangular
from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.network import Network
from neuro.ir.resolve import constants
from neuro.models.phc.kernel import Scalars, Shape, states, sweep
from neuro.models.phc.priors import STDP, Priors, Wiring, wiring_of
from neuro.models.phc.scans import Swept, two_scans
from neuro.models.phc.stdp import change
from neuro.models.phcssm import LEAD, PHCSSM
from neuro.synapses import TsodyksMarkram
from neuro.training.processes import batch_means

Inputs = Mapping[str, Tensor]
INPUT = "signal"
"""Name of the network's input."""
RECURRENT = 0.3
"""Scale of recurrent weights at the start; larger ones let gradients through long sequences grow."""
_FORGET = 0.98
"""By which the usual accuracy, which rewards are measured against, shrinks in a batch."""


@dataclass(frozen=True, slots=True, eq=False)
class PHCOutput:
    """What a pass gives.

    Attributes
    ----------
    spikes
        By region; shape (steps, batch, cells).
    scores
        Of the classes: means of membranes, read out; shape (batch, classes).
    """

    spikes: Mapping[str, Tensor]
    scores: Tensor


class PHCModule(nn.Module):
    """A PHC network to train; `to_network` gives the network that is deployed, with its spikes.

    With `sweeps` M, all steps are done at once and M times (the Multi-Transmission Loop): synapses
    hear the spikes of the sweep before, and those of the first sweep hear nothing.  After k sweeps
    the first k times d steps are those of the sequential network, d being the shortest delay, or 1
    with thresholds that adapt.  With 0, cells hear each other as in the sequential network; gradients go through time.

    Parameters
    ----------
    sizes
        Cells of each region; the first hears the signal, the last is read out.
    channels, classes
        Of the signal and the answer.
    priors
        What the network has.
    sweeps
        M, or 0.
    surrogate
        Gradient of both thresholds.
    detach
        True keeps gradients from flowing through the would-be spikes.
    longest
        The slowest cells have time constants of so many steps at the start.
    seed
        Of what is drawn.

    Attributes
    ----------
    steps
        Length of the sequences it is for, which `to_network` needs; 0 where they differ.

    Raises
    ------
    ParameterError
        If `sweeps` is negative.
    """

    mask: Tensor
    sign: Tensor
    usual: Tensor
    scale: Tensor
    centre: Tensor

    def __init__(
        self,
        sizes: tuple[int, ...],
        channels: int,
        classes: int,
        *,
        priors: Priors = Priors(),  # noqa: B008 - immutable
        sweeps: int = 0,
        surrogate: Surrogate = Triangular(),  # noqa: B008 - immutable
        detach: bool = False,
        longest: float = 200.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if sweeps < 0:
            raise ParameterError(f"is {sweeps}.", where="sweeps", hint="Give 0 or more.")
        self.sizes, self.priors, self.sweeps = sizes, priors, sweeps
        wiring = wiring_of(sizes, priors)
        self.delay = wiring.delay
        self.register_buffer("mask", torch.from_numpy(wiring.mask), persistent=False)
        self.register_buffer("sign", torch.from_numpy(wiring.sign), persistent=False)
        self.register_buffer("usual", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("centre", torch.zeros(sizes[-1]))
        self.shape = Shape(
            cells=sum(sizes),
            first=sizes[0],
            channels=channels,
            delays=tuple(wiring.delay.tolist()),
            adaptive=priors.adaptive,
            stp=priors.stp is not None,
            surrogate=surrogate,
            detach=detach,
            lead=LEAD,
        )
        self.scalars = _scalars(priors)
        generator = torch.Generator().manual_seed(seed)
        self._draw(wiring, channels, classes, longest, generator)
        self.steps = 0
        self._right = torch.zeros(())
        self._heard: Tensor | None = None

    def _draw(
        self, wiring: Wiring, channels: int, classes: int, longest: float, draw: torch.Generator
    ) -> None:
        """Parameters, drawn anew."""
        cells, first, last = sum(self.sizes), self.sizes[0], self.sizes[-1]
        fan = self.mask.sum(0).clamp(min=1).sqrt() / RECURRENT
        if self.priors.dale:
            weight = torch.rand(cells, cells, generator=draw) / fan
            weight *= torch.where(self.sign < 0, 3.0, 1.0)[:, None]
        else:
            weight = torch.randn(cells, cells, generator=draw) / fan
        self.weight = nn.Parameter(weight * self.mask)
        self.w_in = nn.Parameter(torch.randn(channels, first, generator=draw) / channels**0.5)
        self.b_in = nn.Parameter(torch.randn(first, generator=draw) * 0.1)
        self.leak = nn.Parameter(_leaks(cells, longest, draw))
        self.threshold = nn.Parameter(torch.zeros(cells))
        if self.priors.reset:
            self.fade = nn.Parameter(_leaks(cells, 20.0, draw))
            self.jump = nn.Parameter(torch.zeros(cells))
        if self.priors.adaptive:
            self.raise_ = nn.Parameter(torch.zeros(cells))
            self.forget = nn.Parameter(_leaks(cells, longest, draw))
        self.w_out = nn.Parameter(torch.randn(last, classes, generator=draw) / last**0.5)
        self.b_out = nn.Parameter(torch.zeros(classes))

    # Values -----------------------------------------------------------------------------------

    def values(self) -> dict[str, Tensor]:
        """What the network is made of, as `PHCSSM` names it; with gradients.

        What a cell hears is stored in units of the square root of its leak, so that fast and slow
        cells are moved alike.
        """
        a_exc = torch.sigmoid(self.leak)
        gain = (1 - a_exc).sqrt()
        first = self.sizes[0]
        signed = self.weight * self.sign[:, None] if self.priors.dale else self.weight
        values = {
            "w_in": self.w_in * gain[:first],
            "b_in": self.b_in * gain[:first],
            "recurrent": signed * self.mask * gain,
            "a_exc": a_exc,
            "v_thresh": softplus(self.threshold),
        }
        still = torch.zeros_like(a_exc)
        values["a_inh"] = torch.sigmoid(self.fade) if self.priors.reset else still
        values["r"] = softplus(self.jump) * (1 - values["a_inh"]) if self.priors.reset else still
        values["beta"] = softplus(self.raise_) if self.priors.adaptive else still
        values["rho"] = torch.sigmoid(self.forget) if self.priors.adaptive else still
        return values

    def readout(self) -> dict[str, Tensor]:
        """Weights and bias of the readout, for means of membranes; see `calibrate`."""
        w_out = self.w_out * self.scale
        return {"w_out": w_out, "b_out": self.b_out - self.centre @ w_out}

    def weights(self) -> dict[str, NDArray[Any]]:
        """What `PHCSSM` takes, as arrays.

        Raises
        ------
        ParameterError
            If a value is not finite.
        """
        given = {n: v.detach().cpu().numpy() for n, v in self.values().items()}
        given |= {n: v.detach().cpu().numpy() for n, v in self.readout().items()}
        for name, value in given.items():
            if not np.isfinite(value).all():
                raise ParameterError(
                    "is not finite after training.",
                    where=name,
                    hint="Lower the learning rate, or go back to a checkpoint.",
                )
        if not self.priors.adaptive:
            del given["beta"], given["rho"]
        if self.priors.stp is not None:
            stp = self.priors.stp
            given["stp"] = np.array([stp.U, stp.tau_rec, stp.tau_fac])
        return {"sizes": np.array(self.sizes), "delay": self.delay, **given}

    def count(self) -> int:
        """How many numbers are trained; of weights, those that are there."""
        rest = sum(p.numel() for p in self.parameters()) - self.weight.numel()
        return rest + int(self.mask.sum())

    # Passes -----------------------------------------------------------------------------------

    def forward(self, inputs: Inputs) -> PHCOutput:
        """Do a batch; the signal has the shape (steps, batch, channels).

        Raises
        ------
        ParameterError
            If the signal's shape does not fit.
        UnsupportedError
            If `sweeps` is 0 and there is no CPU with a C compiler.
        """
        signal, values = self._signal(inputs), self.values()
        if self.sweeps:
            spikes, total = self._swept(signal, values)
        else:
            spikes, total = self._pass(signal, values, None)
        if self.priors.stdp is not None and torch.is_grad_enabled():
            self._heard = spikes.detach()
        mean = total[:, -self.sizes[-1] :] / len(spikes)
        readout = self.readout()
        return PHCOutput(self._by_region(spikes), mean @ readout["w_out"] + readout["b_out"])

    def _signal(self, inputs: Inputs) -> Tensor:
        if set(inputs) != {INPUT}:
            raise ParameterError(
                f"inputs are {sorted(inputs)}.", where="PHC network", hint=f"It has one: {INPUT!r}."
            )
        signal = inputs[INPUT]
        if signal.ndim != 3 or signal.shape[2] != self.shape.channels:
            raise ParameterError(
                f"has shape {tuple(signal.shape)}.",
                where=INPUT,
                hint=f"Needed: (steps, batch, {self.shape.channels}); axis 0 is time.",
            )
        return signal.to(self.leak.device, self.leak.dtype)

    def _swept(self, signal: Tensor, values: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Spikes and sums of membranes after all sweeps.

        Without gradients, it stops once spikes no longer change: more sweeps would not change them.
        """
        steps, batch, _ = signal.shape
        spikes = signal.new_zeros(steps + LEAD, batch, self.shape.cells)
        for _ in range(self.sweeps):
            before = spikes
            spikes, total = self._pass(signal, values, before)
            if not torch.is_grad_enabled() and torch.equal(before, spikes):
                break
        return spikes, total

    def _pass(
        self, signal: Tensor, values: dict[str, Tensor], given: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """One sweep; spikes, shape (steps, batch, cells), and sums of membranes, (batch, cells)."""
        if not in_c(signal):
            if given is None:
                raise _no_sequence()
            made = two_scans(self.shape, self.scalars, signal, given, values)
            return made.spikes, made.membranes.sum(0)
        heard = None if given is None else given.transpose(0, 1)
        spikes, total = sweep(self.shape, self.scalars, signal, heard, values)
        return spikes.transpose(0, 1), total

    @torch.no_grad()
    def states(self, inputs: Inputs) -> Swept:
        """Spikes, integrals and membranes of the sequential network, by (steps, batch, cells).

        Raises
        ------
        ParameterError, UnsupportedError
            As for `forward`.
        """
        signal, values = self._signal(inputs), self.values()
        if not in_c(signal):
            raise _no_sequence()
        made = states(self.shape, self.scalars, signal, values)
        return Swept(*(tensor.transpose(0, 1) for tensor in made))

    @torch.no_grad()
    def mismatch(self, inputs: Inputs, sweeps: int) -> float:
        """Share of spike bits in which so many sweeps differ from the sequential network."""
        signal, values = self._signal(inputs), self.values()
        right, _ = self._pass(signal, values, None)
        kept, self.sweeps = self.sweeps, sweeps
        try:
            found, _ = self._swept(signal, values)
        finally:
            self.sweeps = kept
        return float((found != right).double().mean())

    def enough(self, steps: int) -> int:
        """Sweeps after which spikes are those of the sequential network, whatever the weights.

        Parameters
        ----------
        steps
            Length of the signal.
        """
        shortest = 1 if self.priors.adaptive else int(self.delay.min())
        return -(-(steps + LEAD) // shortest)

    def _by_region(self, spikes: Tensor) -> dict[str, Tensor]:
        places = pairwise(np.cumsum([0, *self.sizes]).tolist())
        return {f"Region{k}": spikes[..., a:b] for k, (a, b) in enumerate(places, 1)}

    # Training ---------------------------------------------------------------------------------

    @torch.no_grad()
    def calibrate(self, inputs: Inputs, *, share: float = 0.1, spread: float = 0.3) -> None:
        """Set thresholds so that integrals are above them in about a `share` of the steps.

        Weights onto later regions are scaled, so that their thresholds are like the first one's.

        The readout is told what means of membranes are like, so that its weights are of the order of
        one.

        Parameters
        ----------
        inputs
            A batch to measure integrals with.
        share
            Of steps.
        spread
            Standard deviation of a cell's part in the readout, between samples.
        """
        first = self.sizes[0]
        for _ in range(4):  # cells hear each other
            integrals = self.states(inputs).integrals.flatten(0, 1)
            some = integrals[:: max(1, len(integrals) // 20_000)]
            level = some.quantile(1 - share, dim=0).clamp(min=0.02)
            usual = level[:first].mean()
            self.weight[:, first:] *= (usual / level[first:]).clamp(0.5, 2)
            level[first:] = usual
            self.threshold.copy_(_inverse_softplus(level))
        if self.priors.reset:
            self.jump.copy_(self.threshold)
        means = self.states(inputs).membranes.mean(0)[:, -self.sizes[-1] :]
        self.centre.copy_(means.mean(0))
        self.scale.copy_(spread / means.std(0).mean().clamp(min=1e-3))

    def loss(self, output: PHCOutput, labels: Tensor) -> Tensor:
        """Cross-entropy of the scores; also notes how many answers were right."""
        if torch.is_grad_enabled():
            self._right = (output.scores.detach().argmax(1) == labels).float().mean()
        return cross_entropy(output.scores, labels)

    @torch.no_grad()
    def clamp_(self) -> PHCModule:
        """Let synapses with STDP change, and keep magnitudes from being negative."""
        if self.priors.stdp is not None:
            self._change(self.priors.stdp)
        if self.priors.dale:
            self.weight.clamp_(min=0)
        return self

    def _change(self, rule: STDP) -> None:
        """What the last batch did to synapses; processes that train together do it alike."""
        heard, self._heard = self._heard, None
        own = torch.zeros_like(self.weight)
        if heard is not None:
            own = change(heard, self.shape.delays, rule)
        found = batch_means(0 if heard is None else heard.shape[1], own, self._right)
        if found is None:
            return
        own, right = found
        strength = right - self.usual if rule.rewarded else 1.0
        self.usual.mul_(_FORGET).add_((1 - _FORGET) * right)
        grown = self.weight.abs() + strength * own
        self.weight.copy_(grown.clamp(min=0) * torch.sign(self.weight) * self.mask)

    @property
    def fingerprint(self) -> str:
        """The same text for the same kind of network."""
        return f"PHC {self.sizes} {self.shape} {self.priors} sweeps={self.sweeps}"

    def rates(self, output: PHCOutput) -> dict[str, float]:
        """Mean spikes of a cell in a step, by region."""
        return {name: float(spikes.detach().mean()) for name, spikes in output.spikes.items()}

    def first_bad(self, inputs: Inputs) -> str:
        """The first region and step with a value that is not finite, in words; "" if there is none."""
        for name, value in self.named_parameters():
            if not torch.isfinite(value).all():
                return f"{name} holds values that are not finite"
        if not in_c(self._signal(inputs)):
            return ""
        made = self.states(inputs)
        region = np.repeat(np.arange(len(self.sizes)), self.sizes) + 1
        for name in ("integrals", "membranes"):
            bad = (~torch.isfinite(getattr(made, name))).any(1).nonzero()
            if len(bad):
                step, cell = bad[0].tolist()
                return f"the first is in Region{region[cell]}, {name}, step {step}"
        return ""

    def to_network(self, steps: int = 0, name: str = "phcssm") -> Network:
        """The sequential network with the values that were trained.

        Parameters
        ----------
        steps
            Length of a sequence; totals of the readout then hold the bias, see `PHCSSM`.
        name
            Of the network.
        """
        return PHCSSM(
            self.weights(), steps=steps or self.steps, dale=self.priors.dale, name=name
        ).network


def _no_sequence() -> UnsupportedError:
    return UnsupportedError(
        "PHC network: cell-by-cell training needs a CPU and a C compiler.",
        hint="Train with sweeps: --set sweeps=4.",
    )


def _scalars(priors: Priors) -> Scalars:
    """What all cells share, with the factors that the sequential network derives."""
    if priors.stp is None:
        return Scalars()
    ms = {"U": 1.0, "tau_rec": 1e-3, "tau_fac": 1e-3}
    numbers = {n: getattr(priors.stp, n) * unit for n, unit in ms.items()}
    made = constants(TsodyksMarkram().synapse_type.derived, numbers, 1e-3)
    return Scalars(U=priors.stp.U, d_fac=float(made["d_fac"]), d_rec=float(made["d_rec"]))


def _leaks(cells: int, longest: float, draw: torch.Generator) -> Tensor:
    """Logits of factors with time constants of 1 to `longest` steps, drawn log-uniformly."""
    tau = torch.exp(torch.rand(cells, generator=draw) * math.log(longest))
    return torch.logit(torch.exp(-1 / tau))


def _inverse_softplus(value: Tensor) -> Tensor:
    return torch.log(torch.expm1(value))
