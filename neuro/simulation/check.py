"""What will not run, or will be changed, before anything runs."""

from __future__ import annotations

from typing import Any

from neuro.backends.registry import get_backend
from neuro.errors import Finding, UnavailableError
from neuro.ir.network import Network
from neuro.ir.verify import verify
from neuro.simulation.choose import choose_backend, make_options


def check(
    network: Network, target: str = "auto", *, options: dict[str, Any] | None = None
) -> list[Finding]:
    """Everything there is to know before `network` runs on `target`; all of it at once.

    Parameters
    ----------
    network
        What to check.
    target
        Name of a backend, or ``"auto"``.
    options
        Options of the backend by name.

    Returns
    -------
    list of Finding
        Empty if there is nothing to say; it runs unless one has severity ``"error"``.

    Raises
    ------
    UnknownNameError
        If there is no such backend or option.
    """
    findings = verify(network)
    if any(finding.severity == "error" for finding in findings):
        return findings
    try:
        backend = (
            get_backend(target)
            if target != "auto"
            else choose_backend("auto", network, None).backend
        )
    except UnavailableError as error:
        return [
            *findings,
            Finding(
                severity="error",
                rule="unavailable",
                where=error.where,
                what=error.what,
                hint=error.hint,
            ),
        ]
    return [*findings, *backend.check(network, make_options(backend, options))]
