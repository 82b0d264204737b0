"""Models from the literature, built with the front end and described by a card each."""

from neuro.models.astro_lif import AstroModulatedLIF, Modulation
from neuro.models.ca3 import CA3Memory

__all__ = ["AstroModulatedLIF", "CA3Memory", "Modulation"]
