"""One sweep of a PHC network in generated C: all steps of all cells, forward and backward."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from torch import Tensor

from neuro.backends.c.compiler import compile_library
from neuro.backends.c.generate import library_function_in_c
from neuro.backends.c.printer import KEYWORDS, CPrinter
from neuro.backends.torch.surrogates import Surrogate
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.library import Precision
from neuro.ir.expressions.nodes import Binary, Literal, Name
from neuro.lowering.library import library_functions
from neuro.lowering.symbols import safe_names
from neuro.version import __version__

LANES = 8
"""Cells are filled up to a multiple of it, so that compilers make whole vectors."""
ARRAYS = (
    "w_in",
    "b_in",
    "recurrent",
    "a_exc",
    "a_inh",
    "r",
    "v_thresh",
    "beta",
    "rho",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalars:
    """Numbers that all cells share.

    Attributes
    ----------
    e_floor, eps
        Of the cells; see `neuro.PHC`.
    U, d_fac, d_rec
        Of synapses with short-term plasticity: utilisation, and factors by which facilitation and
        missing resource shrink in a step.
    """

    e_floor: float = -0.5
    eps: float = 1e-8
    U: float = 1.0
    d_fac: float = 0.0
    d_rec: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the code of a sweep depends on.

    Attributes
    ----------
    cells, first, channels
        Cells of all regions and of the first, and channels of the signal.
    delays
        Steps from a spike of each cell to its arrival.
    adaptive, stp
        Whether thresholds adapt, and whether synapses have short-term plasticity.
    surrogate
        Gradient of both thresholds.
    detach
        True keeps gradients from flowing through the would-be spike.
    lead
        Steps before the signal reaches the first region.
    """

    cells: int
    first: int
    channels: int
    delays: tuple[int, ...]
    adaptive: bool
    stp: bool
    surrogate: Surrogate
    detach: bool
    lead: int


@cache
def source_of(shape: Shape, *, double: bool) -> str:
    """The C of a sweep."""
    cells, first = padded(shape.cells), padded(shape.first)
    delays = [*shape.delays, *[1] * (cells - shape.cells)]
    members = sorted(range(cells), key=lambda i: (-delays[i], i))
    distinct = sorted(set(delays), reverse=True)
    ends = np.cumsum([delays.count(value) for value in distinct]).tolist()
    dtype: Float = np.float64 if double else np.float32
    precision: Precision = "float64" if double else "float32"
    known = safe_names(["u"], KEYWORDS)
    scale = Literal(1 / shape.surrogate.width)
    slope = Binary("*", scale, shape.surrogate.expression(Binary("*", Name("u"), scale)))
    needed = library_functions([slope], precision)
    return (
        _environment()
        .get_template("sweep.c.j2")
        .render(
            version=__version__,
            double=double,
            cells=cells,
            inputs=min(first, cells),
            channels=shape.channels,
            lanes=LANES,
            groups=[SimpleNamespace(delay=d, end=e) for d, e in zip(distinct, ends, strict=True)],
            members=members,
            delays=delays,
            adaptive=shape.adaptive,
            stp=shape.stp,
            detach=shape.detach,
            functions=[library_function_in_c(name, precision, dtype) for name in needed],
            distance=known["u"],
            slope=CPrinter(known, dtype).expression(slope),
        )
        + "\n"
    )


