"""The package: its names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import neuro
from tests.conftest import ROOT

SLOW = {"sympy", "matplotlib", "numba", "scipy", "neo", "rich", "typer"}


def loaded(code: str) -> set[str]:
    """Those of `SLOW` that `code` loads in a new process."""
    code += f"\nimport sys; print(*({SLOW!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_is_light() -> None:
    assert loaded("import neuro") == set()


def test_equations_load_sympy_when_they_are_used() -> None:
    assert loaded("import neuro; neuro.cell_from_equations") == {"sympy"}


def test_every_public_name_is_there() -> None:
    for name in neuro.__all__:
        assert getattr(neuro, name) is not None


def test_cell_from_equations_is_the_function() -> None:
    from neuro.frontend import equations

    assert neuro.cell_from_equations is equations.cell_from_equations


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'neuro' has no attribute 'nothing'"):
        neuro.nothing  # noqa: B018
