"""Names, sizes, the time step, the seed and the number format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from neuro.errors import Finding
from neuro.ir.network import Network

MAX_SEED = 2**64 - 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")


def error(rule: str, where: str, what: str, hint: str = "") -> Finding:
    """A finding of severity ``"error"``."""
    return Finding(severity="error", rule=rule, where=where, what=what, hint=hint)


def check_names(network: Network) -> Iterator[Finding]:
    """Findings about the network as a whole and about names and sizes."""
    yield from _check_clock(network)
    yield from _check_format(network)
    named = [*network.populations, *network.inputs, *network.projections, *network.graded]
    for name, count in Counter(item.name for item in named).items():
        where = f"name {name!r}"
        if not _NAME.match(name):
            yield error(
                "bad-name",
                where,
                "is not a name.",
                "Use letters, digits, '_', '.' and '-', starting with a letter.",
            )
        if count > 1:
            yield error("duplicate-name", where, f"is used {count} times.", "Rename all but one.")
    for source in network.sources.values():
        if source.size < 1:
            yield error(
                "empty-population",
                f"population {source.name!r}",
                f"has size {source.size}.",
                "A population needs at least one cell.",
            )


def _check_clock(network: Network) -> Iterator[Finding]:
    where = f"network {network.name!r}"
    if not np.isfinite(network.dt) or network.dt <= 0:
        yield error("bad-dt", where, f"dt is {network.dt} s.", "It must be a positive number.")
    yield from check_seed(where, network.seed)


def check_seed(where: str, seed: object) -> Iterator[Finding]:
    """Findings in a seed that may be None."""
    if seed is None or (isinstance(seed, int) and 0 <= seed <= MAX_SEED):
        return
    hint = "Use a whole number from 0 to 2**64 - 1."
    yield error("bad-seed", where, f"seed is {seed!r}.", hint)


def _check_format(network: Network) -> Iterator[Finding]:
    number = network.format
    where = f"network {network.name!r}, format"
    if number.kind != "fixed":
        return
    if (
        number.integer_bits + number.fraction_bits != 31
        or min(number.integer_bits, number.fraction_bits) < 0
    ):
        yield error(
            "bad-format",
            where,
            f"Q{number.integer_bits}.{number.fraction_bits} does not fill 32 bits with a sign.",
            "Integer and fraction bits must add up to 31.",
        )
    if number.weight_bits not in (8, 16):
        yield error("bad-format", where, f"weights of {number.weight_bits} bits.", "Use 8 or 16.")
