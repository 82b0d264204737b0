"""Models from the literature, built with the front end and described by a card each."""

from neuro.models.astro_lif import AstroModulatedLIF, Modulation
from neuro.models.ca3 import CA3Memory
from neuro.models.phcssm import PHCSSM

__all__ = ["PHCSSM", "AstroModulatedLIF", "CA3Memory", "Modulation"]
