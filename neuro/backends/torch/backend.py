"""The torch backend: the module's forward pass behind the contract of backends."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar

from neuro.backends.contract import Backend, Engine
from neuro.backends.rules import missing, refuse
from neuro.errors import Finding
from neuro.ir.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchOptions:
    """Options of the torch backend.

    Attributes
    ----------
    exact
        Sum events in the reference's order; false multiplies matrices, whose sums may differ in the
        last bit.
    """

    exact: bool = True


class TorchBackend(Backend):
    """Runs networks as modules of PyTorch, which is how they are trained."""

    name: ClassVar[str] = "torch"
    summary: ClassVar[str] = "PyTorch: what neuro.to_torch trains, here without gradients"
    Options: ClassVar[type[Any]] = TorchOptions

    def unavailable(self) -> str:
        """Why torch cannot be used."""
        return "" if find_spec("torch") else "torch is not installed: pip install torch==2.13.0"

    def check(self, network: Network, options: TorchOptions) -> list[Finding]:
        """Float networks run."""
        if self.unavailable():
            return [missing(self.name, "torch is not installed.", "pip install torch==2.13.0")]
        from neuro.backends.torch.rules import torch_findings, unordered

        return [*torch_findings(network), *([] if options.exact else unordered(network))]

    def compile(self, network: Network, options: TorchOptions, seed: int) -> Engine:
        """Print the network's cells as torch code."""
        refuse(self.name, self.check(network, options))
        from neuro.backends.torch.engine import TorchEngine

        return TorchEngine(network, seed, exact=options.exact)
