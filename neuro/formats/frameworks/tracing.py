"""A module with a forward of its own: traced by torch.fx, loops over time folded into one step.

Tracing runs ``forward`` once with symbols.  A loop over time comes out unrolled: each layer is called
once per step.  What a call hears is then written relative to its step: from this step, or from the step
before.  If that is the same in every step, it is the network; if not, the module is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import Parameter, signature
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from neuro.errors import UnsupportedError, first_line
from neuro.formats.frameworks.operations import OPERATIONS
from neuro.formats.frameworks.values import (
    Called,
    Given,
    Layer,
    Other,
    Sum,
    Through,
    Value,
    Zero,
    grows,
    is_output,
    similar,
    step_index,
)

if TYPE_CHECKING:
    from neuro.formats.frameworks.walk import Walk


HINT = (
    "Write forward as one step, or as a loop over time that does the same in every step; or export "
    "to NIR and use from_nir."
)


class Tracing:
    """One module, traced.

    Parameters
    ----------
    walk
        What puts layers into the draft.
    name
        The module's name.
    module
        The module.

    Raises
    ------
    UnsupportedError
        If its forward depends on values, or does what has no counterpart; names it.
    """

    def __init__(self, walk: Walk, name: str, module: Any) -> None:
        self._walk, self._module = walk, module
        self._prefix = f"{name}." if name else ""
        self._values: dict[Any, Value | list[Any]] = {}
        self._heard: dict[str, list[Value]] = {}
        self._returned: Any = None
        with _as_it_was(module):
            graph = _trace(module, walk.is_leaf, self._prefix or type(module).__name__)
            for node in graph.nodes:
                self._values[node] = self._RULES[node.op](self, node)

    def put(self, source: str) -> list[str]:
        """Put the module behind `source`; returns the nodes that it shows."""
        self._made: dict[Value, str] = {Given(): source}
        self._nodes: dict[str, str] = {}
        self._waiting: list[tuple[str, str]] = []
        steps = self._steps = max((len(calls) for calls in self._heard.values()), default=1)
        for layer, calls in self._heard.items():
            heard = self._one_step(layer, calls, steps)
            before = self._node(f"{self._prefix}{layer}", heard)
            module = self._module.get_submodule(layer)
            self._nodes[layer] = self._walk.put(f"{self._prefix}{layer}", module, before)
        shown = [self._node(f"{self._prefix}output", value) for value in self._shown(steps)]
        for layer, delay in self._waiting:
            self._walk.draft.edges.append((self._nodes[layer], delay))
        return shown

    # Nodes of the trace -------------------------------------------------------------------------

    def _placeholder(self, node: Any) -> Value:
        first = not any(isinstance(value, Given) for value in self._values.values())
        return Given(state=not first)

    def _attribute(self, node: Any) -> Value:
        found: Any = self._module
        for word in node.target.split("."):
            found = getattr(found, word)
        if hasattr(found, "count_nonzero") and int(found.count_nonzero()) == 0:
            return Zero()
        raise self._unsupported(f"uses the constant {node.target!r}, which is not zero")

    def _layer(self, node: Any) -> Value:
        layer = node.target
        heard, *states = self._arguments(node) or [None]
        value = self.heard(heard)
        if not self._keeps_state(layer):
            return Layer(layer, value)
        calls = self._heard.setdefault(layer, [])
        for state in states:
            self._check_state(layer, len(calls), self._value(state))
        calls.append(value)
        return Called(layer, len(calls) - 1)

    def _arguments(self, node: Any) -> list[Any]:
        """The arguments of a call, in the order of the layer's own signature."""
        forward = signature(self._module.get_submodule(node.target).forward)
        found: list[Any] = []
        for name, value in forward.bind(*node.args, **node.kwargs).arguments.items():
            several = forward.parameters[name].kind is Parameter.VAR_POSITIONAL
            found += value if several else [value]
        return found

    def _check_state(self, layer: str, call: int, value: Any) -> None:
        """The state that a call starts from is its own of the step before, or none."""
        if isinstance(value, list):
            for part in value:
                self._check_state(layer, call, part)
            return
        own = isinstance(value, Called) and value.layer == layer and value.call == call - 1
        if not own and not isinstance(value, Zero | Other) and value != Given(state=True):
            raise self._unsupported(f"hands {layer!r} a state that is not its own")

    def _function(self, node: Any) -> Value | list[Any]:
        name = getattr(node.target, "__name__", str(node.target))
        return self._operation(name, node)

    def _method(self, node: Any) -> Value | list[Any]:
        return self._operation(node.target, node)

    def _operation(self, name: str, node: Any) -> Value | list[Any]:
        rule = OPERATIONS.get(name)
        if rule is None:
            raise self._unsupported(f"does {name!r}, which has no counterpart")
        found: Value | list[Any] = rule(self, node)
        return found

    def _output(self, node: Any) -> Value:
        self._returned = self._value(node.args[0])
        return Other()

    _RULES: ClassVar[dict[str, Callable[[Tracing, Any], Any]]] = {
        "placeholder": _placeholder,
        "get_attr": _attribute,
        "call_module": _layer,
        "call_function": _function,
        "call_method": _method,
        "output": _output,
    }

    def _value(self, argument: Any) -> Any:
        """The value of an argument: of a node, of a list of them, or nothing to hear."""
        if isinstance(argument, tuple | list):
            return [self._value(part) for part in argument]
        found = self._values.get(argument) if hasattr(argument, "op") else None
        return Other() if found is None else found

    def heard(self, argument: Any) -> Value:
        """An argument as a value that a layer can hear."""
        value = self._value(argument)
        if isinstance(value, list):
            raise self._unsupported("hands a list to a layer")
        found: Value = value
        return found

    def item(self, node: Any) -> Value | list[Any]:
        """``value[key]``: of a tuple that a layer returns, or the input of one step."""
        value, key = self._value(node.args[0]), node.args[1]
        if isinstance(value, list):
            part: Value | list[Any] = value[key] if isinstance(key, int) else value
            return part
        if isinstance(value, Called) and not value.state:
            module = self._module.get_submodule(value.layer)
            if self._walk.stateful(module) and isinstance(key, int):
                return value if key == 0 else Called(value.layer, value.call, state=True)
        if value == Given() and step_index(key) is not None:
            return Given(index=step_index(key))
        if isinstance(value, Other | Zero) or getattr(value, "state", False):
            same: Value = value
            return same
        raise self._unsupported(f"takes a part of a value, [{key}]")

    # One step -----------------------------------------------------------------------------------

    def _one_step(self, layer: str, calls: list[Value], steps: int) -> Value:
        """What a layer hears in each step; the same in all, or there is no network."""
        if len(calls) != steps:
            raise self._unsupported(
                f"calls {layer!r} {len(calls)} times, other layers {steps} times"
            )
        relative = [self._relative(value, at, layer) for at, value in enumerate(calls)]
        if any(value != relative[-1] for value in relative[1:]) or not grows(
            relative[0], relative[-1]
        ):
            raise self._unsupported(f"lets {layer!r} hear something else from step to step")
        return relative[-1]

    def _keeps_state(self, layer: str) -> bool:
        return self._walk.keeps_state(self._module.get_submodule(layer))

    def _relative(self, value: Value, at: int, layer: str) -> Value:
        """`value` with calls counted back from call `at`."""
        match value:
            case Called(layer=source, call=call, state=False):
                if at - call not in (0, 1):
                    raise self._unsupported(
                        f"lets {layer!r} hear {source!r} {at - call} steps late"
                    )
                return Called(source, at - call)
            case Sum(parts=parts):
                return Sum(tuple(self._relative(part, at, layer) for part in parts))
            case Through(kind=kind, options=options, value=inner):
                return Through(kind, options, self._relative(inner, at, layer))
            case Layer(layer=through, value=inner):
                return Layer(through, self._relative(inner, at, layer))
            case Given(state=False, index=index):
                if index not in (None, at) or (index is not None and self._steps == 1):
                    raise self._unsupported(f"lets {layer!r} hear input {index} in step {at}")
                return Given()
            case Zero():
                return value
        raise self._unsupported(f"hands {layer!r} a state, or a number, as its input")

    def _node(self, name: str, value: Value) -> str:
        """The node in the draft that has a relative value; made where there is none yet."""
        if value not in self._made:
            self._made[value] = self._make(name, value)
        return self._made[value]

    def _make(self, name: str, value: Value) -> str:
        draft = self._walk.draft
        match value:
            case Called(layer=layer, call=0):
                return self._nodes[layer]
            case Called(layer=layer):
                delay = draft.delay(f"{self._prefix}{layer}.before")
                self._waiting.append((layer, delay))
                return delay
            case Layer(layer=layer, value=inner):
                before = self._node(f"{self._prefix}{layer}", inner)
                module = self._module.get_submodule(layer)
                return self._walk.put(draft.free(f"{self._prefix}{layer}"), module, before)
            case Through(kind=kind, options=options, value=inner):
                before = self._node(name, inner)
                emit = self._walk.framework.layers[kind]
                made = SimpleNamespace(**dict(options))
                return emit(draft, draft.free(f"{name}.{kind.lower()}"), made, before)
            case Sum(parts=parts):
                kept = [part for part in parts if not isinstance(part, Zero)]
                return draft.join(f"{name}.sum", [self._node(name, part) for part in kept])
        raise self._unsupported(f"lets {name!r} hear nothing")

    def _shown(self, steps: int) -> list[Value]:
        """What the module returns: values of layers, without states, each once."""
        found = dict.fromkeys(self._leaves(self._returned))
        if not found:
            raise self._unsupported("returns nothing that a layer puts out")
        last = {self._relative(value, steps - 1, "output"): None for value in found}
        return list(last)

    def _leaves(self, value: Any) -> Iterator[Value]:
        if isinstance(value, list):
            kept = [part for part in map(list, map(self._leaves, value)) if part]
            same = all(len(part) == 1 and similar(part[0], kept[0][0]) for part in kept)
            for part in kept[-1:] if same else kept:
                yield from part
        elif isinstance(value, Sum | Through | Layer) or is_output(value):
            yield value

    def _unsupported(self, what: str) -> UnsupportedError:
        where = self._prefix[:-1] or type(self._module).__name__
        return UnsupportedError(f"module {where!r} {what}.", hint=HINT)


def _trace(module: Any, is_leaf: Callable[[Any], bool], name: str) -> Any:
    """The graph that torch.fx makes of a module.

    Raises
    ------
    UnsupportedError
        If tracing fails: forward depends on values.
    """
    fx: Any = import_module("torch.fx")

    class Leaves(fx.Tracer):  # type: ignore[misc]  # its base is loaded only here
        """Stops at layers that are known."""

        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
            del module_qualified_name
            return is_leaf(m)

    try:
        return Leaves().trace(module)
    except UnsupportedError:
        raise
    except Exception as error:
        raise UnsupportedError(
            f"module {name.rstrip('.')!r} cannot be traced: {first_line(error)}",
            hint=f"Its forward must not depend on values or on the length of the input. {HINT}",
        ) from error


@contextmanager
def _as_it_was(module: Any) -> Iterator[None]:
    """Undo what a forward does to its modules while it is traced, such as resets of states."""
    attributes = [(vars(part), dict(vars(part))) for part in module.modules()]
    inside = [(value, dict(value)) for own, _ in attributes for value in own.values()
              if isinstance(value, dict)]  # fmt: skip
    try:
        yield
    finally:
        for changed, before in (*attributes, *inside):
            changed.clear()
            changed.update(before)
