"""Options of backends as flags of commands, so that ``--threads 2`` works where the backend has it.

A flag that is neither the command's nor an option of the backends that were named is wrong use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from neuro.backends.options import Option, options_of
from neuro.backends.registry import get_backend
from neuro.cli.console import readable_errors
from neuro.errors import NeuroError, ParameterError

GIVEN = "neuro.backend_options"
_NAMING = ("--backend", "-b", "--target", "-t", "--on")
"""Options of commands that name backends."""


class BackendCommand(TyperCommand):
    """A command that also takes the options of the backends that it is told to use."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the flags of backends out of `args`; the command's own stay."""
        own = {
            flag
            for parameter in self.params
            for flag in (*parameter.opts, *parameter.secondary_opts)
        }
        ctx.meta[GIVEN], rest = readable_errors(_take)(args, own)
        parsed: list[str] = super().parse_args(ctx, rest)
        return parsed


def backend_options(ctx: typer.Context, backend: str) -> dict[str, Any]:
    """The options that were given as flags, as far as `backend` has them."""
    given: dict[str, Any] = ctx.meta.get(GIVEN, {})
    known = options_of(get_backend(backend)) if given else {}
    return {name: value for name, value in given.items() if name in known}


def _take(args: Sequence[str], own: set[str]) -> tuple[dict[str, Any], list[str]]:
    """Values of backends' options, and the arguments that are left."""
    known = {o.flag: o for o in _options(args) if o.flag not in own}
    switches = {f"--no-{o.name.replace('_', '-')}": o for o in known.values() if o.is_switch}
    found: dict[str, Any] = {}
    rest: list[str] = []
    left = iter(args)
    for argument in left:
        flag, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *left]
        elif flag in switches:
            found[switches[flag].name] = False
        elif flag not in known:
            rest.append(argument)
        elif known[flag].is_switch and not equals:
            found[known[flag].name] = True
        else:
            found[known[flag].name] = known[flag].read(value if equals else _next(left, flag))
    return found, rest


def _next(left: Iterator[str], flag: str) -> str:
    value = next(left, None)
    if value is None:
        raise ParameterError("needs a value.", where=flag)
    return value


def _options(args: Sequence[str]) -> Iterator[Option]:
    """The options of all backends that `args` name; a name that is wrong is found later."""
    for name in _named(args):
        try:
            yield from options_of(get_backend(name)).values()
        except NeuroError:
            continue


def _named(args: Sequence[str]) -> Iterator[str]:
    for place, argument in enumerate(args):
        flag, equals, value = argument.partition("=")
        if flag in _NAMING:
            names = value if equals else "".join(args[place + 1 : place + 2])
            yield from (name.strip() for name in names.split(",") if name.strip())
