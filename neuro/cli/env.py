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
    report = (lambda _: None) if json else out.print
    made = _ENVIRONMENTS[name](python=python, force=force, report=report)
    if json:
        print_json({"folder": str(made.folder), **made.versions})
        return
    out.print(f"{made.folder} is ready: {', '.join(f'{k} {v}' for k, v in made.versions.items())}.")


command = env
