"""In which order populations run: feed-forward parts for all steps at once, loops step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Edge = tuple[str, str, int]
"""From, to, and the shortest delay in steps."""


@dataclass(frozen=True, slots=True)
class Component:
    """Populations that depend on each other.

    Attributes
    ----------
    members
        Their names, in order of declaration.
    stride
        How many steps can be done before what they send matters to them; None if it never does.
    """

    members: tuple[str, ...]
    stride: int | None


def components(names: Iterable[str], edges: Iterable[Edge]) -> list[Component]:
    """Strongly connected parts, each after those that it depends on.

    Parameters
    ----------
    names
        All populations.
    edges
        Connections between them.
    """
    nodes, arcs = list(names), list(edges)
    after: dict[str, set[str]] = {name: set() for name in nodes}
    for pre, post, _ in arcs:
        if pre in after and post in after:
            after[pre].add(post)
    return [_component(part, arcs, nodes) for part in _tarjan(nodes, after)]


def _component(part: set[str], edges: list[Edge], nodes: list[str]) -> Component:
    inner = [delay for pre, post, delay in edges if pre in part and post in part]
    members = tuple(name for name in nodes if name in part)
    return Component(members, min(inner) if inner else None)


def _tarjan(nodes: list[str], after: Mapping[str, set[str]]) -> list[set[str]]:
    """Strongly connected components in topological order (Tarjan 1972), without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter(sorted(after[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            node, rest = work[-1]
            step = next(rest, None)
            if step is None:
                _close(node, work, index, low, stack, found)
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                work.append((step, iter(sorted(after[step]))))
            elif step in stack:
                low[node] = min(low[node], index[step])
    return found[::-1]


def _close(
    node: str,
    work: list[tuple[str, Iterator[str]]],
    index: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    found: list[set[str]],
) -> None:
    work.pop()
    if work:
        parent = work[-1][0]
        low[parent] = min(low[parent], low[node])
    if low[node] == index[node]:
        cut = stack.index(node)
        found.append(set(stack[cut:]))
        del stack[cut:]
