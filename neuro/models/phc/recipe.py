"""From the settings of a recipe to a PHC module, and what is reported of it after training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from neuro.backends.torch.surrogates import Triangular
from neuro.errors import ParameterError
from neuro.models.phc.module import INPUT, PHCModule
from neuro.models.phc.priors import STDP_KINDS, STP, Priors
from neuro.training.task import Data

SWEEPS = (1, 2, 4, 8, 16, 32)
"""For which `mismatch` is reported."""
SHOWN = 32
"""Sequences that it is measured on."""


def module_of(settings: dict[str, Any], channels: int, classes: int, steps: int) -> PHCModule:
    """The module that `settings` ask for; takes out of them what it uses.

    Parameters
    ----------
    settings
        ``sizes``, ``sweeps``, ``delays``, ``reset``, ``adaptive``, ``stp``, ``dale``, ``topology``,
        ``stdp``, ``width``, ``gain``, ``detach``, ``longest`` and ``seed``.
    channels, classes, steps
        Of the data.

    Raises
    ------
    ParameterError
        If one of them is wrong.
    """
    module = PHCModule(
        numbers(settings.pop("sizes"), "sizes"),
        channels,
        classes,
        priors=priors_of(settings),
        sweeps=int(settings.pop("sweeps")),
        surrogate=Triangular(width=settings.pop("width"), gain=settings.pop("gain")),
        detach=settings.pop("detach"),
        longest=float(settings.pop("longest")),
        seed=int(settings["seed"]),
    )
    module.steps = steps
    return module


def priors_of(settings: dict[str, Any]) -> Priors:
    """The priors that `settings` ask for; takes out of them what it uses.

    Raises
    ------
    ParameterError
        If one of them is wrong.
    """
    stp, kind = settings.pop("stp"), settings.pop("stdp")
    if kind not in STDP_KINDS:
        raise ParameterError(f"is {kind!r}.", where="stdp", hint=f"Use {', '.join(STDP_KINDS)}.")
    if stp and len(numbers(stp, "stp")) != 3:
        raise ParameterError(f"is {stp}.", where="stp", hint="Give U, tau_rec, tau_fac; or [].")
    flags = {name: bool(settings.pop(name)) for name in ("reset", "adaptive", "dale", "topology")}
    return Priors(
        delays=numbers(settings.pop("delays"), "delays"),
        stp=STP(U=float(stp[0]), tau_rec=float(stp[1]), tau_fac=float(stp[2])) if stp else None,
        stdp=STDP_KINDS[kind],
        **flags,
    )


def numbers(value: Any, where: str) -> tuple[int, ...]:
    """One whole number, or several, as a tuple.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed or not all(isinstance(item, int | float) for item in listed):
        raise ParameterError(f"is {value!r}.", where=where, hint="Give numbers: [20, 20].")
    return tuple(int(item) for item in listed)


def batch_of(data: Data, count: int) -> Mapping[str, torch.Tensor]:
    """The first so many samples."""
    inputs, _ = data.batch(torch.arange(min(count, len(data))), torch.Generator())
    return inputs


def closing(module: PHCModule, data: Data) -> dict[str, Any]:
    """How far sweeps are from the sequential network, by their number; of the first test samples."""
    inputs = batch_of(data, SHOWN)
    steps = inputs[INPUT].shape[0]
    enough = module.enough(steps)
    tried = sorted(
        {m for m in (*SWEEPS, module.sweeps, enough) if 0 < m <= max(enough, SWEEPS[-1])}
    )
    return {
        "sweeps": module.sweeps,
        "sweeps that are exact": enough,
        "mismatch": {str(m): module.mismatch(inputs, m) for m in tried},
    }
