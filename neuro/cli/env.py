"""``neuro env``: environments of their own for what cannot live beside neuro."""

from __future__ import annotations

from typing import Annotated

import typer

from neuro.backends.lava.environment import make_environment
from neuro.cli.console import out, print_json, readable_errors
from neuro.cli.options import JsonOption
from neuro.errors import unknown_name

_ENVIRONMENTS = {"loihi": make_environment}


@readable_errors
def env(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one: loihi.")],
    python: Annotated[
        str | None, typer.Option("--python", help="Python to make it with (3.10 to 3.12).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make it anew.")] = False,
    json: JsonOption = False,
) -> None:
    """Make the environment that a backend runs in, in neuro's cache; nothing else is touched."""
    if name not in _ENVIRONMENTS:
        raise unknown_name(name, _ENVIRONMENTS, kind="environment", where="env")
    report = _say_nothing if json else _say
    made = _ENVIRONMENTS[name](python=python, force=force, report=report)
    if json:
        print_json({"folder": str(made.folder), **made.versions})
        return
    versions = ", ".join(f"{package} {version}" for package, version in made.versions.items())
    _say(f"{made.folder} is ready: {versions}.")


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)


def _say_nothing(text: str) -> None:
    del text


command = env
