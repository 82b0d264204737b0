"""Neurons that astrocytes modulate: the unit of the models with astrocytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

import neuro
from neuro.errors import ParameterError
from neuro.frontend.handles import PopulationHandle
from neuro.ir.network import FLOAT32, Network, NumberFormat
from neuro.models.shapes import Matrix, shaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Modulation:
    """How astrocytes sense and what they do; one number, or one per astrocyte or neuron.

    Attributes
    ----------
    tau_sense, tau_calcium
        Time constants of an astrocyte's trace and calcium, ms.
    response, half, peak
        How calcium follows the trace: ``"linear"``, or ``"hill"``, at most `peak`, and half of it at
        `half`.
    kappa, c0
        Slope of its gate, and the calcium at which the gate is half open.
    gain, bias, threshold
        What it does to a neuron (gamma, xi and eta): the neuron's input times
        ``1 + gain (2 m - 1)``, plus ``bias m``, and its threshold times ``1 - threshold m``.
    """

    tau_sense: float = 30.0
    tau_calcium: float = 500.0
    response: Literal["linear", "hill"] = "linear"
    half: float = 1.0
    peak: float = 1.0
    kappa: float | Matrix = 4.0
    c0: float | Matrix = 0.5
    gain: float | Matrix = 0.1
    bias: float | Matrix = 0.0
    threshold: float | Matrix = 0.1

    @property
    def astrocyte(self) -> neuro.Astrocyte:
        """The cell."""
        hill = {"half": self.half, "peak": self.peak} if self.response == "hill" else {}
        return neuro.Astrocyte(
            response=self.response,
            tau_sense=self.tau_sense,
            tau_calcium=self.tau_calcium,
            kappa=self.kappa,
            c0=self.c0,
            **hill,
        )

    @property
    def coefficients(self) -> dict[str, float | Matrix]:
        """What is done to neurons, by target."""
        return {"gain": self.gain, "bias": self.bias, "threshold": self.threshold}


def domains(astrocytes: int, neurons: int) -> neuro.FromListConnector:
    """Each astrocyte to its own neurons: as many to each, in order."""
    pairs = [(k * astrocytes // neurons, k) for k in range(neurons)]
    return neuro.FromListConnector(pairs)


def add_modulation(
    net: neuro.NetworkBuilder,
    sensed: PopulationHandle,
    neurons: PopulationHandle,
    astrocytes: int,
    modulation: Modulation,
    *,
    sensing: float | Matrix = 1.0,
    label: str = "Astrocytes",
) -> PopulationHandle:
    """Add astrocytes that sense `sensed` and modulate `neurons`; returns them.

    Projections are called ``Sense``, ``Gain``, ``Bias`` and ``Threshold``, after `label`.

    Parameters
    ----------
    net
        The network being built.
    sensed
        Whose spikes the astrocytes sense.
    neurons
        Cells with the ports of `neuro.ModulatedLIF`.
    astrocytes
        How many; neurons are divided among them.
    modulation
        Constants.
    sensing
        Weights, one number or shape (sensed, astrocytes), not negative.
    label
        Name of the population.
    """
    handle = net.population(astrocytes, modulation.astrocyte, label=label)
    weight = np.broadcast_to(np.asarray(sensing, np.float64), (sensed.size, astrocytes))
    net.senses(sensed, handle, neuro.DenseConnector(), weight=weight, label=f"{label}Sense")
    domain = domains(astrocytes, neurons.size)
    for target, coefficient in modulation.coefficients.items():
        every = np.broadcast_to(np.asarray(coefficient, np.float64), (neurons.size,))
        net.modulates(
            handle,
            neurons,
            domain,
            target=target,  # type: ignore[arg-type]
            coefficient=every,
            label=f"{label}{target.title()}",
        )
    return handle


class AstroModulatedLIF:
    r"""A layer of leaky integrate-and-fire neurons whose gain, current and threshold astrocytes set.

    It is our own, inspired by, not a reproduction of, arXiv 2312.07625 (AM-SU), whose equations are
    not known to us.  Presynaptic spikes ``s`` reach neurons through weights ``W``, and astrocytes
    through weights ``A`` that are not negative; each neuron ``k`` belongs to one astrocyte ``j``:

    .. math::

        g_j[t] &= \lambda_g g_j[t-1] + \sum_i A_{ji} s_i[t-1], \qquad \lambda_x = e^{-dt/\tau_x}

        c_j[t] &= \lambda_c c_j[t-1] + (1 - \lambda_c)\, f(g_j[t])

        m_j[t] &= \sigma(\kappa_j (c_j[t] - c_{0j}))

        \theta_k[t] &= v_{thresh} (1 - \eta_k\, m_j[t-1])

        v_k[t] &= \lambda_v v_k[t-1] + (1 + \gamma_k (2 m_j[t-1] - 1)) \sum_i W_{ik} s_i[t-1]
            + \xi_k\, m_j[t-1] + b_k

    A neuron spikes where :math:`v_k \geq \theta_k`, and :math:`\theta_k` is taken off.  Spikes take
    a step to their targets, and so do gates: a presynaptic spike of step ``t`` is in ``m`` at
    ``t + 1`` and acts on neurons from ``t + 2`` on, a step after its own current.  In step 0 no gate
    has arrived, so all three modulations are absent.

    The gain stays within :math:`1 \pm |\gamma|`.  With :math:`\gamma = \xi = \eta = 0` the neurons
    are ``LIF(reset="subtract")`` to the last bit.

    Parameters
    ----------
    inputs, cells, astrocytes
        How many presynaptic cells, neurons and astrocytes.
    modulation
        Constants of the astrocytes, and what they do.
    weight
        ``W``, shape (inputs, cells); drawn from a normal distribution if it is not given.
    sensing
        ``A``, one number or shape (inputs, astrocytes).
    recurrent
        Weights among the neurons, shape (cells, cells); none if it is not given.
    tau_m, v_thresh, bias
        As for `neuro.ModulatedLIF`.
    dt
        Step, ms.
    seed
        Of the weights, if they are drawn, and of the network.
    format
        Number format.

    Attributes
    ----------
    network
        Source ``Pre``; populations ``Cells`` and ``Astrocytes``; projections ``In``, ``Recurrent``,
        ``AstrocytesSense``, ``AstrocytesGain``, ``AstrocytesBias``, ``AstrocytesThreshold``.

    Raises
    ------
    ParameterError
        If weights have another shape, or a coefficient is out of range.
    """

    def __init__(
        self,
        inputs: int,
        cells: int,
        *,
        astrocytes: int = 1,
        modulation: Modulation = Modulation(),
        weight: Matrix | None = None,
        sensing: float | Matrix = 1.0,
        recurrent: Matrix | None = None,
        tau_m: float = 20.0,
        v_thresh: float = 1.0,
        bias: float = 0.0,
        dt: float = 1.0,
        seed: int = 0,
        format: NumberFormat = FLOAT32,
    ) -> None:
        if not 1 <= astrocytes <= cells:
            raise ParameterError(
                f"is {astrocytes}.", where="astrocytes", hint=f"Give 1 to {cells}, one per cell."
            )
        rng = np.random.default_rng(seed)
        drawn = rng.normal(0, 1 / np.sqrt(inputs), (inputs, cells))
        net = neuro.NetworkBuilder(dt=dt, name="astro-lif", seed=seed, format=format)
        pre = net.population(inputs, neuro.SpikeSourceArray(), label="Pre")
        cell = neuro.ModulatedLIF(tau_m=tau_m, v_thresh=v_thresh, bias=bias)
        neurons = net.population(cells, cell, label="Cells")
        for source, values, label in (
            (pre, drawn if weight is None else weight, "In"),
            (neurons, recurrent, "Recurrent"),
        ):
            if values is not None:
                checked = shaped(values, (source.size, cells), label)
                synapse = neuro.StaticSynapse(weight=checked)
                net.projection(source, neurons, neuro.DenseConnector(), synapse, label=label)
        add_modulation(net, pre, neurons, astrocytes, modulation, sensing=sensing)
        neurons.record("spikes")
        self.network: Network = net.build()
