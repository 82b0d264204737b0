"""The numba backend: the lowered network as Python that numba compiles; needs no C compiler."""

from neuro.backends.numba.backend import NumbaBackend

__all__ = ["NumbaBackend"]
