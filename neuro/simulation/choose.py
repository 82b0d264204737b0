"""Choose a backend, a seed and options for a run."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

from neuro.backends.c.compiler import find_compiler
from neuro.backends.contract import Backend
from neuro.backends.registry import get_backend
from neuro.errors import ParameterError, UnavailableError, unknown_name
from neuro.ir.network import Network
from neuro.ir.verify.names import MAX_SEED

COMPILE_SECONDS = 0.4
"""What compiling an engine that is not cached takes, roughly."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend, and why it was chosen ("" if the user named it)."""

    backend: Backend
    reason: str


def choose_backend(
    name: str,
    network: Network,
    steps: int | None,
    *,
    seed: int = 0,
    options: dict[str, Any] | None = None,
) -> Choice:
    """The backend called `name`; for ``"auto"`` the one that gives results soonest.

    Parameters
    ----------
    name
        A backend, or ``"auto"``.
    network
        What it will run.
    steps
        How many steps, or None if that is open.
    seed, options
        As for `neuro.simulate`; ``"auto"`` takes a backend that has these options.

    Raises
    ------
    UnknownNameError, UnavailableError
        If there is no such backend, or ``"auto"`` finds none that can run the network.
    """
    if name != "auto":
        return Choice(get_backend(name), "")
    short = steps is not None and _reference_seconds(network, steps) < COMPILE_SECONDS
    compiler = find_compiler()
    if short and not options:
        c = get_backend("c")
        if compiler is not None and c.is_ready(network, make_options(c, None), seed):
            return Choice(c, f"short, but compiled before by {compiler.name}")
        return Choice(get_backend("reference"), "short: interpreting takes less than compiling")
    if compiler is not None:
        return Choice(get_backend("c"), f"C compiler found: {compiler.name}")
    if network.format.kind == "fixed":
        return Choice(get_backend("reference"), "no C compiler found; numba has no fixed point")
    if importlib.util.find_spec("numba") is not None:
        return Choice(get_backend("numba"), "no C compiler found; numba is installed")
    raise UnavailableError(
        "neither a C compiler nor numba is installed.",
        where="backend 'auto'",
        hint="Install gcc or clang, or: pip install 'neuro-spiking[numba]'. "
        "The slow interpreter runs with backend='reference'.",
    )


def _reference_seconds(network: Network, steps: int) -> float:
    """Roughly how long the interpreter needs; measured on small networks."""
    cells = sum(population.size for population in network.populations)
    parts = 1e-4 * (len(network.populations) + len(network.projections)) + 2e-7 * cells
    return steps * parts if cells <= 2000 else float("inf")


def choose_seed(network: Network, seed: int | None) -> int:
    """The seed of a run: the network's, or the one given; 0 if neither has one.

    Raises
    ------
    ParameterError
        If both are given and differ, or it is out of range.
    """
    if seed is None:
        return network.seed if network.seed is not None else 0
    if network.seed is not None and network.seed != seed:
        raise ParameterError(
            f"the network has seed {network.seed}, the run {seed}.",
            where="seed",
            hint="Leave one of them out; the network's also decides its random connections.",
        )
    if not 0 <= seed <= MAX_SEED:
        raise ParameterError(f"is {seed}.", where="seed", hint="Use 0 to 2**64 - 1.")
    return seed


def make_options(backend: Backend, given: dict[str, Any] | None) -> Any:
    """The backend's options from names and values.

    Raises
    ------
    UnknownNameError
        If the backend has no such option.
    """
    known = getattr(backend.Options, "__dataclass_fields__", {})
    for name in given or {}:
        if name not in known:
            raise unknown_name(name, known, kind="option", where=f"backend {backend.name!r}")
    return backend.Options(**(given or {}))
