"""The rules of the IR, one kind a file; `verify` reports everything that breaks them at once."""

from __future__ import annotations

from neuro.errors import Finding, VerificationError
from neuro.ir.network import Network
from neuro.ir.verify.connections import check_connections
from neuro.ir.verify.inputs import check_inputs
from neuro.ir.verify.names import check_names
from neuro.ir.verify.probes import check_probes
from neuro.ir.verify.scales import check_scales
from neuro.ir.verify.types import check_types
from neuro.ir.verify.values import check_values

_RULES = (
    *(check_names, check_types, check_values, check_connections, check_inputs, check_probes),
    check_scales,
)


def verify(network: Network) -> list[Finding]:
    """Everything that is wrong with `network`; an empty list if nothing is."""
    return [finding for rule in _RULES for finding in rule(network)]


def verified(network: Network) -> Network:
    """`network` itself.

    Raises
    ------
    VerificationError
        If it breaks any rule; carries all findings.
    """
    errors = [finding for finding in verify(network) if finding.severity == "error"]
    if errors:
        raise VerificationError(errors)
    return network
