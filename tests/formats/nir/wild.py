"""NIR files as anybody might write them: whole ones, broken ones, and ones that are no graphs at all.

A file is first a tree of dictionaries, as HDF5 has groups; strategies grow it, break it in places,
and `write` puts it on disk with h5py alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.primitives import PRIMITIVES
from tests.formats.nir.graphs import graphs

Tree = dict[str, Any]
KINDS = sorted(PRIMITIVES)
NAMES = (
    "input",
    "output",
    "lif",
    "a.b",
    "1",
    "µ",
    "with space",
    "x" * 300,
    "..",
    "-",
    "in-put",
    "0.1",
)


@dataclass(frozen=True)
class Vast:
    """A dataset of a shape that no machine holds; HDF5 stores only its fill value."""

    shape: tuple[int, ...]


# On disk ----------------------------------------------------------------------------------------


def write(path: Path, tree: Tree) -> Path:
    """Put a tree on disk."""
    with h5py.File(path, "w") as file:
        _fill(file, tree)
    return path


def _fill(group: h5py.Group, tree: Tree) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _fill(group.create_group(key), value)
        elif isinstance(value, Vast):
            group.create_dataset(key, shape=value.shape, dtype="f4", chunks=True)
        elif isinstance(value, list):
            group.create_dataset(key, data=np.array(value, dtype=h5py.string_dtype()))
        else:
            group.create_dataset(key, data=value)


def tree_of(graph: Graph) -> Tree:
    """A graph as a file has it."""
    nodes = {name: _node_tree(item) for name, item in graph.nodes.items()}
    return {"version": "1.0.8", "node": _graph_tree(nodes, [list(edge) for edge in graph.edges])}


def _graph_tree(nodes: Tree, edges: Any) -> Tree:
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def _node_tree(node: Any) -> Tree:
    assert isinstance(node, Node)
    return {"type": node.kind} | {k: v for k, v in node.values.items() if v is not None}


def _graphs_in(tree: Any) -> Iterator[Tree]:
    """All graphs in a tree, outermost first."""
    if isinstance(tree, dict) and isinstance(tree.get("nodes"), dict):
        yield tree
        for item in tree["nodes"].values():
            yield from _graphs_in(item)


# Values -----------------------------------------------------------------------------------------


def odd_values() -> st.SearchStrategy[Any]:
    """What may stand where an array of numbers should."""
    shapes = st.sampled_from([(), (0,), (1,), (2,), (3,), (2, 2), (1, 1, 2), (2, 1, 3, 3), (0, 2)])
    numbers = st.sampled_from(
        [0.0, 1.0, -1.0, 0.5, 2.5, 1e-30, 1e30, 1e300, np.nan, np.inf, -np.inf]
    )
    kinds = st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u8", "?", "c8"])
    whole = st.sampled_from([0, 1, 2, 3, 7, -1, 2**31, 2**40, 2**62])
    return st.one_of(
        st.builds(_filled, shapes, numbers, kinds),
        st.builds(lambda shape, n: np.full(shape, n, np.int64), shapes, whole),
        st.sampled_from(["same", "valid", "", "many", "LIF", "1.0", "\x00"]).map(_text),
        st.just(h5py.Empty("f4")),
        st.just(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])),
        st.just(np.array([1, 2], dtype=h5py.enum_dtype({"a": 1, "b": 2}, "i4"))),
        st.just(["a", "b"]),
        st.just({}),
        st.just({"deeper": np.ones(2)}),
        st.sampled_from([(1 << 20, 1 << 20), (1 << 40,), (1 << 16, 1 << 16, 1 << 10)]).map(Vast),
    )


def _filled(shape: tuple[int, ...], number: float, kind: str) -> Any:
    with np.errstate(all="ignore"):
        return np.full(shape, number).astype(kind)


def _text(word: str) -> Any:
    return np.bytes_(word.encode()) if word else h5py.Empty("S1")


def wild_node() -> st.SearchStrategy[Tree]:
    """A node of any kind whose values fit by chance only."""
    return st.sampled_from(KINDS).flatmap(_any_node)


def _any_node(kind: str) -> st.SearchStrategy[Tree]:
    numbers = PRIMITIVES[kind].numbers
    sane = st.sampled_from(
        [np.ones(2), np.full(2, 0.01), np.ones((2, 2)), np.zeros(2), np.array(1), np.array([2]),
         np.array([1, 2, 2]), np.ones((2, 1, 2, 2)), np.ones((2, 1, 3)), np.array([1, 1])]
    )  # fmt: skip
    values = st.one_of(sane, sane, sane, odd_values())
    fields = st.fixed_dictionaries(dict.fromkeys(numbers, values))
    return fields.map(lambda found: {"type": kind} | found)


# Whole files ------------------------------------------------------------------------------------


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A file: a graph that is right, or made of anything, then broken in up to three places."""
    if draw(st.integers(0, 3)):
        tree = tree_of(draw(graphs()))
    else:
        tree = {"version": "1.0.8", "node": draw(_random_graph())}
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))):
        draw(st.sampled_from(BREAKS))(draw, tree)
    return tree


