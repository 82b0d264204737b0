"""The conformance suite as a test; see `neuro.testing.plugin`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from neuro.testing.conformance import judge
from neuro.testing.library import Case


def test_conforms(
    conformance_case: Callable[[], Case],
    conformance_backend: str,
    conformance_options: dict[str, Any],
) -> None:
    """The backend does what the reference does, or says beforehand that it does not."""
    outcome = judge(conformance_case(), conformance_backend, options=conformance_options)
    if outcome.verdict in ("refused", "unavailable"):
        pytest.skip(f"{outcome.verdict}: {outcome.detail}")
    assert outcome.conforms, outcome.detail
