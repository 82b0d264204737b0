"""PyTorch: networks as modules that can be trained.  Imports torch only when a network runs."""

from neuro.backends.torch.backend import TorchBackend

__all__ = ["TorchBackend"]
