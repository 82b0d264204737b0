"""Import Brian2, which is optional, without what its import does besides."""

from __future__ import annotations

import importlib.metadata
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def load_brian2() -> ModuleType:
    """The module ``brian2``; deprecations inside it are not the user's, nor is its excepthook."""
    hook = sys.excepthook
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import brian2
    sys.excepthook = hook
    module: ModuleType = brian2
    return module


def brian2_version() -> str:
    """The version that is installed, without importing it."""
    return importlib.metadata.version("brian2")


@contextmanager
def exact_code(brian2: Any, **more: Any) -> Iterator[None]:
    """Brian2's preferences for code that rounds as it is written; put back afterwards.

    Parameters
    ----------
    brian2
        The module.
    **more
        Further preferences, with ``__`` for each dot.
    """
    wanted = {
        "codegen.loop_invariant_optimisations": False,
        **{name.replace("__", "."): value for name, value in more.items()},
    }
    before = {name: brian2.prefs[name] for name in wanted}
    try:
        for name, value in wanted.items():
            brian2.prefs[name] = value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value
