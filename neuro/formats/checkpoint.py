"""Checkpoints: a complete state as an HDF5 file, from which a run goes on bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError
from neuro.recording.hdf5 import new_hdf5, open_hdf5

KIND = "neuro-checkpoint"
SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A snapshot with what it belongs to.

    Attributes
    ----------
    network_hash, seed
        Content hash of the network, and seed of the run.
    snapshot
        The state; see `neuro.snapshot`.
    inputs_hash
        Digest of what came from outside; "" if that is not fixed.
    """

    network_hash: str
    seed: int
    snapshot: dict[str, NDArray[Any]]
    inputs_hash: str = ""

    @property
    def step(self) -> int:
        """The next step to be done."""
        return int(self.snapshot["step"])

    def check(self, network_hash: str, seed: int, path: Path, inputs_hash: str = "") -> None:
        """Make sure that the checkpoint is one of this network, seed and input.

        Raises
        ------
        FileFormatError
            If it is not.
        """
        pairs = (
            ("another network", self.network_hash, network_hash),
            ("another seed", self.seed, seed),
            ("other inputs", self.inputs_hash, inputs_hash),
        )
        for what, mine, yours in pairs:
            if mine != yours:
                raise FileFormatError(
                    f"belongs to {what} ({mine}, not {yours}).",
                    where=str(path),
                    hint="Start afresh, or give what the first run was given.",
                )


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> Path:
    """Write `checkpoint` to `path`, whole or not at all."""
    with new_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        file.attrs["network_hash"] = checkpoint.network_hash
        file.attrs["seed"] = np.uint64(checkpoint.seed)
        file.attrs["inputs_hash"] = checkpoint.inputs_hash
        for name, array in checkpoint.snapshot.items():
            file.create_dataset(f"snapshot/{name}", data=array)
    return path


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, no checkpoint, or of a newer schema.
    """
    with open_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        snapshot: dict[str, NDArray[Any]] = {}

        def collect(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                snapshot[name] = np.asarray(item[()])

        file["snapshot"].visititems(collect)
        return Checkpoint(
            network_hash=str(file.attrs["network_hash"]),
            seed=int(file.attrs["seed"]),
            snapshot=snapshot,
            inputs_hash=str(file.attrs["inputs_hash"]),
        )
