"""The library of cells; one file a model, its equations in the class docstring."""

from neuro.cells.adex import AdEx, EIF_cond_exp_isfa_ista
from neuro.cells.alif import ALIF
from neuro.cells.astrocyte import Astrocyte
from neuro.cells.base import Cell, CustomCell
from neuro.cells.if_cond_exp import IF_cond_exp
from neuro.cells.if_curr_alpha import IF_curr_alpha
from neuro.cells.if_curr_delta import IF_curr_delta
from neuro.cells.if_curr_exp import IF_curr_exp
from neuro.cells.izhikevich import Izhikevich
from neuro.cells.lif import LIF
from neuro.cells.loihi_lif import LoihiLIF
from neuro.cells.modulated_lif import ModulatedLIF
from neuro.cells.phc import PHC
from neuro.cells.poisson import SpikeSourcePoisson

__all__ = [
    "ALIF",
    "LIF",
    "PHC",
    "AdEx",
    "Astrocyte",
    "Cell",
    "CustomCell",
    "EIF_cond_exp_isfa_ista",
    "IF_cond_exp",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "Izhikevich",
    "LoihiLIF",
    "ModulatedLIF",
    "SpikeSourcePoisson",
]
