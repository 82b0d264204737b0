"""Where a network lies on a SpiNNaker machine: what sPyNNaker's files say, as one typed report."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from neuro.errors import FileFormatError

SYSTEM = "SYSTEM:"
"""Begins the labels of sPyNNaker's own cores."""

_CORE = re.compile(
    r"core \((\d+),(\d+),(\d+)\) is \d+ KB \((\d+) bytes\) for Placement\(vertex=(.*), x="
)
_VERTEX = re.compile(r"^Vertex: (.*?)(?: with \d+ atoms)?\n", re.MULTILINE)
_SLICE = re.compile(r"Slice: \((\d+):(\d+)\), Routing Info: KeyAndMask:(0x\w+):(0x\w+)")
_BLOCK = re.compile(r"^\*{4} Vertex: '(.*)'$", re.MULTILINE)
_PART = re.compile(r"^  Slice \((\d+):(\d+)\)\s+Vertex (.*)$", re.MULTILINE)
_TOTAL = re.compile(r"Total entries (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A core and what lies on it.

    Attributes
    ----------
    x, y, p
        Chip and number of the core.
    population
        The population, or the label of one of sPyNNaker's own programs.
    first, last
        Its cells there; -1 where that does not apply.
    sdram
        Bytes of SDRAM.
    synapses
        True for a core that only sums inputs, for the neurons of another; with steps below 1 ms.
    """

    x: int
    y: int
    p: int
    population: str
    first: int
    last: int
    sdram: int
    synapses: bool = False

    @property
    def is_system(self) -> bool:
        """True for sPyNNaker's own programs."""
        return self.population.startswith(SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Keys of the spikes that a core sends: those that equal `key` where `mask` has ones."""

    population: str
    first: int
    last: int
    key: int
    mask: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A chip of the machine.

    Attributes
    ----------
    x, y, cores
        Place, and how many cores it has.
    entries
        Entries of its routing table, before they are compressed.
    """

    x: int
    y: int
    cores: int
    entries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingReport:
    """Where a network lies on a machine.

    Attributes
    ----------
    board
        Name of the board.
    steps
        Steps whose recording was planned for.
    chips
        All chips of the machine.
    cores
        All cores in use, also sPyNNaker's own.
    keys
        Keys of the populations that send.
    compressed_entries
        Entries of all routing tables after sPyNNaker compressed them; None if it did not have to.
    versions
        Versions of sPyNNaker and PyNN.
    """

    board: str
    steps: int
    chips: tuple[Chip, ...]
    cores: tuple[Core, ...]
    keys: tuple[Key, ...]
    compressed_entries: int | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def placed(self) -> tuple[Core, ...]:
        """Cores of the network, without sPyNNaker's own."""
        return tuple(core for core in self.cores if not core.is_system)

    @property
    def sdram(self) -> int:
        """Bytes that the network takes, without sPyNNaker's own cores."""
        return sum(core.sdram for core in self.placed)

    @property
    def entries(self) -> int:
        """Entries of all routing tables."""
        return sum(chip.entries for chip in self.chips)

    @property
    def chips_used(self) -> int:
        """Chips that hold part of the network."""
        return len({(core.x, core.y) for core in self.placed})

    def rows(self) -> list[tuple[str, ...]]:
        """The table: population, cells, cores, chips, bytes, first key."""
        found: list[tuple[str, ...]] = []
        for name in dict.fromkeys(core.population for core in self.placed):
            mine = [core for core in self.placed if core.population == name]
            key = next((f"{k.key:#010x}" for k in self.keys if k.population == name), "")
            whole = [core for core in mine if core.first >= 0 and not core.synapses]
            cells = sum(core.last - core.first + 1 for core in whole)
            chips = dict.fromkeys(f"{core.x},{core.y}" for core in mine)
            sdram = sum(core.sdram for core in mine)
            shown = " ".join(list(chips)[:3]) + (" …" if len(chips) > 3 else "")
            found.append((name, f"{cells or ''}", f"{len(mine)}", shown, f"{sdram:,}", key))
        return found

    def as_dict(self) -> dict[str, Any]:
        """The report as a tree for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(tree: dict[str, Any]) -> MappingReport:
        """Read what `as_dict` gave."""
        parts = {
            "chips": tuple(Chip(**chip) for chip in tree["chips"]),
            "cores": tuple(Core(**core) for core in tree["cores"]),
            "keys": tuple(Key(**key) for key in tree["keys"]),
        }
        return MappingReport(**{**tree, **parts})


def read_reports(
    folder: Path, *, board: str, steps: int, versions: dict[str, str]
) -> MappingReport:
    """The report from the folder of a run in mode Debug on a virtual board.

    Parameters
    ----------
    folder
        The folder ``virtual`` of a project; its ``reports`` are sPyNNaker's.

    Raises
    ------
    FileFormatError
        If a file is missing or has another form than that of sPyNNaker 7.4.
    """
    run = _last_run(folder)
    entries = _entries(run)
    machine = json.loads((folder.parent / "machine.json").read_text(encoding="utf-8"))
    chips = tuple(
        Chip(x=c["x"], y=c["y"], cores=c["cores"], entries=entries.get((c["x"], c["y"]), 0))
        for c in machine["chips"]
    )
    return MappingReport(
        board=board,
        steps=steps,
        chips=chips,
        cores=tuple(_cores(run)),
        keys=tuple(_keys(run)),
        compressed_entries=_compressed(run),
        versions=versions,
    )


def _last_run(folder: Path) -> Path:
    runs = sorted((folder / "reports").glob("*/run_*"))
    if not runs:
        raise FileFormatError("there are no reports of sPyNNaker.", where=str(folder))
    return runs[-1]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileFormatError(
            f"sPyNNaker did not write it ({error.strerror}).",
            where=str(path.name),
            hint="neuro reads the reports of sPyNNaker 7.4.",
        ) from error


def _entries(run: Path) -> Counter[tuple[int, int]]:
    """Number of routing entries by chip."""
    tables = json.loads(_read(run / "json_files" / "routing_tables.json"))
    return Counter({(t["x"], t["y"]): len(t["entries"]) for t in tables})


def _cores(run: Path) -> Iterator[Core]:
    """Cores from the placements, with the bytes of the report on SDRAM."""
    text = _read(run / "chip_sdram_usage_by_core.rpt").partition("Planned by partitioner")[2]
    sdram = {(int(x), int(y), int(p)): int(b) for x, y, p, b, _ in _CORE.findall(text)}
    parts = _parts(run)
    for placement in json.loads(_read(run / "json_files" / "placements.json")):
        x, y, p, label = (placement[key] for key in ("x", "y", "p", "vertex_label"))
        if (x, y, p) not in sdram:
            raise FileFormatError(
                f"says nothing of core ({x}, {y}, {p}).", where="chip_sdram_usage_by_core.rpt"
            )
        name, first, last = parts.get(label, (label, -1, -1))
        yield Core(
            x=x,
            y=y,
            p=p,
            population=name,
            first=first,
            last=last,
            sdram=sdram[x, y, p],
            synapses=label.startswith(f"{name}_Synapses:"),
        )


def _parts(run: Path) -> dict[str, tuple[str, int, int]]:
    """Population, first and last cell by the label of a core's program."""
    blocks = _BLOCK.split(_read(run / "partitioned_by_vertex.rpt"))
    return {
        label: (name, int(first), int(last))
        for name, body in zip(blocks[1::2], blocks[2::2], strict=True)
        for first, last, label in _PART.findall(body)
        if not name.startswith(("Delay", SYSTEM))
    }


def _keys(run: Path) -> Iterator[Key]:
    text = _read(run / "virtual_key_space_information_report.rpt")
    parts = _VERTEX.split(text if text.endswith("\n") else text + "\n")
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        for first, last, key, mask in _SLICE.findall(body):
            yield Key(
                population=name,
                first=int(first),
                last=int(last),
                key=int(key, 16),
                mask=int(mask, 16),
            )


def _compressed(run: Path) -> int | None:
    path = run / "compressed_routing_summary.rpt"
    match = _TOTAL.search(path.read_text(encoding="utf-8")) if path.exists() else None
    return int(match[1]) if match else None
