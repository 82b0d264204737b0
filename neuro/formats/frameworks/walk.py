"""From a torch module to a graph: chains layer by layer, modules of a user's own through torch.fx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from neuro.errors import ParameterError, UnsupportedError
from neuro.formats.frameworks.draft import INPUT, Draft
from neuro.formats.frameworks.framework import Framework, root_of
from neuro.formats.frameworks.torch_layers import TORCH_LAYERS
from neuro.formats.nir.graph import Graph

_PLAIN = ("Module", "Sequential", "ModuleList", "ModuleDict")
"""Classes of torch that a user's own module may build upon."""


def torch_graph(
    framework: Framework,
    module: Any,
    input_shape: Sequence[int],
    coding: Literal["spikes", "values"],
    dt: float,
) -> Graph:
    """The graph of a torch module.

    Parameters
    ----------
    framework
        Whose cells it has.
    module
        Any ``torch.nn.Module``.
    input_shape
        Shape of one sample, without batch and time.
    coding
        Whether the input is spikes.
    dt
        Length of a step in seconds.

    Raises
    ------
    UnsupportedError
        If a layer or an operation has no exact counterpart; names it.
    """
    draft = Draft(input_shape, coding, dt)
    for source in Walk(framework, draft).outputs("", module):
        draft.output(source)
    return draft.graph(type(module).__name__)


class Walk:
    """Puts modules into a draft.

    Parameters
    ----------
    framework
        Whose cells there are.
    draft
        What is filled.
    """

    def __init__(self, framework: Framework, draft: Draft) -> None:
        self.framework, self.draft = framework, draft
        self._put: list[Any] = []

    def outputs(self, name: str, module: Any) -> list[str]:
        """Put all of `module` behind the input; returns the nodes that it shows."""
        if self.is_chain(module):
            return [self.put(name, module, INPUT)]
        if self.is_leaf(module):
            return [self.put(name or type(module).__name__.lower(), module, INPUT)]
        return self._traced(name, module, INPUT)

    def put(self, name: str, module: Any, source: str) -> str:
        """Put `module` behind `source`; returns the node that has what it puts out.

        Raises
        ------
        UnsupportedError
            If there is no way.
        """
        if self.is_chain(module):
            return self._chain(name, module, source)
        if self.is_leaf(module):
            self._check_alone(name, module)
            return self.framework.emit(module, name)(self.draft, name, module, source)
        found = self._traced(name, module, source)
        if len(found) != 1:
            raise UnsupportedError(f"layer {name!r} puts out {len(found)} values instead of one.")
        return found[0]

    def is_chain(self, module: Any) -> bool:
        """True for modules that run their children in order."""
        kind = type(module)
        return kind.__name__ in self.framework.chains and self.framework.known(module)

    def is_leaf(self, module: Any) -> bool:
        """True for modules that are put in as they are; the others are traced.

        Raises
        ------
        UnsupportedError
            For a class that changes one of torch's or the framework's.
        """
        if self.framework.known(module):
            return True
        for base in type(module).__mro__[1:]:
            inside = root_of(base) in (self.framework.name, "torch")
            if inside and base.__name__ not in _PLAIN:
                raise UnsupportedError(
                    f"{type(module).__name__} is a class of its own, made from {base.__name__}; "
                    "what it changes cannot be known.",
                    hint=f"Use {base.__name__} itself.",
                )
        return False

    def stateful(self, module: Any) -> bool:
        """True if a module returns a tuple that begins with what it puts out."""
        if self.is_chain(module) and not self.framework.stateful(module):
            children = list(module.children())
            return bool(children) and self.stateful(children[-1])
        return self.framework.stateful(module)

    def keeps_state(self, module: Any) -> bool:
        """True if there is a neuron in a module."""
        return any(self._is_neuron(part) for part in module.modules())

    def _is_neuron(self, part: Any) -> bool:
        name = type(part).__name__
        return name in self.framework.layers and name not in TORCH_LAYERS and self.is_leaf(part)

    def _check_alone(self, name: str, module: Any) -> None:
        """A neuron that stands at two places would have one state for both."""
        if not self._is_neuron(module):
            return
        if any(module is other for other in self._put):
            raise UnsupportedError(
                f"layer {name!r}: the same {type(module).__name__} is used at two places.",
                hint="Give each place a neuron of its own.",
            )
        self._put.append(module)

    def _chain(self, name: str, module: Any, source: str) -> str:
        prefix = f"{name}." if name else ""
        for key, child in module._modules.items():  # noqa: SLF001  # children() leaves out repeated ones
            source = self.put(f"{prefix}{key}", child, source)
        return source

    def _traced(self, name: str, module: Any, source: str) -> list[str]:
        from neuro.formats.frameworks.tracing import Tracing

        return Tracing(self, name, module).put(source)


def only_module(module: Any, where: str) -> None:
    """Refuse what is no ``torch.nn.Module``.

    Raises
    ------
    ParameterError
        Says what it is.
    """
    if not any(base.__name__ == "Module" for base in type(module).__mro__):
        raise ParameterError(
            f"is {type(module).__name__}.", where=where, hint="Give a torch.nn.Module."
        )
