"""neuro: define a spiking network once; run it everywhere with the same spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuro.cells import (
    ALIF,
    LIF,
    PHC,
    AdEx,
    Astrocyte,
    Cell,
    CustomCell,
    EIF_cond_exp_isfa_ista,
    IF_cond_exp,
    IF_curr_alpha,
    IF_curr_delta,
    IF_curr_exp,
    Izhikevich,
    LoihiLIF,
    ModulatedLIF,
    SpikeSourcePoisson,
)
from neuro.errors import Finding, NeuroError
from neuro.formats.network_file import load_network, save_network
from neuro.formats.nir.profiles import PROFILES as NIR_PROFILES
from neuro.frontend.builder import NetworkBuilder
from neuro.frontend.connectors import (
    AllToAllConnector,
    ConvolutionConnector,
    DenseConnector,
    DistanceDependentProbabilityConnector,
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FromListConnector,
    OneToOneConnector,
    PoolingConnector,
)
from neuro.frontend.sources import DCSource, SpikeSourceArray, StepCurrentSource
from neuro.ir.network import FLOAT32, FLOAT64, Network, Scale, fixed_point
from neuro.passes.freeze import freeze
from neuro.passes.loihi import to_loihi
from neuro.passes.quantise import quantise
from neuro.passes.spinnaker import to_spinnaker
from neuro.recording.data import Recording
from neuro.simulation.check import check
from neuro.simulation.frameworks import (
    from_module,
    from_norse,
    from_snntorch,
    from_spikingjelly,
    from_spyx,
    to_snntorch,
)
from neuro.simulation.nengo import NengoModel, from_nengo
from neuro.simulation.nir import NIRExport, NIRModel, from_nir, to_nir
from neuro.simulation.run import simulate, simulate_to_file
from neuro.simulation.session import RunInterrupted, Session
from neuro.simulation.torch import to_torch
from neuro.simulation.verify import verify
from neuro.surface import Normal, Uniform
from neuro.synapses import (
    AntiHebbian,
    CustomSynapse,
    Hebbian,
    PairSTDP,
    StaticSynapse,
    Synapse,
    ThreeFactorSTDP,
    TsodyksMarkram,
)
from neuro.version import __version__

if TYPE_CHECKING:
    from neuro.frontend.equations import cell_from_equations

__all__ = [
    "ALIF",
    "FLOAT32",
    "FLOAT64",
    "LIF",
    "NIR_PROFILES",
    "PHC",
    "AdEx",
    "AllToAllConnector",
    "AntiHebbian",
    "Astrocyte",
    "Cell",
    "ConvolutionConnector",
    "CustomCell",
    "CustomSynapse",
    "DCSource",
    "DenseConnector",
    "DistanceDependentProbabilityConnector",
    "EIF_cond_exp_isfa_ista",
    "Finding",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FromListConnector",
    "Hebbian",
    "IF_cond_exp",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "Izhikevich",
    "LoihiLIF",
    "ModulatedLIF",
    "NIRExport",
    "NIRModel",
    "NengoModel",
    "Network",
    "NetworkBuilder",
    "NeuroError",
    "Normal",
    "OneToOneConnector",
    "PairSTDP",
    "PoolingConnector",
    "Recording",
    "RunInterrupted",
    "Scale",
    "Session",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "StaticSynapse",
    "StepCurrentSource",
    "Synapse",
    "ThreeFactorSTDP",
    "TsodyksMarkram",
    "Uniform",
    "__version__",
    "cell_from_equations",
    "check",
    "fixed_point",
    "freeze",
    "from_module",
    "from_nengo",
    "from_nir",
    "from_norse",
    "from_snntorch",
    "from_spikingjelly",
    "from_spyx",
    "load_network",
    "quantise",
    "save_network",
    "simulate",
    "simulate_to_file",
    "to_loihi",
    "to_nir",
    "to_snntorch",
    "to_spinnaker",
    "to_torch",
    "verify",
]


def __getattr__(name: str) -> object:
    """`cell_from_equations` on first use: it needs sympy, whose import is slow."""
    if name != "cell_from_equations":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from neuro.frontend.equations import cell_from_equations

    return cell_from_equations