def padded(count: int) -> int:
    """`count` filled up to whole vectors."""
    return -(-count // LANES) * LANES


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader([PackageLoader("neuro.models.phc"), PackageLoader("neuro.backends.c")]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - it is C, not HTML
    )


@cache
def _library(shape: Shape, *, double: bool) -> ctypes.CDLL:
    return ctypes.CDLL(str(compile_library(source_of(shape, double=double)).path))


@cache
def _structure(*, double: bool, slopes: bool) -> type[ctypes.Structure]:
    number = ctypes.c_double if double else ctypes.c_float
    fields: list[tuple[str, Any]] = [(name, ctypes.c_void_p) for name in ARRAYS]
    if not slopes:
        fields += [(field.name, number) for field in dataclasses.fields(Scalars)]
    return type("Arrays", (ctypes.Structure,), {"_fields_": fields})


@torch.compiler.disable  # type: ignore[untyped-decorator]
def sweep(
    shape: Shape,
    scalars: Scalars,
    signal: Tensor,
    given: Tensor | None,
    values: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """Spikes, shape (batch, lead + steps, cells), and sums of membranes, shape (batch, cells).

    Parameters
    ----------
    shape, scalars
        What kind of network.
    signal
        Shape (steps, batch, channels).
    given
        The spikes that synapses and thresholds hear, of the shape of those returned; None for the
        cells' own.
    values
        Arrays of cells and synapses, by name.
    """
    arrays = (values[name] for name in ARRAYS)
    made: tuple[Tensor, Tensor] = _Sweep.apply(shape, scalars, signal, given, *arrays)  # type: ignore[no-untyped-call]
    return made


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        shape: Shape,
        scalars: Scalars,
        signal: Tensor,
        given: Tensor | None,
        *arrays: Tensor,
    ) -> tuple[Tensor, Tensor]:
        values = _padded_arrays(shape, arrays)
        signal = signal.contiguous()
        given = None if given is None else _wide(given, padded(shape.cells))
        kept, total = _forward(shape, scalars, signal, given, values)
        sizes = (signal.shape[1], len(signal) + shape.lead, shape.lead)
        ctx.save_for_backward(signal, *kept, *values, *([] if given is None else [given]))
        ctx.shape, ctx.scalars, ctx.sizes = shape, scalars, sizes
        ctx.set_materialize_grads(False)
        return kept[0][..., : shape.cells], total[..., : shape.cells]

    @staticmethod
    def backward(
        ctx: Any, d_spikes: Tensor | None, d_total: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        shape, saved = ctx.shape, ctx.saved_tensors
        signal, kept, values = saved[0], saved[1:4], saved[4 : 4 + len(ARRAYS)]
        given = saved[-1] if len(saved) > 4 + len(ARRAYS) else None
        slopes = [torch.zeros_like(value) for value in values]
        cells = padded(shape.cells)
        if d_total is None:
            d_total = signal.new_zeros(ctx.sizes[0], shape.cells)
        rest = (
            _wide(d_total, cells),
            None if d_spikes is None else _wide(d_spikes, cells),
            None if given is None else torch.empty_like(given),
        )
        _call(
            shape,
            "backward",
            ctx.sizes,
            values,
            ctx.scalars,
            signal,
            given,
            *kept,
            *rest,
            slopes=slopes,
        )
        d_given = None if rest[2] is None else rest[2][..., : shape.cells]
        return None, None, None, d_given, *_cut(shape, slopes)


def states(
    shape: Shape, scalars: Scalars, signal: Tensor, values: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Spikes, integrals and membranes of cells that hear each other, without gradients.

    Arguments as for `sweep`; shape (batch, lead + steps, cells).
    """
    arrays = _padded_arrays(shape, tuple(values[name] for name in ARRAYS))
    kept, _ = _forward(shape, scalars, signal.contiguous(), None, arrays)
    spikes, integrals, membranes = (tensor[..., : shape.cells] for tensor in kept)
    return spikes, integrals, membranes


def _forward(
    shape: Shape,
    scalars: Scalars,
    signal: Tensor,
    given: Tensor | None,
    values: list[Tensor],
) -> tuple[list[Tensor], Tensor]:
    """Spikes, integrals and membranes; and the sums of membranes."""
    steps, batch = len(signal) + shape.lead, signal.shape[1]
    cells = padded(shape.cells)
    kept = [signal.new_empty(batch, steps, cells) for _ in range(3)]
    total = signal.new_empty(batch, cells)
    sizes = (batch, steps, shape.lead)
    _call(shape, "forward", sizes, values, scalars, signal, given, *kept, total)
    return kept, total


def _padded_arrays(shape: Shape, arrays: tuple[Tensor, ...]) -> list[Tensor]:
    """Arrays filled up: cells beyond the network's have thresholds out of reach."""
    cells, first = padded(shape.cells), padded(shape.first)
    made = []
    for name, array in zip(ARRAYS, arrays, strict=True):
        width = first if name in ("w_in", "b_in") else cells
        wide = _wide(array, width)
        if name == "recurrent":
            wide = torch.cat([wide, wide.new_zeros(cells - len(wide), cells)])
        if name == "v_thresh":
            wide = wide.clone()
            wide[shape.cells :] = torch.inf
        made.append(wide.contiguous())
    return made


def _wide(tensor: Tensor, width: int) -> Tensor:
    if tensor.shape[-1] == width:
        return tensor.contiguous()
    return torch.nn.functional.pad(tensor, (0, width - tensor.shape[-1])).contiguous()


def _cut(shape: Shape, slopes: list[Tensor]) -> list[Tensor]:
    """Gradients of the network's own cells."""
    own = {"w_in": shape.first, "b_in": shape.first}
    cut = [
        slope[..., : own.get(name, shape.cells)] for name, slope in zip(ARRAYS, slopes, strict=True)
    ]
    cut[ARRAYS.index("recurrent")] = cut[ARRAYS.index("recurrent")][: shape.cells]
    return cut


def _call(
    shape: Shape,
    name: str,
    sizes: tuple[int, ...],
    values: Any,
    scalars: Scalars,
    *tensors: Tensor | None,
    slopes: list[Tensor] | None = None,
) -> None:
    double = values[0].dtype == torch.float64
    kind = _structure(double=double, slopes=False)
    addresses = {n: v.data_ptr() for n, v in zip(ARRAYS, values, strict=True)}
    given = kind(**addresses, **dataclasses.asdict(scalars))
    places = [ctypes.c_void_p(None if t is None else t.data_ptr()) for t in tensors]
    if slopes is not None:
        gathered = _structure(double=double, slopes=True)
        own = {n: v.data_ptr() for n, v in zip(ARRAYS, slopes, strict=True)}
        places.append(ctypes.byref(gathered(**own)))  # type: ignore[arg-type]
    function = getattr(_library(shape, double=double), name)
    if function(*map(ctypes.c_size_t, sizes), ctypes.byref(given), *places):
        raise MemoryError("there is no memory for a sample of a PHC sweep")
