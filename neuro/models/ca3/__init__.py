"""The spiking content-addressable memory of hippocampal CA3."""

from neuro.models.ca3.memory import CA3Memory, CA3Session

__all__ = ["CA3Memory", "CA3Session"]
