"""Several processes that train together under ``torchrun``; one alone is the same without."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Processes:
    """Which process this is.

    Attributes
    ----------
    rank, count
        Its number, and how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """True for the process that writes files."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """The part of a batch that falls to this process; parts differ by at most one sample."""
        return batch.tensor_split(self.count)[self.rank]

    def sum(self, *numbers: float) -> list[float]:
        """Sums over all processes."""
        if self.count == 1:
            return list(numbers)
        tensor = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(tensor)
        return [float(value) for value in tensor.tolist()]

    def average_gradients(self, parameters: Iterable[nn.Parameter], share: float) -> None:
        """Gradients of the whole batch, given this process's `share` of it."""
        if self.count == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad.mul_(share)
            dist.all_reduce(parameter.grad)


def batch_means(samples: int, *means: Tensor) -> tuple[Tensor, ...] | None:
    """Means over the whole batch, given those over the samples of this process.

    Every process has to call it.

    Parameters
    ----------
    samples
        How many this process had; may be 0.
    *means
        What to average; of the same shapes everywhere.

    Returns
    -------
    tuple of Tensor or None
        None if no process had a sample.
    """
    if not dist.is_initialized():
        return means if samples else None
    flat = torch.cat([samples * mean.detach().flatten() for mean in means])
    sums = torch.cat([flat, flat.new_tensor([samples])])
    dist.all_reduce(sums)
    if not sums[-1]:
        return None
    parts = torch.split(sums[:-1] / sums[-1], [mean.numel() for mean in means])
    return tuple(part.view_as(mean) for part, mean in zip(parts, means, strict=True))


@contextmanager
def processes() -> Iterator[Processes]:
    """The processes that ``torchrun`` started; this one alone without it."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Processes(dist.get_rank(), count)
    finally:
        dist.destroy_process_group()
