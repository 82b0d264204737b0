"""Nengo's neurons, with the filters of their inputs, as cell types.

LIF, with J the input current and ref the time until the refractory period ends:

    ref = ref - dt
    v   = v + (J - v) (1 - exp(-min(max(dt - ref, 0), dt) / tau_rc))

and a spike where v > 1, at the time within the step at which v passed 1:
``ref = tau_ref + dt + tau_rc log(1 - (v - 1) / (J - 1))``, ``v = 0`` (T. Stewart, "A technical overview
of the Neural Engineering Framework", 2012).  SpikingRectifiedLinear: ``v = v + max(J, 0) dt``, as many
spikes as v has whole units, which are taken off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from neuro.formats.nengo.parts import Filter
from neuro.formats.nir.cells import behind_gate
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type

PLAIN = "input"
"""Port for what arrives without a filter."""

COUNT = "n"
"""How many spikes a cell has in a step, where it can have several."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which cell is wanted.

    Attributes
    ----------
    kind
        The neuron type, or ``"readout"``.
    filters
        Filters of its inputs, in the order of ports.
    floor
        False if the membrane has no least value.
    gated
        True if it has to stand still until its layer starts.
    """

    kind: str
    filters: tuple[Filter, ...] = ()
    floor: bool = True
    gated: bool = False


def port(index: int) -> str:
    """The port of a filter."""
    return f"filtered_{index}"


@lru_cache(maxsize=256)
def cell_of(variant: Variant) -> CellType:
    """The cell type of a variant."""
    made = _KINDS[variant.kind](variant)
    return behind_gate(made) if variant.gated else made


def _name(variant: Variant) -> str:
    orders = [str(len(f.b)) for f in variant.filters]
    words = ["nengo", variant.kind, *orders, *(["gated"] if variant.gated else [])]
    return "_".join(words if variant.floor else [*words, "unbounded"])


@dataclass(frozen=True, slots=True)
class _Filtering:
    """What filters add to a cell: declarations, and a program that ends in ``drive``."""

    parameters: str
    state: str
    ports: str
    update: str


def _filtering(filters: tuple[Filter, ...]) -> _Filtering:
    """The filters of all ports; coefficients are parameters, so that filters alike are one type."""
    parameters: list[str] = []
    state: list[str] = []
    update: list[str] = []
    outputs = [PLAIN]
    for k, found in enumerate(filters):
        order = len(found.b)
        parameters += [f"{name} : 1, shared" for name in coefficients(k, found)]
        state += [f"x{k}_{i} : 1 = 0" for i in range(order)]
        update += _next(k, order)
        outputs += [f"c{k}_{i} * x{k}_{i}" for i in range(order)] if order > 1 else [f"x{k}_0"]
    return _Filtering(
        parameters="\n".join(parameters),
        state="\n".join(state),
        ports="\n".join([f"{PLAIN} : 1", *(f"{port(k)} : 1" for k in range(len(filters)))]),
        update="\n".join([*update, f"drive = {' + '.join(outputs)}"]),
    )


def _next(k: int, order: int) -> Iterator[str]:
    """All new values from the old ones, then all at once."""
    for i in range(order):
        old = " + ".join(f"a{k}_{i}{j} * x{k}_{j}" for j in range(order))
        yield f"next{k}_{i} = {old} + b{k}_{i} * {port(k)}"
    yield from (f"x{k}_{i} = next{k}_{i}" for i in range(order))


def coefficients(k: int, found: Filter) -> dict[str, float]:
    """The parameters of filter number `k`; with one state variable, `c` is 1 and is left out."""
    order = range(len(found.b))
    rows = {f"a{k}_{i}{j}": found.a[i][j] for i in order for j in order}
    ends = {f"b{k}_{i}": found.b[i] for i in order}
    return rows | ends | ({f"c{k}_{i}": found.c[i] for i in order} if len(order) > 1 else {})


def _lif(variant: Variant) -> CellType:
    inputs = _filtering(variant.filters)
    floor = "v = max(v, min_voltage)" if variant.floor else ""
    least = "min_voltage : 1 = 0" if variant.floor else ""
    return cell_type(
        _name(variant),
        parameters=f"tau_rc : s\ntau_ref : s\nbias : 1\n{least}\n{inputs.parameters}",
        state=f"v : 1\nref : s\nj : 1\n{inputs.state}",
        ports=inputs.ports,
        update=f"""
            {inputs.update}
            j = bias + drive
            ref = ref - dt
            open = clip(dt - ref, 0, dt)
            v = v - (j - v) * expm1(-open / tau_rc)
            {floor}
        """,
        spike="v > 1",
        reset="ref = tau_ref + (dt + tau_rc * log1p(-(v - 1) / (j - 1)))\nv = 0",
    )


def _relu(variant: Variant) -> CellType:
    inputs = _filtering(variant.filters)
    return cell_type(
        _name(variant),
        parameters=f"bias : 1\n{inputs.parameters}",
        state=f"v : 1\n{COUNT} : 1\n{inputs.state}",
        ports=inputs.ports,
        update=f"""
            {inputs.update}
            v = v + max(bias + drive, 0) * (dt / s)
            {COUNT} = floor(v)
            v = v - {COUNT}
        """,
        spike=f"{COUNT} >= 1",
    )


def _readout(variant: Variant) -> CellType:
    inputs = _filtering(variant.filters)
    return cell_type(
        _name(variant),
        parameters=inputs.parameters,
        state=f"v : 1\n{inputs.state}",
        ports=inputs.ports,
        update=f"{inputs.update}\nv = drive",
    )


_KINDS = {"LIF": _lif, "SpikingRectifiedLinear": _relu, "readout": _readout}

KINDS = tuple(sorted(_KINDS.keys() - {"readout"}))
"""Neuron types that have a counterpart."""

COUNTED = {"SpikingRectifiedLinear": COUNT}
"""Neuron types that may spike several times a step, and the variable that says how often."""