@st.composite
def _random_graph(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    nodes: Tree = {name: draw(wild_node()) for name in names}
    nodes.setdefault("input", {"type": "Input", "shape": np.array([2])})
    ends = st.sampled_from(sorted(nodes))
    edges = draw(st.lists(st.tuples(ends, ends), max_size=9))
    return _graph_tree(nodes, [list(edge) for edge in edges] or np.zeros((0, 2)))


def _pick(draw: st.DrawFn, tree: Tree) -> tuple[Tree, str] | None:
    """A graph of the tree, and the name of one of its nodes."""
    found = [graph for graph in _graphs_in(tree.get("node", {})) if graph["nodes"]]
    if not found:
        return None
    graph = draw(st.sampled_from(found))
    return graph, draw(st.sampled_from(sorted(graph["nodes"])))


def _break_value(draw: st.DrawFn, tree: Tree) -> None:
    if (found := _pick(draw, tree)) is not None:
        node = found[0]["nodes"][found[1]]
        keys = sorted(node) if isinstance(node, dict) else []
        if keys:
            node[draw(st.sampled_from(keys))] = draw(odd_values())


def _drop_value(draw: st.DrawFn, tree: Tree) -> None:
    if (found := _pick(draw, tree)) is not None:
        node = found[0]["nodes"][found[1]]
        if isinstance(node, dict) and node:
            del node[draw(st.sampled_from(sorted(node)))]


def _change_kind(draw: st.DrawFn, tree: Tree) -> None:
    if (found := _pick(draw, tree)) is not None:
        node = found[0]["nodes"][found[1]]
        odd = [np.bytes_(b"\xff\xfe"), np.array(3), "Izhikevich", ["LIF", "LIF"], {}]
        if isinstance(node, dict):
            node["type"] = draw(st.one_of(st.sampled_from(KINDS), st.sampled_from(odd)))


def _replace_node(draw: st.DrawFn, tree: Tree) -> None:
    if (found := _pick(draw, tree)) is not None:
        found[0]["nodes"][found[1]] = draw(st.one_of(wild_node(), odd_values()))


def _drop_node(draw: st.DrawFn, tree: Tree) -> None:
    if (found := _pick(draw, tree)) is not None:
        del found[0]["nodes"][found[1]]


def _rename_node(draw: st.DrawFn, tree: Tree) -> None:
    """A node gets a name that others do not expect; its edges follow, or do not."""
    if (found := _pick(draw, tree)) is None:
        return
    graph, old = found
    new = draw(st.sampled_from([n for n in NAMES if n not in graph["nodes"]]))
    graph["nodes"][new] = graph["nodes"].pop(old)
    if isinstance(graph.get("edges"), list) and draw(st.booleans()):
        graph["edges"] = [[new if end == old else end for end in edge] for edge in graph["edges"]]


def _wrap_node(draw: st.DrawFn, tree: Tree) -> None:
    """A node moves into a nested graph, with terminals or without."""
    if (found := _pick(draw, tree)) is None:
        return
    graph, name = found
    inner = {name: graph["nodes"][name]}
    edges = []
    shape = np.array(draw(st.sampled_from([[1], [2], [3], [2, 4, 4]])))
    for end, pair in (("input", ["input", name]), ("output", [name, "output"])):
        if draw(st.integers(0, 4)) and end not in inner:
            inner[end] = {"type": end.capitalize(), "shape": shape}
            edges.append(pair)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 40]))):
        inner, edges = {name: _graph_tree(inner, edges or np.zeros((0, 2)))}, []
    graph["nodes"][name] = inner[name]


