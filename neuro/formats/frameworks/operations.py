"""Operations of torch between layers, as values of a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from neuro.errors import UnsupportedError
from neuro.formats.frameworks.values import Other, Sum, Through, Value, Zero

if TYPE_CHECKING:
    from neuro.formats.frameworks.tracing import Tracing


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
    source, *given = _named(node, ("input", "start_dim", "end_dim"))
    options = {"start_dim": 0, "end_dim": -1} | dict(given)
    return Through("Flatten", tuple(options.items()), tracing.heard(source[1]))


def _view(tracing: Tracing, node: Any) -> Value:
    """``view(batch, -1)`` is a flatten; other views have no counterpart."""
    value, *sizes = node.args
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = list(sizes[0])
    heard = tracing.heard(value)
    if isinstance(heard, Other):
        return heard
    if len(sizes) != 2 or sizes[1] != -1:
        raise UnsupportedError(
            "a view of what a layer puts out.", hint="Use flatten(1) or view(batch, -1)."
        )
    return Through("Flatten", (("start_dim", 1), ("end_dim", -1)), heard)


_POOLS: dict[str, dict[str, Any]] = {
    "AvgPool2d": {
        "kernel_size": None, "stride": None, "padding": 0, "ceil_mode": False,
        "count_include_pad": True, "divisor_override": None,
    },
    "MaxPool2d": {
        "kernel_size": None, "stride": None, "padding": 0, "dilation": 1, "ceil_mode": False,
        "return_indices": False,
    },
}  # fmt: skip
"""Arguments of torch's functions, in their order."""


def _pool(kind: str) -> Callable[[Tracing, Any], Value]:
    def rule(tracing: Tracing, node: Any) -> Value:
        source, *given = _named(node, ("input", *_POOLS[kind]))
        options = _POOLS[kind] | dict(given)
        return Through(kind, tuple(options.items()), tracing.heard(source[1]))

    return rule


def _named(node: Any, words: tuple[str, ...]) -> list[tuple[str, Any]]:
    """The arguments of a call by name, the first one first."""
    found = dict(zip(words, node.args, strict=False)) | node.kwargs
    return [(word, _plain(found[word])) for word in words if word in found]


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _dropout(tracing: Tracing, node: Any) -> Value:
    words = dict(_named(node, ("input", "p", "training", "inplace")))
    if words.get("training", True):
        raise UnsupportedError(
            "a dropout in training mode.", hint="Call it with training=self.training, after eval()."
        )
    return tracing.heard(words["input"])


OPERATIONS: dict[str, Callable[[Tracing, Any], Any]] = {
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
