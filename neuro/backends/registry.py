"""Find backends by name: entry points of the group ``neuro.backends``, imported when chosen."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from neuro.backends.contract import Backend
from neuro.errors import ParameterError, UnavailableError, unknown_name

GROUP = "neuro.backends"

BUILT_IN = {
    "reference": "neuro.backends.reference:ReferenceBackend",
    "c": "neuro.backends.c:CBackend",
    "numba": "neuro.backends.numba:NumbaBackend",
    "lava": "neuro.backends.lava:LavaBackend",
    "brian2": "neuro.backends.brian2:Brian2Backend",
    "cortex-m": "neuro.deploy.backend:CortexMBackend",
    "pynn:nest": "neuro.backends.pynn.backend:NestBackend",
    "pynn:neuron": "neuro.backends.pynn.backend:NeuronBackend",
    "pynn:brian2": "neuro.backends.pynn.backend:Brian2Backend",
    "pynn:mock": "neuro.backends.pynn.backend:MockBackend",
    "pynn:spinnaker": "neuro.deploy.spinnaker.backend:PyNNSpinnakerBackend",
    "spinnaker": "neuro.deploy.spinnaker.backend:SpinnakerBackend",
}
"""Our own backends; they are found in a bare checkout too, where no entry point is installed."""


def backend_names() -> list[str]:
    """Names of all backends that are installed."""
    return sorted(_entries())


@cache
def get_backend(name: str) -> Backend:
    """The backend called `name`.

    Raises
    ------
    UnknownNameError
        If there is none; offers the nearest name.
    UnavailableError
        If a package that it needs is not installed.
    ParameterError
        If several are named, or what is offered under this name is no backend.
    """
    entries = _entries()
    if "," in name:
        raise ParameterError(
            f"{name!r} names several.",
            where="backend",
            hint=f"A run takes one; 'neuro verify MODEL --on {name}' compares them.",
        )
    if name not in entries:
        raise unknown_name(name, [*entries, "auto"], kind="backend", where="backend")
    entry = entries[name]
    where = f"backend {name!r}"
    try:
        backend = entry.load()
    except ImportError as error:
        what = f"needs a package that is not installed ({error})."
        raise UnavailableError(what, where=where, hint=_install(entry)) from error
    except AttributeError as error:
        what = f"{entry.value} is not there ({error})."
        raise UnavailableError(what, where=where, hint=_install(entry)) from error
    if not (isinstance(backend, type) and issubclass(backend, Backend)):
        raise ParameterError(
            f"{entry.value} is no subclass of neuro.backends.contract.Backend.",
            where=where,
            hint=_install(entry),
        )
    made: Backend = backend()
    return made


def _install(entry: EntryPoint) -> str:
    """What to do where a backend cannot be loaded."""
    if BUILT_IN.get(entry.name) == entry.value:
        return f"Install it with: pip install 'neuro-spiking[{entry.name}]'."
    package = entry.dist.name if entry.dist is not None else "the package that offers it"
    return f"Install {package} again, with what it needs."


def _entries() -> dict[str, EntryPoint]:
    entries = {name: EntryPoint(name, value, GROUP) for name, value in BUILT_IN.items()}
    for entry in entry_points(group=GROUP):
        if entry.name in entries and entries[entry.name].value != entry.value:
            raise ParameterError(
                f"is offered by both {entries[entry.name].value} and {entry.value}.",
                where=f"backend {entry.name!r}",
                hint="Uninstall one of them.",
            )
        entries[entry.name] = entry
    return entries
