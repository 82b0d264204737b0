"""What comes from outside as tensors: given ones, declared ones, and Poisson noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.drive import Drive
from neuro.errors import ParameterError, unknown_name
from neuro.ir.network import CurrentInput, Network, PoissonInput, SpikeArray
from neuro.ir.philox import derived_seed, stream_of, words
from neuro.ir.poisson import counts, thresholds
from neuro.ir.resolve import sizes
from neuro.ir.values import expand

if TYPE_CHECKING:
    from neuro.backends.torch.values import Values

SEEDS = 1 << 64


def named(network: Network, given: Tensor | Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    """Inputs by name; a single tensor is for the only spike array, or the only current.

    Raises
    ------
    ParameterError
        If it is not clear which input a single tensor is for.
    UnknownNameError
        If there is no such input.
    """
    arrays = [i.name for i in network.inputs if isinstance(i, SpikeArray)]
    currents = [i.name for i in network.inputs if isinstance(i, CurrentInput)]
    if given is None:
        return {}
    if isinstance(given, Tensor):
        known = arrays or currents
        if len(known) != 1:
            raise ParameterError(
                f"one tensor is given, and there are {len(known)} inputs it could be for.",
                where="inputs",
                hint=f"Give a dict by name: {', '.join([*arrays, *currents]) or 'there are none'}.",
            )
        return {known[0]: given}
    for name in given:
        if name not in arrays and name not in currents:
            raise unknown_name(name, [*arrays, *currents], kind="input", where="inputs")
    return dict(given)


def checked(
    network: Network, given: Mapping[str, Tensor], dtype: torch.dtype, device: torch.device
) -> dict[str, Tensor]:
    """Inputs on `device` as numbers of type `dtype`, of shape (steps, batch, n) that agree.

    Raises
    ------
    ParameterError
        If a shape does not fit; says which axis is which.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in given.items():
        item = next(i for i in network.inputs if i.name == name)
        size = item.size if isinstance(item, SpikeArray) else sizes(network, item.post)
        if tensor.ndim != 3 or tensor.shape[2] != size:
            raise ParameterError(
                f"has shape {tuple(tensor.shape)}.",
                where=f"inputs[{name!r}]",
                hint=f"Axis 0 is time, axis 1 the batch, axis 2 the {size} cells of {name!r}.",
            )
        found[name] = tensor.to(device, dtype)
    shapes = {name: tuple(tensor.shape[:2]) for name, tensor in found.items()}
    if len(set(shapes.values())) > 1:
        raise ParameterError(
            f"steps and batch differ: {shapes}.", where="inputs", hint="Give all the same."
        )
    return found


def listed_spikes(
    drive: Drive, name: str, size: int, first: int, steps: int, dtype: torch.dtype
) -> Tensor:
    """Declared spikes of steps `first` on; shape (steps, 1, n)."""
    source = drive.spikes[name]
    low, high = np.searchsorted(source.step, [first, first + steps])
    dense = torch.zeros(steps, 1, size, dtype=dtype)
    step = torch.from_numpy(source.step[low:high] - first)
    dense[step, 0, torch.from_numpy(source.index[low:high].astype(np.int64))] = 1
    return dense


def current(item: CurrentInput, drive: Drive, values: Values, first: int, steps: int) -> Tensor:
    """Declared current of steps `first` on; shape (steps, 1, 1 or n)."""
    signal, name = drive.signals[item.name], f"{item.name}.value"
    table = values[name]
    if signal.value is not item.value and not np.array_equal(signal.value, item.value):
        table = torch.from_numpy(np.asarray(signal.value, np.float64)).to(table)
    place = np.searchsorted(signal.step, np.arange(first, first + steps), side="right")
    padded = torch.cat([table.new_zeros(1, *table.shape[1:]), table])
    chosen = padded[torch.from_numpy(place).to(table.device)]
    return chosen.reshape(steps, 1, -1)


class PoissonTrains:
    """Poisson events of one input.

    Parameters
    ----------
    network, node
        The input.
    seed
        Seed of the run; sample `b` of a batch has this seed plus `b`.
    dtype
        Number format.
    """

    def __init__(self, network: Network, node: PoissonInput, seed: int, dtype: torch.dtype) -> None:
        size = network.sources[node.post].size
        rate = expand(node.rate, size, derived_seed(seed, f"{node.name}/rate"))
        weight = expand(node.weight, size, derived_seed(seed, f"{node.name}/weight"))
        means, place = np.unique(np.asarray(rate) * network.dt, return_inverse=True)
        self._size, self._dtype, self._stream = size, dtype, stream_of(node.name)
        self._tables = [thresholds(float(mean)) for mean in means]
        self._place = np.broadcast_to(place.reshape(np.shape(rate)), (size,))
        self._weight = torch.from_numpy(np.array(weight, np.float64)).to(dtype)

    def at(self, seed: int, first: int, steps: int, batch: int) -> Tensor:
        """Weight times number of events of steps `first` on; shape (steps, batch, n)."""
        found = np.stack(
            [
                np.stack([self._counts((seed + b) % SEEDS, step) for b in range(batch)])
                for step in range(first, first + steps)
            ]
        )
        return torch.from_numpy(found).to(self._dtype) * self._weight

    def _counts(self, seed: int, step: int) -> NDArray[np.float64]:
        word = words(seed, self._stream, 0, step, self._size)
        found = np.zeros(self._size)
        for place, table in enumerate(self._tables):
            mine = self._place == place
            found[mine] = counts(word[mine], table)
        return found