def _break_edges(draw: st.DrawFn, tree: Tree) -> None:
    if (found := _pick(draw, tree)) is None:
        return
    graph, name = found
    ends = [*sorted(graph["nodes"]), "nobody"]
    pair = [draw(st.sampled_from(ends)), draw(st.sampled_from(ends))]
    edges = [list(edge) for edge in graph["edges"]] if isinstance(graph.get("edges"), list) else []
    odd = [np.zeros((0, 2)), np.ones((2, 2)), [["a", "b", "c"]], ["a", "b"], [name], {}, np.array(1.0),
           [[*edge, "x"] for edge in edges] or ["x"], h5py.Empty("f4"), None]  # fmt: skip
    more = [[*edges, pair], [*edges, pair, pair], edges[1:] or np.zeros((0, 2))]
    value = draw(st.one_of(st.sampled_from(more), st.sampled_from(odd)))
    graph.pop("edges", None)
    if value is not None:
        graph["edges"] = value


def _break_top(draw: st.DrawFn, tree: Tree) -> None:
    """The version, the metadata, or the graph as a whole."""
    change = draw(st.integers(0, 5))
    if change == 0:
        tree["version"] = draw(odd_values())
    elif change == 1:
        tree.pop("version", None)
    elif change == 2 and isinstance(tree.get("node"), dict):
        tree["node"]["metadata"] = draw(
            st.one_of(odd_values(), st.just({"neuro": "{}"}), _sidecar())
        )
    elif change == 3:
        tree["node"] = draw(st.one_of(odd_values(), wild_node()))
    elif change == 4:
        tree.pop("node", None)
    elif isinstance(tree.get("node"), dict):
        tree["node"][draw(st.sampled_from(["nodes", "type", "input_type"]))] = draw(odd_values())


def _sidecar() -> st.SearchStrategy[Tree]:
    """Metadata that look like ours and are not."""
    texts = ["", "[]", "null", "1", '{"schema": 1}', '{"schema": 2, "references": {}}', "{",
             '{"schema": 1, "references": {}, "sum": "", "text": "", "arrays": {}, "facts": {}}',
             '{"schema": 1, "references": 3, "sum": 0}',
             '{"schema": 1, "references": {"a": {"node": "nobody", "value": "w"}}, "sum": 0}']  # fmt: skip
    return st.one_of(st.sampled_from(texts), odd_values()).map(lambda value: {"neuro": value})


BREAKS: list[Callable[[st.DrawFn, Tree], None]] = [
    _break_value,
    _break_value,
    _drop_value,
    _change_kind,
    _replace_node,
    _drop_node,
    _rename_node,
    _wrap_node,
    _break_edges,
    _break_top,
]


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """What may happen to the bytes of a file: nothing, mostly; a cut, flipped bits, rubbish behind it."""
    kind, seed = draw(st.integers(0, 9)), draw(st.integers(0, 2**32 - 1))

    def apply(data: bytes) -> bytes:
        rng = np.random.default_rng(seed)
        changed = bytearray(data)
        if kind == 0:
            return data[: int(rng.integers(0, len(data)))]
        if kind == 1:
            for place in rng.integers(0, len(data), int(rng.integers(1, 30))):
                changed[place] = int(rng.integers(0, 256))
        if kind == 2:
            changed += bytes(rng.integers(0, 256, 100, dtype=np.uint8))
        return bytes(changed)

    return apply
