"""Backends: ways to run a network, found by name and imported only when used."""

from neuro.backends.contract import Backend, Engine
from neuro.backends.registry import backend_names, get_backend

__all__ = ["Backend", "Engine", "backend_names", "get_backend"]
