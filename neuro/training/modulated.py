"""Training of networks with astrocytes: coefficients are kept where they mean something."""

from __future__ import annotations

import torch

from neuro.backends.torch.module import SpikingModule

LARGEST = 0.95
"""Gains stay below it in size, thresholds between 0 and it."""
QUICKEST = 0.3e-3
"""Time constants stay above it, in s."""

_RANGES = {"gain": (-LARGEST, LARGEST), "threshold": (0.0, LARGEST)}


class ModulatedModule(SpikingModule):
    """A `SpikingModule` whose modulation and time constants stay in their ranges."""

    @torch.no_grad()
    def clamp_(self) -> ModulatedModule:
        """Bring values back to where they may be; call it after a training step.

        Weights of ports that are not negative stay so; coefficients onto ports ``gain`` stay within
        +-0.95, those onto ``threshold`` between 0 and 0.95; time constants above 0.3 ms.
        """
        super().clamp_()
        for graded in self.network.graded:
            name = f"{graded.name}.weight"
            if name in self.values.trained and graded.port in _RANGES:
                self.values.raw(name).clamp_(*_RANGES[graded.port])
        for name in self.values.trained:
            if name.partition(".")[2].startswith("tau_"):
                self.values.raw(name).clamp_(min=QUICKEST / self.unit(name))
        return self
