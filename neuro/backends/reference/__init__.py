"""The reference interpreter as a backend."""

from neuro.backends.reference.backend import ReferenceBackend

__all__ = ["ReferenceBackend"]
