"""Spikes of cells that leak, fire and subtract: all steps in one call of C, or step by step."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from neuro.backends.c.compiler import compile_library, find_compiler
from neuro.training.hlop.products import is_steady


@dataclass(frozen=True, slots=True)
class Cells:
    """Constants of the cells: ``v <- keep v + take input``.

    Attributes
    ----------
    keep, take
        Factors of potential and input.
    bound
        A cell fires from here on.
    threshold
        What is then taken off.
    height
        Size of a spike.
    """

    keep: float
    take: float
    bound: float
    threshold: float
    height: float


def subtracting(current: Tensor, cells: Cells) -> Tensor:
    """Spikes, of shapes (steps, batch, ...); both ways, and the engines, give the same bits.

    Parameters
    ----------
    current
        What arrives; steps that are all the same are expanded (stride 0).
    cells
        Their constants.
    """
    if current.is_cpu and current.dtype == torch.float32 and find_compiler() is not None:
        return in_one_call(current, cells)
    return step_by_step(current, cells)


def in_one_call(current: Tensor, cells: Cells) -> Tensor:
    """As `subtracting`, by generated C."""
    steady = is_steady(current)
    given = (current[0] if steady else current).contiguous()
    made = current.new_empty(current.shape)
    count = made[0].numel()
    _library().subtracting(
        ctypes.c_long(len(made)),
        ctypes.c_long(count),
        ctypes.c_long(0 if steady else count),
        ctypes.c_void_p(given.data_ptr()),
        *map(ctypes.c_float, (cells.keep, cells.take, cells.bound, cells.threshold, cells.height)),
        ctypes.c_void_p(made.data_ptr()),
    )
    return made


def step_by_step(current: Tensor, cells: Cells) -> Tensor:
    """As `subtracting`, by torch."""
    potential = torch.zeros_like(current[0])
    made = current.new_empty(current.shape)
    for t, arrives in enumerate(current):
        potential = cells.keep * potential + cells.take * arrives
        fires = potential >= cells.bound
        potential = potential - fires * cells.threshold
        made[t] = fires * cells.height
    return made


@cache
def _library() -> ctypes.CDLL:
    source = Path(__file__).with_name("spikes.c").read_text(encoding="utf-8")
    return ctypes.CDLL(str(compile_library(source).path))
