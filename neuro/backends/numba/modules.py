"""Keep generated modules on disk, so that numba can keep what it compiles from them."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from neuro.cache import writable_cache


def load_module(kind: str, source: str) -> ModuleType:
    """The module with `source`; the same file for the same source, whoever asks.

    Parameters
    ----------
    kind
        First part of the module's name, such as ``"cell"``.
    source
        Python.
    """
    name = f"neuro_{kind}_{hashlib.sha256(source.encode()).hexdigest()[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    path = writable_cache() / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        _write(path, source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _write(path: Path, source: str) -> None:
    from neuro.files import write_text

    write_text(path, source)
