"""Networks as files: readable text (``.txt``, ``.nir.txt``, ...) or HDF5 (``.h5``).

An HDF5 file holds the same text, with long arrays as datasets beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError
from neuro.files import write_text
from neuro.formats.text_parser import parse_network
from neuro.formats.text_printer import print_network
from neuro.ir.network import Network
from neuro.recording.hdf5 import new_hdf5, open_hdf5

KIND = "neuro-network"
SCHEMA = 1
INLINE = 16
"""Arrays of up to this many elements stay in the text."""

_HDF5 = (".h5", ".hdf5")


def save_network(network: Network, path: str | Path) -> Path:
    """Write `network` to `path`, whole or not at all: HDF5 if it ends in ``.h5``, else text.

    Raises
    ------
    StorageError
        If writing fails; what was there before is unchanged.
    """
    target = Path(path)
    if target.suffix not in _HDF5:
        return write_text(target, print_network(network))
    arrays: dict[str, NDArray[Any]] = {}

    def store(place: str, array: NDArray[Any]) -> str | None:
        if array.size <= INLINE:
            return None
        arrays[place] = array
        return place

    text = print_network(network, store)
    with new_hdf5(target, kind=KIND, schema=SCHEMA) as file:
        file.attrs["hash"] = network.content_hash
        file["text"] = text
        for name, array in arrays.items():
            file.create_dataset(f"arrays/{name}", data=array, compression="gzip", shuffle=True)
    return target


def load_network(path: str | Path) -> Network:
    """Read a network from text or HDF5.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, no network, of a newer schema, or was changed.
    """
    source = Path(path)
    if source.suffix in _HDF5:
        return _load_hdf5(source)
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise FileFormatError(
            f"cannot be read: {error.strerror}.", where=str(source), hint="Check the path."
        ) from error
    except UnicodeDecodeError:
        hint = f"Names of HDF5 files end in {' or '.join(_HDF5)}."
        raise FileFormatError("is not text.", where=str(source), hint=hint) from None
    return _parse(text, {}, source)


def _load_hdf5(path: Path) -> Network:
    with open_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        arrays: dict[str, NDArray[Any]] = {}

        def collect(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[name] = np.asarray(item[()])

        if "arrays" in file:
            file["arrays"].visititems(collect)
        network = _parse(file["text"][()].decode(), arrays, path)
        if network.content_hash != file.attrs["hash"]:
            raise FileFormatError(
                "was changed after it was written: its content hash differs.",
                where=str(path),
                hint="Restore it from a copy, or save the network again.",
            )
        return network


def _parse(text: str, arrays: dict[str, NDArray[Any]], path: Path) -> Network:
    try:
        return parse_network(text, arrays)
    except FileFormatError as error:
        where = ", ".join(part for part in (str(path), error.where) if part)
        raise FileFormatError(error.what, where=where, hint=error.hint) from error
