"""Nengo's neurons, with the filters of their inputs, as cell types.

LIF, with J the input current and ref the time until the refractory period ends:

    ref = ref - dt
    v   = v + (J - v) (1 - exp(-min(max(dt - ref, 0), dt) / tau_rc))

and a spike where v > 1, at the time within the step at which v passed 1:
``ref = tau_ref + dt + tau_rc log(1 - (v - 1) / (J - 1))``, ``v = 0`` (T. Stewart, "A technical overview
of the Neural Engineering Framework", 2012).  SpikingRectifiedLinear: ``v = v + max(J, 0) dt``, a spike at
1, which is taken off.
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


def _filtering(filters: tuple[Filter, ...]) -> tuple[str, str, str]:
    """State, ports and programs of filters; their outputs are added up in ``filtered``."""
    state: list[str] = []
    update: list[str] = []
    outputs: list[str] = []
    for k, found in enumerate(filters):
        names = [f"x{k}_{i}" for i in range(len(found.b))]
        state += [f"{name} : 1 = 0" for name in names]
        update += _next(k, found, names)
        outputs += [_sum(zip(found.c, names, strict=True))]
    ports = "\n".join([f"{PLAIN} : 1", *(f"{port(k)} : 1" for k in range(len(filters)))])
    program = "\n".join([*update, f"drive = {' + '.join([PLAIN, *outputs])}"])
    return "\n".join(state), ports, program


def _next(k: int, found: Filter, names: list[str]) -> Iterator[str]:
    """All new values from the old ones, then all at once."""
    for i, (row, b) in enumerate(zip(found.a, found.b, strict=True)):
        yield f"next{k}_{i} = {_sum(zip(row, names, strict=True))} + {b!r} * {port(k)}"
    yield from (f"{name} = next{k}_{i}" for i, name in enumerate(names))


def _sum(terms: Iterator[tuple[float, str]] | zip[tuple[float, str]]) -> str:
    found = [name if factor == 1 else f"({factor!r}) * {name}" for factor, name in terms if factor]
    return " + ".join(found) or "0"


def _lif(variant: Variant) -> CellType:
    state, ports, drive = _filtering(variant.filters)
    floor = "v = max(v, min_voltage)" if variant.floor else ""
    return cell_type(
        _name(variant),
        parameters="tau_rc : s\ntau_ref : s\nbias : 1"
        + ("\nmin_voltage : 1 = 0" if variant.floor else ""),
        state=f"v : 1\nref : s\nj : 1\n{state}",
        ports=ports,
        update=f"""
            {drive}
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
    state, ports, drive = _filtering(variant.filters)
    return cell_type(
        _name(variant),
        parameters="bias : 1",
        state=f"v : 1\n{state}",
        ports=ports,
        update=f"{drive}\nv = v + max(bias + drive, 0) * (dt / s)",
        spike="v >= 1",
        reset="v = v - 1",
    )


def _readout(variant: Variant) -> CellType:
    state, ports, drive = _filtering(variant.filters)
    return cell_type(
        _name(variant), state=f"v : 1\n{state}", ports=ports, update=f"{drive}\nv = drive"
    )


_KINDS = {"LIF": _lif, "SpikingRectifiedLinear": _relu, "readout": _readout}

KINDS = tuple(sorted(_KINDS.keys() - {"readout"}))
"""Neuron types that have a counterpart."""
