"""Which framework an object is from, and its graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any, Literal

from neuro.errors import ParameterError, UnavailableError, unknown_name
from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.norse import NORSE
from neuro.formats.frameworks.snntorch import SNNTORCH
from neuro.formats.frameworks.spikingjelly import SPIKINGJELLY
from neuro.formats.frameworks.spyx import SPYX, spyx_graph
from neuro.formats.frameworks.walk import only_module, torch_graph
from neuro.formats.nir.graph import Graph

FRAMEWORKS = {item.name: item for item in (SNNTORCH, NORSE, SPIKINGJELLY, SPYX)}
"""All frameworks by the name of their package."""


def framework_of(module: Any, where: str = "from_module") -> Framework:
    """The framework whose neurons a module has.

    Raises
    ------
    ParameterError
        If it has neurons of none, or of several; says which.
    """
    found = {f.name: f for part in _parts(module) for f in FRAMEWORKS.values() if f.owns(part)}
    if len(found) == 1:
        return next(iter(found.values()))
    listed = ", ".join(f.title for f in FRAMEWORKS.values())
    what = "has neurons of several frameworks" if found else "has neurons of no known framework"
    raise ParameterError(
        f"{type(module).__name__} {what}{': ' + ', '.join(sorted(found)) if found else ''}.",
        where=where,
        hint=f"Give a model of one of {listed}.",
    )


def checked_framework(module: Any, name: str) -> Framework:
    """The framework called `name`, if `module` has its neurons.

    Raises
    ------
    UnavailableError
        If it is not installed, so that `module` cannot be from it.
    ParameterError
        If `module` is from another one.
    UnknownNameError
        If there is no such framework.
    """
    where = f"from_{name}"
    if name not in FRAMEWORKS:
        raise unknown_name(name, FRAMEWORKS, kind="framework", where="from_module")
    framework = FRAMEWORKS[name]
    if any(framework.owns(part) for part in _parts(module)):
        return framework_of(module, where)
    if find_spec(name) is None:
        raise UnavailableError(
            f"{framework.title} is not installed.",
            where=where,
            hint=f"pip install 'neuro-spiking[{name}]'",
        )
    raise ParameterError(
        f"{type(module).__name__} has no layer of {framework.title}.",
        where=where,
        hint=f"Give a model made with {name}.",
    )


def module_graph(
    framework: Framework,
    module: Any,
    input_shape: Sequence[int],
    *,
    coding: Literal["spikes", "values"],
    dt: float,
) -> Graph:
    """The graph of a live module.

    Raises
    ------
    UnsupportedError
        If something in it has no exact counterpart; names it.
    """
    if framework is SPYX:
        return spyx_graph(module, input_shape, coding, dt)
    only_module(module, f"from_{framework.name}")
    return torch_graph(framework, module, input_shape, coding, dt)


def _parts(module: Any) -> Iterator[Any]:
    """A module and all in it: of torch, or layers of flax."""
    if hasattr(module, "modules"):
        yield from module.modules()
        return
    yield module
    yield from getattr(module, "layers", ())
