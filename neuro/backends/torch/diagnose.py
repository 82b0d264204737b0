"""Find where a number first stops being one, and how much populations spike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from neuro.backends.torch.module import Output, SpikingModule


@torch.no_grad()
def first_bad(module: SpikingModule, inputs: Mapping[str, Tensor]) -> str:
    """The first layer and step with a value that is not finite, in words; "" if there is none.

    Parameters
    ----------
    module
        The network.
    inputs
        A batch.
    """
    for name in sorted(module.values.trained):
        if not torch.isfinite(module.values.raw(name)).all():
            return f"{name} holds values that are not finite"
    found = []
    output = module.recording_all()(inputs)
    for place, population in enumerate(module.network.populations):
        for variable in population.cell.state:
            values = output.variables[f"{population.name}/{variable.name}"]
            bad = ~torch.isfinite(values).flatten(1).all(1)
            if bad.any():
                step = int(bad.nonzero()[0, 0])
                found.append((step, place, f"{population.name}, {variable.name}, step {step}"))
    return f"the first is in {min(found)[2]}" if found else ""


def rates(module: SpikingModule, output: Output) -> dict[str, float]:
    """Mean spikes of a cell in a step, by population."""
    populations = {p.name for p in module.network.populations}
    return {n: s.mean().item() for n, s in output.spikes.items() if n in populations}
