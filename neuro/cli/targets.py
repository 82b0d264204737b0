"""``neuro targets``: where it can be run."""

from __future__ import annotations

from neuro.backends.registry import backend_names, get_backend
from neuro.cli.console import print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.errors import UnavailableError


@readable_errors
def targets(json: JsonOption = False) -> None:
    """List the backends, and whether each can be used here."""
    rows = [_describe(name) for name in backend_names()]
    if json:
        print_json([dict(zip(("name", "available", "summary"), row, strict=True)) for row in rows])
        return
    print_table("Backends", ("name", "available", "what it is"), rows)


def _describe(name: str) -> tuple[str, str, str]:
    try:
        backend = get_backend(name)
    except UnavailableError as error:
        return (name, "no", error.hint)
    problem = backend.unavailable()
    return (name, "no" if problem else "yes", problem or backend.summary)


command = targets
