"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import neuro

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(neuro.__path__, "neuro.")
    if not module.name.endswith("__main__")
)


def examples_of(name: str) -> list[doctest.DocTest]:
    """The docstrings of a module that hold examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(importlib.import_module(name)) if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples_of(name):
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_the_names_that_everybody_uses_have_examples() -> None:
    found = {test.name for name in MODULES for test in examples_of(name)}
    for wanted in (
        "neuro.frontend.builder.NetworkBuilder",
        "neuro.models.ca3.memory.CA3Memory",
        "neuro.simulation.session.Session",
        "neuro.frontend.equations.cell_from_equations",
    ):
        assert wanted in found
