"""Brian2 as a backend: a network is written as a Brian2 program, which Brian2 runs.

Brian2 is imported only when a network is compiled, so this package loads without it.
"""

from neuro.backends.brian2.backend import Brian2Backend

__all__ = ["Brian2Backend"]
