"""Lava's simulator of Loihi as a backend."""

from neuro.backends.lava.backend import LavaBackend

__all__ = ["LavaBackend"]
