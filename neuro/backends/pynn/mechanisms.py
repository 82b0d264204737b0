"""NEURON's mechanisms: PyNN's cells for NEURON are compiled on first use, into our cache.

PyNN looks for them inside its own package, which is no place to write to.  So the package is copied
into the cache once, compiled there, and the copy is what a run imports.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from neuro.backends.pynn.simulators import Simulator
from neuro.cache import writable_cache
from neuro.errors import CompilerError

log = logging.getLogger(__name__)

TIMEOUT = 600.0


def environment_for(simulator: Simulator) -> Mapping[str, str]:
    """What a run of `simulator` needs in its environment; compiles NEURON's mechanisms if need be."""
    if simulator.name != "neuron":
        return {}
    place = compiled_pynn()
    return {"PYTHONPATH": os.pathsep.join([str(place), *_python_path()])}


def compiled_pynn() -> Path:
    """The folder that holds a copy of PyNN with compiled mechanisms.

    Raises
    ------
    CompilerError
        If they cannot be compiled.
    """
    versions = [importlib.metadata.version(name) for name in ("PyNN", "neuron")]
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    place = writable_cache() / "-".join(["pynn-neuron", *versions, python])
    if not place.is_dir():
        _compile(place)
    return place


def _compile(place: Path) -> None:
    """Copy and compile beside `place`, then rename."""
    log.warning("compiling NEURON's mechanisms into %s; this is done once", place)
    beside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        spec = importlib.util.find_spec("pyNN")
        assert spec is not None
        assert spec.origin is not None
        ignore = shutil.ignore_patterns("__pycache__", "x86_64", "arm64", "aarch64")
        shutil.copytree(Path(spec.origin).parent, beside / "pyNN", ignore=ignore)
        _run_nrnivmodl(beside / "pyNN" / "neuron" / "nmodl")
        if not place.is_dir():  # another process may have been faster
            beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _run_nrnivmodl(folder: Path) -> None:
    program = shutil.which("nrnivmodl", path=str(Path(sys.executable).parent)) or shutil.which(
        "nrnivmodl"
    )
    if program is None:
        raise CompilerError(
            "the program nrnivmodl was not found.",
            where="backend 'pynn:neuron'",
            hint="It comes with the package: pip install neuron==9.0.2",
        )
    done = subprocess.run(  # noqa: S603 - NEURON's own program
        [program, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise CompilerError(
            f"nrnivmodl failed:\n{(done.stdout + done.stderr)[-1000:]}\n",
            where="backend 'pynn:neuron'",
            hint="It needs a C++ compiler, such as g++.",
        )


def _python_path() -> list[str]:
    found = os.environ.get("PYTHONPATH", "")
    return [found] if found else []
