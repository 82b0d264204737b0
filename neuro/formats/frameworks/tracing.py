"""A module with a forward of its own: traced by torch.fx, loops over time folded into one step.

Tracing runs ``forward`` once with symbols.  A loop over time comes out unrolled: each layer is called
once per step.  What a call hears is then written relative to its step: from this step, or from the step
before.  If that is the same in every step, it is the network; if not, the module is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from neuro.errors import UnsupportedError

if TYPE_CHECKING:
    from neuro.formats.frameworks.walk import Walk


@dataclass(frozen=True, slots=True)
class Zero:
    """Zeros, such as a state at the start."""


@dataclass(frozen=True, slots=True)
class Given:
    """What comes in from outside: the input, or a state that the caller keeps."""

    state: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """What the call number `call` of a layer puts out, or (`state`) what it keeps."""

    layer: str
    call: int
    state: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """Several values added."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Through:
    """A value through an operation of torch without parameters, such as a flatten."""

    kind: str
    options: tuple[tuple[str, Any], ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Other:
    """A number or a shape: nothing that a layer could hear."""


Value: TypeAlias = Zero | Given | Called | Sum | Through | Other


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
        for node in _trace(module, walk.is_leaf, self._prefix or type(module).__name__).nodes:
            self._values[node] = self._RULES[node.op](self, node)

    def put(self, source: str) -> list[str]:
        """Put the module behind `source`; returns the nodes that it shows."""
        self._nodes = {"": source}
        self._waiting: list[tuple[str, str]] = []
        steps = max((len(calls) for calls in self._heard.values()), default=0)
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
        calls = self._heard.setdefault(layer, [])
        heard, *states = (self._value(argument) for argument in node.args)
        for state in (*states, *map(self._value, node.kwargs.values())):
            self._check_state(layer, len(calls), state)
        calls.append(heard)
        return Called(layer, len(calls) - 1)

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
        rule = _OPERATIONS.get(name)
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
        assert isinstance(value, Zero | Given | Called | Sum | Through | Other)
        return value

    def item(self, node: Any) -> Value | list[Any]:
        """``value[key]``: of a tuple that a layer returns, or the input of one step."""
        value, key = self._value(node.args[0]), node.args[1]
        if isinstance(value, list):
            return value[key] if isinstance(key, int) else value
        if isinstance(value, Called) and not value.state:
            module = self._module.get_submodule(value.layer)
            if self._walk.stateful(module) and isinstance(key, int):
                return value if key == 0 else Called(value.layer, value.call, state=True)
            raise self._unsupported(f"takes a part of what {value.layer!r} puts out")
        if isinstance(value, Given) and not value.state and _one_step(key):
            return value
        return value if isinstance(value, Called | Given | Zero) else Other()

    # One step -----------------------------------------------------------------------------------

    def _one_step(self, layer: str, calls: list[Value], steps: int) -> Value:
        """What a layer hears in each step; the same in all, or there is no network."""
        if len(calls) not in (1, steps):
            raise self._unsupported(
                f"calls {layer!r} {len(calls)} times, other layers {steps} times"
            )
        if len(calls) == 1 and steps > 1 and self._keeps_state(layer):
            raise self._unsupported(f"calls {layer!r} once, other layers {steps} times")
        relative = [self._relative(value, at, layer) for at, value in enumerate(calls)]
        if any(value != relative[-1] for value in relative[1:]) or not _grows(
            relative[0], relative[-1]
        ):
            raise self._unsupported(f"lets {layer!r} hear something else from step to step")
        return relative[-1]

    def _keeps_state(self, layer: str) -> bool:
        module = self._module.get_submodule(layer)
        return any(self._walk.framework.owns(part) for part in module.modules())

    def _relative(self, value: Value, at: int, layer: str) -> Value:
        """`value` with calls counted back from call `at`."""
        match value:
            case Called(layer=source, call=call, state=False):
                back = 0 if len(self._heard[source]) == 1 else at - call
                if back not in (0, 1):
                    raise self._unsupported(f"lets {layer!r} hear {source!r} {back} steps late")
                return Called(source, back)
            case Sum(parts=parts):
                return Sum(tuple(self._relative(part, at, layer) for part in parts))
            case Through(kind=kind, options=options, value=inner):
                return Through(kind, options, self._relative(inner, at, layer))
            case Zero() | Given(state=False):
                return value
        raise self._unsupported(f"hands {layer!r} a state, or a number, as its input")

    def _node(self, name: str, value: Value) -> str:
        """The node in the draft that has a relative value."""
        match value:
            case Given():
                return self._nodes[""]
            case Called(layer=layer, call=0):
                return self._nodes[layer]
            case Called(layer=layer):
                delay = self._walk.draft.delay(f"{self._prefix}{layer}.before")
                self._waiting.append((layer, delay))
                return delay
            case Through(kind=kind, options=options, value=inner):
                before = self._node(name, inner)
                made = SimpleNamespace(**dict(options))
                emit = self._walk.framework.layers[kind]
                return emit(self._walk.draft, self._walk.draft.free(f"{name}.in"), made, before)
            case Sum(parts=parts):
                kept = [part for part in parts if not isinstance(part, Zero)]
                return self._walk.draft.join(f"{name}.sum", [self._node(name, p) for p in kept])
        raise self._unsupported(f"lets {name!r} hear nothing")

    def _shown(self, steps: int) -> list[Value]:
        """What the module returns: values of layers, without states, each once."""
        found = dict.fromkeys(self._leaves(self._returned))
        if not found:
            raise self._unsupported("returns nothing that a layer puts out")
        last = {self._relative(value, max(steps - 1, 0), "output"): None for value in found}
        return list(last)

    def _leaves(self, value: Any) -> Iterator[Value]:
        if isinstance(value, list):
            kept = [part for part in map(list, map(self._leaves, value)) if part]
            same = all(len(part) == 1 and _similar(part[0], kept[0][0]) for part in kept)
            for part in kept[-1:] if same else kept:
                yield from part
        elif isinstance(value, Sum | Through) or (isinstance(value, Called) and not value.state):
            yield value

    def _unsupported(self, what: str) -> UnsupportedError:
        where = self._prefix[:-1] or type(self._module).__name__
        return UnsupportedError(f"module {where!r} {what}.", hint=_HINT)


_HINT = (
    "Write forward as one step, or as a loop over time that does the same in every step; or export "
    "to NIR and use from_nir."
)


def _similar(a: Value, b: Value) -> bool:
    """True for the same layer in different steps."""
    return isinstance(a, Called) and isinstance(b, Called) and a.layer == b.layer


def _grows(first: Value, later: Value) -> bool:
    """True if `first` is `later` with zeros where the step before is heard."""
    if first == later or (isinstance(first, Zero) and isinstance(later, Called) and later.call):
        return True
    if isinstance(first, Sum) and isinstance(later, Sum) and len(first.parts) == len(later.parts):
        return all(map(_grows, first.parts, later.parts))
    if isinstance(first, Through) and isinstance(later, Through):
        same = (first.kind, first.options) == (later.kind, later.options)
        return same and _grows(first.value, later.value)
    return False


def _one_step(key: Any) -> bool:
    """True for an index of one step: a number, or slices and one number."""
    parts = key if isinstance(key, tuple) else (key,)
    numbers = [part for part in parts if isinstance(part, int)]
    rest = [part for part in parts if not isinstance(part, int)]
    return len(numbers) == 1 and all(part in (slice(None), Ellipsis) for part in rest)


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
            f"module {name.rstrip('.')!r} cannot be traced: {str(error).splitlines()[0]}",
            hint=f"Its forward must not depend on values or on the length of the input. {_HINT}",
        ) from error


