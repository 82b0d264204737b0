"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores; threads that spin slow them all
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]

needs_brian2 = pytest.mark.skipif(
    find_spec("brian2") is None,
    reason="brian2 is not installed: pip install 'neuro-spiking[brian2]'",
)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled engines of a test run go to a place of their own, shared by its workers."""
    if "NEURO_TEST_CACHE" in os.environ:
        place = Path(os.environ["NEURO_TEST_CACHE"])
    else:
        base = tmp_path_factory.getbasetemp()
        # Workers of pytest-xdist have a folder each below a common one.
        place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "engines"
    place.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("NEURO_CACHE_DIR")
    os.environ["NEURO_CACHE_DIR"] = str(place)
    yield
    if before is None:
        del os.environ["NEURO_CACHE_DIR"]
    else:
        os.environ["NEURO_CACHE_DIR"] = before


@pytest.fixture
def shared() -> Path:
    """The data folder beside the checkout; tests that need it say so when it is absent."""
    given = os.environ.get("NEURO_SHARED")
    place = (Path(given) if given else ROOT.parent / "shared") / "data"
    if not place.is_dir():
        pytest.skip(f"the data folder is not there ({place}); set NEURO_SHARED")
    return place
