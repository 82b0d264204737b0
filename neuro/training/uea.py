"""Multivariate time series of the UEA archive: files in its two formats, and the common protocol.

The sets are at timeseriesclassification.com; a few come with the package ``aeon``.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, UnavailableError

SEEDS = (2345, 3456, 4567, 5678, 6789)
"""Of the splits that papers average over."""
LONG_SETS = (
    "EigenWorms",
    "SelfRegulationSCP1",
    "SelfRegulationSCP2",
    "EthanolConcentration",
    "Heartbeat",
    "MotorImagery",
)
"""The six sets of long sequences that state-space models are compared on."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Sequences of one length with their classes.

    Attributes
    ----------
    values
        Shape (samples, steps, channels).
    labels
        int64, shape (samples,).
    classes
        Names of the classes, sorted.
    """

    values: Array
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.labels)

    def of(self, index: NDArray[np.int64]) -> Series:
        """Some of them."""
        return Series(self.values[index], self.labels[index], self.classes)


def load_set(name: str, folder: Path | None = None) -> tuple[Series, Series]:
    """The official training and test samples of a set.

    Parameters
    ----------
    name
        Such as ``"BasicMotions"``.
    folder
        Holds ``NAME_TRAIN.ts`` and ``NAME_TEST.ts`` (or ``.arff``), or a folder ``NAME`` with them;
        None takes the sets that come with ``aeon``.

    Raises
    ------
    UnavailableError
        If `folder` is None and aeon is not installed.
    FileFormatError
        If a file is missing or damaged, or sequences differ in length.
    """
    place = _bundled() if folder is None else folder
    parts = [read_series(_find(place, name, part)) for part in ("TRAIN", "TEST")]
    classes = tuple(sorted({label for _, labels in parts for label in labels}))
    (train, few), (test, many) = parts
    if train.shape[1:] != test.shape[1:]:
        raise FileFormatError(
            f"training sequences are of {train.shape[1:]} steps and channels, "
            f"those of the test {test.shape[1:]}.",
            where=f"set {name!r}",
        )
    return _numbered(train, few, classes), _numbered(test, many, classes)


def _numbered(values: Array, labels: list[str], classes: tuple[str, ...]) -> Series:
    return Series(values, np.array([classes.index(x) for x in labels], np.int64), classes)


def _bundled() -> Path:
    found = importlib.util.find_spec("aeon")
    if found is None or not found.submodule_search_locations:
        raise UnavailableError(
            "no folder is given, and aeon, which brings some sets, is not installed.",
            where="data",
            hint="pip install aeon, or give the folder with the archive's files: --data FOLDER.",
        )
    return Path(found.submodule_search_locations[0]) / "datasets" / "data"


def _find(place: Path, name: str, part: str) -> Path:
    tried = [
        base / f"{name}_{part}.{ending}"
        for base in (place / name, place)
        for ending in ("ts", "arff")
    ]
    for path in tried:
        if path.is_file():
            return path
    raise FileFormatError(
        f"has no {name}_{part}.ts or .arff.",
        where=str(place),
        hint="Sets are at timeseriesclassification.com; unpack one there.",
    )


# Files -----------------------------------------------------------------------------------------


def read_series(path: Path) -> tuple[Array, list[str]]:
    """Values, shape (samples, steps, channels), and the class of each sample, of a file.

    Parameters
    ----------
    path
        A ``.ts`` or ``.arff`` file of the archive.

    Raises
    ------
    FileFormatError
        If it cannot be read, holds what is no number, or sequences differ in length.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error}.", where=str(path)) from error
    parts = _arff if path.suffix == ".arff" else _ts
    samples, labels = [], []
    for number, line in _data(lines, path):
        where = f"{path}, line {number}"
        channels, label = parts(line, where)
        samples.append(_sample(channels, where))
        labels.append(label)
    shapes = {sample.shape for sample in samples}
    if len(shapes) != 1:
        said = "no sequence" if not shapes else f"sequences of {len(shapes)} different lengths"
        raise FileFormatError(
            f"holds {said}.", where=str(path), hint="Sequences must be of one length."
        )
    return np.stack(samples), labels


def _data(lines: list[str], path: Path) -> Iterator[tuple[int, str]]:
    """Numbers and texts of the lines behind ``@data``."""
    began = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if began and text and text[0] not in "#%":
            yield number, text
        began = began or text.lower() == "@data"
    if not began:
        raise FileFormatError("has no @data.", where=str(path))


def _ts(line: str, where: str) -> tuple[list[str], str]:
    """Channels and class of a line such as ``1,2,3:4,5,6:walking``."""
    *channels, label = line.split(":")
    if not channels:
        raise FileFormatError("has no class.", where=where)
    return channels, label.strip()


_RELATION = re.compile(r"""(['"])(?P<values>.*)\1\s*,\s*(?P<label>.+)""")


def _arff(line: str, where: str) -> tuple[list[str], str]:
    r"""Channels and class of a line such as ``'1,2,3\n4,5,6',walking``."""
    found = _RELATION.fullmatch(line)
    if found is None:
        raise FileFormatError("is no multivariate sequence with a class.", where=where)
    return found["values"].split("\\n"), found["label"].strip()


def _sample(channels: list[str], where: str) -> Array:
    """Shape (steps, channels)."""
    try:
        rows = [np.array(channel.split(","), np.float32) for channel in channels]
    except ValueError as error:
        raise FileFormatError(f"holds what is no number: {error}.", where=where) from error
    if len({len(row) for row in rows}) != 1:
        raise FileFormatError("has channels of different lengths.", where=where)
    made = np.stack(rows, axis=1)
    if not np.isfinite(made).all():
        raise FileFormatError("has missing values.", where=where)
    return made


# The protocol ----------------------------------------------------------------------------------


def merged(train: Series, test: Series) -> Series:
    """All samples of both, without those that are there already."""
    values = np.concatenate([train.values, test.values])
    labels = np.concatenate([train.labels, test.labels])
    flat = np.column_stack([values.reshape(len(values), -1), labels])
    _, first = np.unique(flat, axis=0, return_index=True)
    kept = np.sort(first)
    return Series(values[kept], labels[kept], train.classes)


def shares(series: Series, seed: int) -> tuple[Series, Series, Series]:
    """70 % to train, 15 % to validate and 15 % to test, drawn with `seed`."""
    order = np.random.default_rng(seed).permutation(len(series))
    ends = [round(0.7 * len(order)), round(0.85 * len(order))]
    first, second, third = (series.of(np.sort(part)) for part in np.split(order, ends))
    return first, second, third


def standardised(train: Series, *others: Series) -> tuple[Series, ...]:
    """Values less the mean of each channel, in standard deviations; both of `train`."""
    mean = train.values.mean((0, 1), dtype=np.float64)
    spread = train.values.std((0, 1), dtype=np.float64)
    scale = 1 / np.where(spread > 0, spread, 1)
    return tuple(
        Series(((s.values - mean) * scale).astype(np.float32), s.labels, s.classes)
        for s in (train, *others)
    )
