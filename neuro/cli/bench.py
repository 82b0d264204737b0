"""``neuro bench``: we and our peers, side by side."""

from __future__ import annotations

from neuro.cli.console import readable_errors


@readable_errors
def bench() -> None:
    """Placeholder until the benchmarks are there."""


command = bench
