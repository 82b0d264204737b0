"""Backends are found by name, ours and those of other packages, and imported only when chosen."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from neuro.backends import registry
from neuro.backends.contract import Backend
from neuro.backends.reference import ReferenceBackend
from neuro.backends.registry import GROUP, backend_names, get_backend
from neuro.errors import ParameterError, UnavailableError, UnknownNameError
from tests.conftest import ROOT


def offer(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Have an installed package offer a backend."""
    entry = EntryPoint(name, value, GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == GROUP else [])
    get_backend.cache_clear()


@pytest.mark.parametrize("name", ["reference", "c", "numba", "brian2", "lava"])
def test_ours_are_there_even_where_nothing_is_installed(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    assert name in backend_names()
    backend = get_backend(name)
    assert isinstance(backend, Backend)
    assert backend.name == name
    assert backend.summary


def test_another_package_can_offer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "theirs", "neuro.backends.reference:ReferenceBackend")
    assert "theirs" in backend_names()
    assert isinstance(get_backend("theirs"), ReferenceBackend)


def test_two_packages_cannot_offer_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "c", "theirs.backend:CBackend")
    with pytest.raises(ParameterError, match=r"'c': is offered by both .* and theirs\.backend"):
        backend_names()


def test_a_package_that_is_missing_is_an_error_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "neuro.backends.numba", raising=False)
    monkeypatch.delitem(sys.modules, "neuro.backends.numba.backend", raising=False)
    monkeypatch.delitem(sys.modules, "neuro.backends.numba.engine", raising=False)
    get_backend.cache_clear()
    with pytest.raises(UnavailableError, match=r"pip install 'neuro-spiking\[numba\]'"):
        get_backend("numba")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ("no_such_package_here:Backend", UnavailableError, "not installed"),
        ("neuro.backends.reference:Nothing", UnavailableError, "is not there"),
        ("neuro.errors:Finding", ParameterError, "is no subclass"),
    ],
)
def test_another_packages_backend_that_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch, value: str, error: type[Exception], text: str
) -> None:
    offer(monkeypatch, "theirs", value)
    with pytest.raises(error, match=rf"'theirs': .*{text}.*Install the package that offers it"):
        get_backend("theirs")


def test_an_unknown_name_offers_the_nearest_and_auto() -> None:
    with pytest.raises(UnknownNameError, match=r"no backend 'referense'\. Did you mean"):
        get_backend("referense")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'auto'"):
        get_backend("autp")


def test_importing_neuro_imports_no_optional_package() -> None:
    code = "import sys, neuro; print(sorted({'numba', 'neo', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
