"""Quantise a float network to Loihi's integer arithmetic; see `docs/explanation/loihi.md`."""

from neuro.passes.loihi.convert import to_loihi
from neuro.passes.loihi.report import LoihiCells, LoihiNetwork, LoihiReport, LoihiSynapses

__all__ = ["LoihiCells", "LoihiNetwork", "LoihiReport", "LoihiSynapses", "to_loihi"]
