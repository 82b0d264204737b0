"""Data that tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.digits import write_digits


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits") / "mnist.npz")