# Operations of torch ----------------------------------------------------------------------------


def _add(tracing: Tracing, node: Any) -> Value:
    parts = [tracing.heard(argument) for argument in node.args]
    if any(isinstance(part, Other) for part in parts):
        if all(isinstance(part, Other) for part in parts):
            return Other()
        raise UnsupportedError("a number is added to what a layer hears.", hint="Use a bias.")
    flat = [p for part in parts for p in (part.parts if isinstance(part, Sum) else (part,))]
    return Sum(tuple(flat))


def _zeros(tracing: Tracing, node: Any) -> Value:
    del tracing, node
    return Zero()


def _other(tracing: Tracing, node: Any) -> Value:
    del tracing, node
    return Other()


def _same(tracing: Tracing, node: Any) -> Value:
    return tracing.heard(node.args[0])


def _many(tracing: Tracing, node: Any) -> list[Any]:
    return [tracing.heard(argument) for argument in node.args[0]]


def _flatten(tracing: Tracing, node: Any) -> Value:
    options = {"start_dim": 0, "end_dim": -1} | dict(
        zip(("start_dim", "end_dim"), node.args[1:], strict=False)
    )
    return Through("Flatten", tuple((options | node.kwargs).items()), tracing.heard(node.args[0]))


def _view(tracing: Tracing, node: Any) -> Value:
    """``view(batch, -1)`` is a flatten; other views have no counterpart."""
    value = tracing.heard(node.args[0])
    sizes = node.args[1] if isinstance(node.args[1], tuple | list) else node.args[1:]
    if isinstance(value, Other):
        return value
    if len(sizes) != 2 or sizes[1] != -1:
        raise UnsupportedError(
            "a view of what a layer puts out.", hint="Use flatten(1) or view(batch, -1)."
        )
    return Through("Flatten", (("start_dim", 1), ("end_dim", -1)), value)


def _pool(kind: str) -> Callable[[Tracing, Any], Value]:
    words = ("kernel_size", "stride", "padding")
    defaults: dict[str, Any] = {"stride": None, "padding": 0, "ceil_mode": False}
    average: dict[str, Any] = {"count_include_pad": True, "divisor_override": None}
    more = average if kind == "AvgPool2d" else {"return_indices": False, "dilation": 1}

    def rule(tracing: Tracing, node: Any) -> Value:
        given = dict(zip(words, node.args[1:], strict=False)) | node.kwargs
        options = defaults | more | given
        return Through(kind, tuple(options.items()), tracing.heard(node.args[0]))

    return rule


def _dropout(tracing: Tracing, node: Any) -> Value:
    words = dict(zip(("p", "training"), node.args[1:], strict=False)) | node.kwargs
    if words.get("training", True):
        raise UnsupportedError(
            "a dropout in training mode.", hint="Call it with training=self.training, after eval()."
        )
    return tracing.heard(node.args[0])


_OPERATIONS: dict[str, Callable[[Tracing, Any], Any]] = {
    "add": _add,
    "iadd": _add,
    "add_": _add,
    "getitem": lambda tracing, node: tracing.item(node),
    "flatten": _flatten,
    "view": _view,
    "reshape": _view,
    "avg_pool2d": _pool("AvgPool2d"),
    "max_pool2d": _pool("MaxPool2d"),
    "boolean_dispatch": _pool("MaxPool2d"),
    "dropout": _dropout,
    "stack": _many,
    "cat": _many,
    "contiguous": _same,
    "float": _same,
    "detach": _same,
    "zeros": _zeros,
    "zeros_like": _zeros,
    "new_zeros": _zeros,
    "size": _other,
    "getattr": _other,
    "len": _other,
}
