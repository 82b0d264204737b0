"""Find where a number first stops being one."""

from __future__ import annotations

import torch

from neuro.backends.torch.module import SpikingModule
from neuro.training.task import Inputs


@torch.no_grad()
def first_bad(module: SpikingModule, inputs: Inputs) -> str:
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
