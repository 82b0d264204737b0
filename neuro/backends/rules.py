"""Rules that several backends share: `check` collects them, `compile` refuses by them."""

from __future__ import annotations

from collections.abc import Iterable

from neuro.errors import Finding, UnsupportedError
from neuro.ir.network import Network


def only_float(network: Network, backend: str) -> list[Finding]:
    """A finding if the number format is not a float."""
    if network.format.kind != "fixed":
        return []
    return [
        Finding(
            severity="error",
            rule="number-format",
            where=f"network {network.name!r}, format",
            what=f"fixed point does not run on {backend!r}.",
            hint="Use float32 or float64.",
        )
    ]


def missing(backend: str, why: str, hint: str) -> Finding:
    """The finding for a package or tool that is not installed."""
    return Finding(
        severity="error", rule="unavailable", where=f"backend {backend!r}", what=why, hint=hint
    )


def refuse(backend: str, findings: Iterable[Finding]) -> None:
    """Raise if any of `findings` is an error.

    Raises
    ------
    UnsupportedError
        With all the errors.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise UnsupportedError(f"The network cannot run on {backend!r}:", errors)
