"""Models from the literature, built with the front end and described by a card each."""

from neuro.models.ca3 import CA3Memory

__all__ = ["CA3Memory"]
