"""The reference interpreter: slow, obvious, and the specification of a step."""

from neuro.reference.engine import Interpreter

__all__ = ["Interpreter"]
