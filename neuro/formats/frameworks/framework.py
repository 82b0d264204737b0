"""What is known of a framework: its layers, what its cells return, how long a step is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from neuro.errors import UnsupportedError
from neuro.formats.frameworks.draft import Draft

Emit: TypeAlias = Callable[[Draft, str, Any, str], str]
"""Puts a layer, called so and so, behind a node; returns the node that has what it puts out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework.

    Attributes
    ----------
    name
        Its package, which is also the name of the optional extra.
    title
        Its name as it is written.
    layers
        What to do with its classes (and those that it shares with others), by class name.
    chains
        Classes that run their children one after the other.
    stateful
        True if a module returns a tuple that begins with what it puts out.
    step
        Length of a step in seconds that a module itself knows; None if it has none.
    default_dt
        Length of a step if no module knows one.
    reasons
        Why classes are refused, by name, where there is more to say than that there is no counterpart.
    shared
        Where classes besides its own come from that count as layers.
    """

    name: str
    title: str
    layers: Mapping[str, Emit]
    chains: frozenset[str]
    stateful: Callable[[Any], bool] = lambda module: False
    step: Callable[[Any], float | None] = lambda module: None
    default_dt: float
    reasons: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ("torch.nn.modules.",)

    def owns(self, module: Any) -> bool:
        """True if a module's class comes from the framework's own package."""
        return root_of(type(module)) == self.name

    def known(self, module: Any) -> bool:
        """True if a module's class comes from the framework, or from one that it builds upon."""
        return self.owns(module) or type(module).__module__.startswith(self.shared)

    def emit(self, module: Any, name: str) -> Emit:
        """How to put a layer into a graph.

        Raises
        ------
        UnsupportedError
            If there is no way; says why and lists what is supported.
        """
        kind = type(module).__name__
        found = self.layers.get(kind)
        if found is not None and self.known(module):
            return found
        raise self.refused(module, name)

    def refused(self, module: Any, name: str) -> UnsupportedError:
        """The error for a class without a counterpart."""
        kind = type(module).__name__
        why = self.reasons.get(kind, "")
        return UnsupportedError(
            f"layer {name!r}: there is no exact counterpart of {kind}{': ' + why if why else ''}.",
            hint=f"Supported: {', '.join(sorted(self.layers.keys() | self.chains))}.",
        )


def root_of(kind: type) -> str:
    """The package that a class comes from."""
    return kind.__module__.partition(".")[0]
