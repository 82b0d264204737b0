"""A pytest plugin that runs our conformance suite on a backend of another package.

.. code-block:: console

    $ pytest -p neuro.testing.plugin --pyargs neuro.testing.test_conformance --neuro-backend theirs

Each case passes if the backend gives what the reference gives, is skipped if its ``check`` refuses
the network, and fails if the backend silently does something else.  What is known not to work is
listed in the package's pytest configuration, each pattern with its reason:

.. code-block:: toml

    [tool.pytest.ini_options]
    neuro_backend = "theirs"
    neuro_unsupported = [
        "synapse/tm */*: no short-term plasticity yet",
    ]

Those cases are expected to fail: one that does not, or a pattern that fits no case, is an error, so
the list stays true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from neuro.backends.options import options_of
from neuro.backends.registry import get_backend
from neuro.errors import NeuroError
from neuro.testing.conformance import NETWORKS, suite


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Cases that are known not to work, and why."""

    pattern: str
    reason: str


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options, on the command line and in configuration files."""
    group = parser.getgroup("neuro", "conformance of a backend")
    group.addoption("--neuro-backend", metavar="NAME", help="the backend to test")
    group.addoption("--neuro-networks", type=int, metavar="N", help=f"random networks ({NETWORKS})")
    group.addoption(
        "--neuro-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="option of the backend; repeatable",
    )
    parser.addini("neuro_backend", "the backend to test")
    parser.addini("neuro_networks", "random networks", default=str(NETWORKS))
    parser.addini("neuro_unsupported", "cases that do not work: 'PATTERN: reason'", type="linelist")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each case of the suite."""
    if "conformance_case" not in metafunc.fixturenames:
        return
    cases = suite(_networks(metafunc.config))
    listed = parse_unsupported(metafunc.config.getini("neuro_unsupported"), cases)
    parameters = [
        pytest.param(make, id=name, marks=_marks(name, listed)) for name, make in cases.items()
    ]
    metafunc.parametrize("conformance_case", parameters)


@pytest.fixture(scope="session")
def conformance_backend(request: pytest.FixtureRequest) -> str:
    """Name of the backend to test."""
    config = request.config
    name = config.getoption("--neuro-backend") or config.getini("neuro_backend")
    if not name:
        raise pytest.UsageError("name a backend: --neuro-backend NAME, or neuro_backend in ini")
    return str(name)


@pytest.fixture(scope="session")
def conformance_options(request: pytest.FixtureRequest, conformance_backend: str) -> dict[str, Any]:
    """Options of the backend."""
    given: dict[str, Any] = {}
    try:
        known = options_of(get_backend(conformance_backend))
        for text in request.config.getoption("--neuro-option"):
            name, _, value = text.partition("=")
            if name not in known:
                raise pytest.UsageError(f"{conformance_backend} has no option {name!r}")
            given[name] = known[name].read(value)
    except NeuroError as error:
        raise pytest.UsageError(str(error)) from error
    return given


def parse_unsupported(lines: Iterable[str], cases: Iterable[str]) -> list[Unsupported]:
    """The list of what does not work.

    Raises
    ------
    pytest.UsageError
        If a line has no reason, or its pattern fits no case.
    """
    names, found = list(cases), []
    for line in lines:
        pattern, colon, reason = (part.strip() for part in line.partition(":"))
        if not colon or not reason:
            raise pytest.UsageError(f"neuro_unsupported: {line!r} is not 'PATTERN: reason'")
        if not any(fnmatchcase(name, pattern) for name in names):
            raise pytest.UsageError(f"neuro_unsupported: {pattern!r} fits no case")
        found.append(Unsupported(pattern, reason))
    return found


def _networks(config: pytest.Config) -> int:
    given = config.getoption("--neuro-networks")
    return int(config.getini("neuro_networks")) if given is None else int(given)


def _marks(name: str, listed: Iterable[Unsupported]) -> list[pytest.MarkDecorator]:
    reasons = [item.reason for item in listed if fnmatchcase(name, item.pattern)]
    return [pytest.mark.xfail(reason=reasons[0], strict=True)] if reasons else []
