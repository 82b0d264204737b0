"""The library of synapses; one file a model, its rule in the class docstring."""

from neuro.synapses.base import CustomSynapse, Synapse
from neuro.synapses.hebbian import AntiHebbian, Hebbian
from neuro.synapses.pair_stdp import PairSTDP
from neuro.synapses.static import StaticSynapse
from neuro.synapses.three_factor import ThreeFactorSTDP
from neuro.synapses.tsodyks_markram import TsodyksMarkram

__all__ = [
    "AntiHebbian",
    "CustomSynapse",
    "Hebbian",
    "PairSTDP",
    "StaticSynapse",
    "Synapse",
    "ThreeFactorSTDP",
    "TsodyksMarkram",
]
