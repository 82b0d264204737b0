"""When each layer starts, so that every layer sees what the framework shows it.

Frameworks pass a spike through all layers within one step; here every projection takes at least one.
So a layer with latency L does in step t + L what the framework's does in step t.  Latencies are the
least numbers with ``latency[post] >= latency[pre] + 1 - delay`` for all connections, where `delay` is
the framework's own (0 within a step, 1 from a layer to itself): the longest path.  They exist unless
some cycle has fewer steps of delay than layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from neuro.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Link:
    """A connection from one population to another with the framework's own delay in steps."""

    pre: str
    post: str
    delay: int


def latencies(names: Iterable[str], links: Iterable[Link]) -> dict[str, int]:
    """How many steps later than in the framework each population runs.

    Raises
    ------
    ParameterError
        If a cycle is too short in time; names its populations.
    """
    known, edges = dict.fromkeys(names, 0), list(links)
    for _ in range(len(known) + 1):
        late = {e.post: known[e.pre] + 1 - e.delay for e in edges if _late(known, e)}
        if not late:
            return known
        for edge in edges:
            known[edge.post] = max(known[edge.post], known[edge.pre] + 1 - edge.delay)
    groups = loops(edges)
    cycle = sorted(next((group for group in groups if group & late.keys()), groups[0]))
    raise ParameterError(
        f"the cycle through {', '.join(map(repr, cycle))} has fewer steps of delay than layers: "
        "the framework passes all of them in one step, here each takes one.",
        where="from_nir",
        hint="Give cycles='stretch' to let the cycle take a step for each layer (its spikes then "
        "differ from the framework's), or put Delay nodes into it.",
    )


def _late(known: Mapping[str, int], edge: Link) -> bool:
    return known[edge.pre] + 1 - edge.delay > known[edge.post]


def loops(links: Iterable[Link]) -> list[set[str]]:
    """Groups of two or more populations that reach each other."""
    after: dict[str, set[str]] = {}
    for link in links:
        after.setdefault(link.pre, set()).add(link.post)
    reach = {name: _reached(name, after) for name in after}
    groups: list[set[str]] = []
    for name, found in reach.items():
        group = {other for other in found if name in reach.get(other, ())} | {name}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def _reached(name: str, after: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(after[name])
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += after.get(other, ())
    return seen
