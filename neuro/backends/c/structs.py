"""The structs of the C runtime (``deploy/runtime``) as ctypes; field by field the same."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from typing import Any, ClassVar

Fields = list[tuple[str, Any]]


class Ring(Structure):
    """``nr_ring``."""

    _fields_: ClassVar[Fields] = [("sums", c_void_p), ("depth", c_uint32), ("stride", c_uint32)]


class Spikes(Structure):
    """``nr_spikes``."""

    _fields_: ClassVar[Fields] = [
        ("cell", c_void_p),
        ("count", c_void_p),
        ("first", c_void_p),
        ("slots", c_uint32),
        ("size", c_uint32),
    ]


class Fifo(Structure):
    """``nr_fifo``."""

    _fields_: ClassVar[Fields] = [
        ("cell", c_void_p),
        ("held", c_void_p),
        ("capacity", c_uint32),
        ("head", c_uint32),
        ("count", c_uint32),
    ]


class Cells(Structure):
    """``nr_cells``."""

    _fields_: ClassVar[Fields] = [
        ("kernel", c_uint32),
        ("stream", c_uint32),
        ("refractory", c_uint32),
        ("source", c_uint32),
        ("state", c_void_p),
        ("array", c_void_p),
        ("scalar", c_void_p),
        ("port", c_void_p),
        ("refractory_of", c_void_p),
        ("until", c_void_p),
        ("fifo", c_void_p),
    ]


class Traces(Structure):
    """``nr_traces``."""

    _fields_: ClassVar[Fields] = [
        ("kernel", c_uint32),
        ("source", c_uint32),
        ("lag", c_uint32),
        ("is_post", c_uint32),
        ("state", c_void_p),
        ("scalar", c_void_p),
    ]


class Shelf(Structure):
    """``nr_shelf``."""

    _fields_: ClassVar[Fields] = [("block", c_void_p), ("used", c_uint32), ("room", c_uint32)]


class Grid(Structure):
    """``nr_grid``."""

    _fields_: ClassVar[Fields] = [
        ("row", c_void_p),
        ("column", c_void_p),
        ("plane_in", c_uint32),
        ("width_in", c_uint32),
        ("plane_out", c_uint32),
        ("width_out", c_uint32),
        ("block_in", c_uint32),
        ("block_out", c_uint32),
        ("taps", c_uint32),
        ("window", c_uint32),
        ("row_step", c_uint32),
        ("row_back", c_uint32),
        ("column_weights", c_uint32),
        ("column_back", c_uint32),
    ]


class Edges(Structure):
    """``nr_edges``."""

    _fields_: ClassVar[Fields] = [
        ("kernel", c_uint32),
        ("pre", c_uint32),
        ("post", c_uint32),
        ("axonal", c_uint32),
        ("dendritic", c_uint32),
        ("rows", c_uint32),
        ("cells", c_uint32),
        ("start", c_void_p),
        ("target", c_void_p),
        ("state", c_void_p),
        ("array", c_void_p),
        ("scalar", c_void_p),
        ("pre_trace", c_void_p),
        ("post_trace", c_void_p),
        ("factor", c_void_p),
        ("column", c_void_p),
        ("column_synapse", c_void_p),
        ("column_source", c_void_p),
        ("notes", c_void_p),
        ("shelf", c_void_p),
        ("visited", c_void_p),
        ("epoch", c_void_p),
        ("chain", c_void_p),
        ("grid", c_void_p),
        ("first", c_uint32),
        ("last", c_uint32),
    ]


class Delivery(Structure):
    """``nr_delivery``."""

    _fields_: ClassVar[Fields] = [("edges", POINTER(Edges)), ("ring", Ring)]


class Poisson(Structure):
    """``nr_poisson``."""

    _fields_: ClassVar[Fields] = [
        ("target", Ring),
        ("first", c_void_p),
        ("stream", c_uint32),
        ("per_cell", c_uint32),
        ("weight", c_void_p),
        ("threshold", c_void_p),
        ("table", c_void_p),
        ("table_of", c_void_p),
    ]


class Signal(Structure):
    """``nr_signal``."""

    _fields_: ClassVar[Fields] = [
        ("target", Ring),
        ("first", c_void_p),
        ("step", c_void_p),
        ("value", c_void_p),
        ("changes", c_uint64),
        ("next", c_uint64),
        ("width", c_uint32),
    ]


class Input(Structure):
    """``nr_input``."""

    _fields_: ClassVar[Fields] = [("is_signal", c_uint32), ("place", c_uint32)]


class Graded(Structure):
    """``nr_graded``."""

    _fields_: ClassVar[Fields] = [
        ("ring", Ring),
        ("value", c_void_p),
        ("start", c_void_p),
        ("target", c_void_p),
        ("weight", c_void_p),
        ("rows", c_uint32),
        ("delay", c_uint32),
        ("uniform", c_uint32),
        ("shift", c_int32),
    ]


class Transfer(Structure):
    """``nr_transfer``."""

    _fields_: ClassVar[Fields] = [("ring", Ring), ("target", Ring), ("first", c_void_p)]


class Share(Structure):
    """``nr_share``."""

    _fields_: ClassVar[Fields] = [
        ("direct", c_void_p),
        ("sent", c_void_p),
        ("graded", c_void_p),
        ("directs", c_uint32),
        ("sents", c_uint32),
        ("gradeds", c_uint32),
    ]


class Net(Structure):
    """``nr_net``."""

    _fields_: ClassVar[Fields] = [
        ("step", c_int64),
        ("seed", c_uint64),
        ("dt", c_double),
        ("threads", c_uint32),
        ("sources", c_uint32),
        ("populations", c_uint32),
        ("factors", c_uint32),
        ("transfers", c_uint32),
        ("inputs", c_uint32),
        ("graded_transfers", c_uint32),
        ("traces", c_uint32),
        ("shared_traces", c_uint32),
        ("synaptic_steps", c_uint32),
        ("spikes", c_void_p),
        ("cells", c_void_p),
        ("factor", c_void_p),
        ("transfer", c_void_p),
        ("input", c_void_p),
        ("poisson", c_void_p),
        ("signal", c_void_p),
        ("graded_transfer", c_void_p),
        ("trace", c_void_p),
        ("share", c_void_p),
    ]


class Events(Structure):
    """``nr_events``."""

    _fields_: ClassVar[Fields] = [("source", c_uint32), ("start", c_void_p), ("cell", c_void_p)]


class SpikeProbe(Structure):
    """``nr_spike_probe``."""

    _fields_: ClassVar[Fields] = [
        ("source", c_uint32),
        ("capacity", c_uint64),
        ("count", c_uint64),
        ("step", c_void_p),
        ("cell", c_void_p),
    ]


class StateProbe(Structure):
    """``nr_state_probe``."""

    _fields_: ClassVar[Fields] = [
        ("value", c_void_p),
        ("index", c_void_p),
        ("width", c_uint64),
        ("every", c_int64),
        ("capacity", c_uint64),
        ("count", c_uint64),
        ("step", c_void_p),
        ("sample", c_void_p),
    ]


class Desk(Structure):
    """``nr_desk``."""

    _fields_: ClassVar[Fields] = [
        ("events", c_void_p),
        ("spikes", c_void_p),
        ("states", c_void_p),
        ("n_events", c_uint32),
        ("n_spikes", c_uint32),
        ("n_states", c_uint32),
        ("first", c_int64),
    ]


def sizes() -> dict[str, int]:
    """Size of each struct in bytes, by its name in C."""
    mine = (
        *(
            Ring,
            Spikes,
            Fifo,
            Cells,
            Traces,
            Shelf,
            Grid,
            Edges,
            Delivery,
            Poisson,
            Signal,
            Input,
            Graded,
        ),
        *(Transfer, Share, Net, Events, SpikeProbe, StateProbe, Desk),
    )
    return {cls.__doc__.strip("`.") if cls.__doc__ else "": ctypes.sizeof(cls) for cls in mine}
