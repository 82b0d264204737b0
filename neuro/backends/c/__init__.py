"""The C backend: generates C99 from the lowered network, compiles it and runs it in process."""

from neuro.backends.c.backend import CBackend

__all__ = ["CBackend"]
