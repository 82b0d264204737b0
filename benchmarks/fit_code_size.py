"""Fit how much code a firmware has: bytes per feature, for each family of cores.

Builds the cells and synapses of the library and random networks of the tests with GCC, finds how
many bytes each item of `neuro.deploy.code_features` takes by non-negative least squares, and writes
deploy/code_size.toml.  Then it predicts programs that were not fitted, and prints by how
much it was wrong.

    python benchmarks/fit_code_size.py                    # all cores; takes an hour
    python benchmarks/fit_code_size.py --cores cortex-m4f --keep out/sizes

It needs a checkout (networks come from tests/), arm-none-eabi-gcc and riscv64-unknown-elf-gcc.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

sys.path.insert(0, str(Path(__file__).parent))

from code_size_networks import networks

from neuro.backends.firmware.generate import Firmware, generate
from neuro.backends.firmware.tables import StaticTables
from neuro.deploy.board import Board, Region, load_board
from neuro.deploy.code_features import Function, cell, code_features, synapse
from neuro.deploy.emulated_device import FUNCTIONS
from neuro.deploy.image import Image, Symbol
from neuro.deploy.predict import data_pieces
from neuro.deploy.startup import linker_script, startup_include, startup_sources
from neuro.deploy.toolchain import find_toolchain
from neuro.errors import CompilerError
from neuro.resources import folder

CORES = {
    "cortex-m0": "microbit",
    "cortex-m3": "lm3s6965evb",
    "cortex-m4f": "stm32l412",
    "cortex-m33": "mps2-an505",
    "cortex-m55": "mps3-an547",
    "rv32imafc": "riscv-virt",
}
"""Cores that are measured, and a board with each."""
SAME = {"cortex-m0plus": "cortex-m0", "cortex-m7": "cortex-m4f"}
"""Cores that take the figures of another."""
LEVELS = {"O2": "-O2", "Os": "-Os"}
OUT = folder("deploy") / "code_size.toml"

JUMP = 12
"""Bytes of a function that is no more than a jump to another."""

_MAIN = """#include "neuro.h"
typedef struct { uint32_t ready; } net_net;
nr_status net_init(net_net *net);
extern net_net neuro_handle;
net_net neuro_handle;
int main(void) { return (int)net_init(&neuro_handle); }
"""
"""As that of `neuro.deploy.emulated_device`."""


Sizes = dict[str, int]
"""Bytes of each symbol of a program in flash, up to the next one; ``""`` is all of the flash."""


@dataclass(frozen=True)
class Row:
    """Features, and the bytes that they came to."""

    features: dict[str, int]
    size: int


@dataclass(frozen=True)
class Program:
    """A linked program.

    `known` is what is known of its flash without a compiler, `network` the code of the network and
    its runtime, `arithmetic` what comes from the compiler's library, and `functions` are generated
    functions that were compiled as such.
    """

    name: str
    held: bool
    flash: int
    known: int
    network: Row
    arithmetic: Row
    functions: tuple[Row, ...]


@dataclass(frozen=True)
class Work:
    """A network that is built, and whether it is held out of the fit by which errors are measured."""

    name: str
    firmware: Firmware
    held: bool

    @property
    def static(self) -> StaticTables:
        """Its tables."""
        return self.firmware.static


# Networks ----------------------------------------------------------------------------------------


def works() -> Iterator[Work]:
    """Everything that is built."""
    for name, network, held in networks():
        yield Work(name, generate(network, 0, "net"), held)


def thinned(all_work: Sequence[Work], every: int) -> list[Work]:
    """Every so many-th, and all that are like what people have."""
    return [
        work
        for place, work in enumerate(all_work)
        if place % every == 0 or work.name.startswith(("CA3", "MNIST", "PHC"))
    ]


# Building ----------------------------------------------------------------------------------------


class Builder:
    """Links firmware for one core; start-up code is compiled once."""

    def __init__(self, core: str, level: str, place: Path) -> None:
        self._place = place
        self._include = [place, folder("deploy") / "runtime", startup_include()]
        self._board = roomy(load_board(CORES[core]))
        self._tool = find_toolchain(self._board, "gcc")
        self._optimise = LEVELS[level]
        self._script = place / "linker.ld"
        self._script.write_text(linker_script(self._board))
        main = place / "main.c"
        main.write_text(_MAIN)
        self._start = [self._object(source) for source in (main, *startup_sources(self._board))]

    def _object(self, source: Path) -> Path:
        out = self._place / f"{source.stem}.o"
        flags = (*self._tool.flags(self._optimise), *(f"-I{folder}" for folder in self._include))
        subprocess.run([*self._tool.command, *flags, "-c", str(source), "-o", str(out)], check=True)
        return out

    def sizes(self, work: Work) -> Sizes:
        """Bytes of a program's symbols; none if it cannot be built."""
        try:
            image = self._build(work.firmware)
        except CompilerError as error:
            print(f"{self._board.core} {self._optimise} {work.name}: {error}", file=sys.stderr)
            return {}
        found: Counter[str] = Counter({"": image.flash})
        for symbol, size in extents(image):
            found[f"{symbol.name}{'' if symbol.function else ' data'}"] += size
        return dict(found)

    def _build(self, firmware: Firmware) -> Image:
        """The linked program, as `neuro.deploy.emulated_device.build_image` makes it."""
        texts = {"net.h": firmware.header, "net.c": firmware.source}
        for name, text in texts.items():
            (self._place / name).write_text(text)
        drive = ["net_drive"] if "net_drive(" in firmware.header else []
        elf = self._tool.build(
            [self._place / "net.c", *self._start],
            out=self._place / "net.elf",
            include=self._include,
            linker_script=self._script,
            keep=[*(f"net_{name}" for name in FUNCTIONS), *drive],
            optimise=self._optimise,
        )
        return Image.load(elf)


def roomy(board: Board) -> Board:
    """The same with memory for any program."""
    size = 1 << 23
    flash = Region(origin=board.flash.origin, length=size, attributes="rx")
    ram = Region(origin=max(board.ram.origin, flash.end), length=size)
    return board.model_copy(update={"memory": {"flash": flash, "ram": ram}, "boot": ""})


def measure(core: str, level: str, all_work: Sequence[Work], jobs: int) -> dict[str, Sizes]:
    """All networks, built for one core, by name."""

    def some(first: int) -> dict[str, Sizes]:
        with tempfile.TemporaryDirectory(prefix="neuro-sizes-") as place:
            builder = Builder(core, level, Path(place))
            part = all_work[first::jobs]
            return {work.name: sizes for work in part if (sizes := builder.sizes(work))}

    found: dict[str, Sizes] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(some, range(jobs)):
            found |= part
    return found


# Reading programs --------------------------------------------------------------------------------


def program(work: Work, sizes: Sizes) -> Program:
    """What is in a linked program."""
    features = code_features(work.static)
    library = features.pop("arithmetic")
    features.pop("start-up")
    parts: Counter[str] = Counter()
    for name, size in sizes.items():
        parts[kind_of(name)] += size
    return Program(
        name=work.name,
        held=work.held,
        flash=sizes[""],
        known=sum(piece.flash for piece in data_pieces(work.static)),
        network=Row(dict(sum(features.values(), Counter())), parts["network"]),
        arithmetic=Row(dict(library), parts["arithmetic"]),
        functions=tuple(function_rows(work.static, sizes)),
    )


def extents(image: Image) -> Iterator[tuple[Symbol, int]]:
    """Symbols in flash, each with the bytes up to the next."""
    (segment,) = (segment for segment in image.segments if segment.data)
    end = segment.load + len(segment.data)
    first: dict[int, Symbol] = {}
    for symbol in sorted(image.symbols.values()):
        if symbol.size and segment.load <= symbol.address < end:
            first.setdefault(symbol.address, symbol)
    places = [*sorted(first), end]
    for start, stop in pairwise(places):
        yield first[start], stop - start


def kind_of(name: str) -> str:
    """Which part of a program a symbol belongs to."""
    if not name or name.endswith(" data"):
        return "data"
    if name.startswith("neuro_") or name in {"main", "memcpy", "memset", "memmove", "memcmp"}:
        return "start"
    return "network" if name.startswith(("nr_", "net_")) else "arithmetic"


def function_rows(static: StaticTables, sizes: Sizes) -> Iterator[Row]:
    """Generated functions that were compiled to functions of their own and call no other."""
    for number, kind in enumerate(static.tables.cell_kernels):
        if not kind.draws:
            names = [f"nr_update_{number}", f"nr_reset_{number}"]
            yield from _rows(names, cell(static, number), sizes)
    for number, kernel in enumerate(static.tables.synapse_kernels):
        names = ["nr_on_pre"]
        names += ["nr_on_post"] * bool(kernel.on_post) + ["nr_each_step"] * bool(kernel.each_step)
        names += ["nr_raise_pre", "nr_decay_pre"] * bool(kernel.pre)
        names += ["nr_raise_post", "nr_decay_post"] * bool(kernel.post)
        yield from _rows([f"{name}_{number}" for name in names], synapse(static, number), sizes)


def _rows(names: Sequence[str], functions: Sequence[Function], sizes: Sizes) -> Iterator[Row]:
    """The features of each function with its size; not of those that only jump to their like."""
    for name, (_, features) in zip(names, functions, strict=True):
        if (
            sizes.get(name, 0) > JUMP
            and features
            and not {"op.call", "unrolled.call"} & {*features}
        ):
            yield Row(dict(features), sizes[name])


# Fitting -----------------------------------------------------------------------------------------


def fit(programs: list[Program]) -> dict[str, float]:
    """Bytes per feature."""
    rows = [(p.network, 1 / p.flash) for p in programs]
    known: set[tuple[Any, ...]] = set()
    for p in programs:
        for kernel in p.functions:
            key = (*sorted(kernel.features.items()), kernel.size)
            if key not in known:
                known.add(key)
                rows.append((kernel, 0.5 / p.flash))
    found = _least_squares(rows)
    found |= _least_squares([(p.arithmetic, 1 / p.flash) for p in programs])
    rest = [p.flash - p.known - p.network.size - p.arithmetic.size for p in programs]
    found["start-up"] = float(np.mean(rest))
    return {name: round(value, 1) for name, value in sorted(found.items()) if value >= 0.05}


def _least_squares(rows: list[tuple[Row, float]]) -> dict[str, float]:
    names = sorted({name for row, _ in rows for name in row.features})
    weights = np.array([weight for _, weight in rows])
    counts = np.array([[row.features.get(name, 0) for name in names] for row, _ in rows], float)
    sizes = np.array([row.size for row, _ in rows], float)
    values, _ = nnls(counts * weights[:, None], sizes * weights)
    return dict(zip(names, values.tolist(), strict=True))


def errors(programs: Sequence[Program], model: dict[str, float]) -> NDArray[np.float64]:
    """Predicted minus real flash, as fractions of the code and of the flash; shape (programs, 2)."""
    found = []
    for p in programs:
        features = {**p.network.features, **p.arithmetic.features, "start-up": 1}
        code = sum(count * model.get(name, 0.0) for name, count in features.items())
        wrong = code + p.known - p.flash
        found.append((wrong / (p.flash - p.known), wrong / p.flash))
    return np.array(found)


# Command line ------------------------------------------------------------------------------------


def measured(
    core: str, level: str, all_work: Sequence[Work], keep: Path, jobs: int
) -> list[Program]:
    """Programs for one core; what was kept of an earlier run is not built again."""
    file = keep / f"{core}-{level}.json"
    sizes: dict[str, Sizes] = json.loads(file.read_text()) if file.is_file() else {}
    missing = [work for work in all_work if work.name not in sizes]
    sizes |= measure(core, level, missing, jobs)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(sizes))
    return [program(work, sizes[work.name]) for work in all_work if work.name in sizes]


@dataclass(frozen=True)
class Fit:
    """Bytes per feature for one core, level and format, and how wrong they are.

    Attributes
    ----------
    model
        Fitted to all programs.
    wrong
        Errors of `model` on all programs; shape (programs, 2), see `errors`.
    held
        Errors on programs that are held out, of a fit without them.
    """

    model: dict[str, float]
    wrong: NDArray[np.float64]
    held: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Largest error of the code of programs that were held out, as a fraction."""
        return float(np.abs(self.held[:, 0]).max())

    def row(self) -> str:
        """Mean and largest errors of flash: all programs, then those held out."""
        cells = [f"{np.abs(e[:, 1]).mean():.1%} | {np.abs(e[:, 1]).max():.1%}" for e in self.both]
        return f"{len(self.wrong)} | {cells[0]} | {len(self.held)} | {cells[1]} | {self.error:.0%}"

    @property
    def both(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Errors of either kind."""
        return self.wrong, self.held


def fit_all(programs: list[Program]) -> Fit:
    """Bytes per feature from all programs, and errors on some from the others."""
    kept = [p for p in programs if not p.held]
    held = [p for p in programs if p.held]
    model = fit(programs)
    return Fit(model, errors(programs, model), errors(held, fit(kept)))


HEAD = """\
| core | level | numbers | programs | mean | largest | held out | mean | largest | of the code |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure, fit, write, and say how good it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", nargs="+", default=list(CORES))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder of measurements, made or read")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th network")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    keep = given.keep or Path(tempfile.mkdtemp(prefix="neuro-sizes-"))
    lines, compilers, all_work = [], set(), thinned(list(works()), given.every)
    print(HEAD)
    for core in given.cores:
        compilers.add(find_toolchain(load_board(CORES[core])).version())
        for level in LEVELS:
            programs = measured(core, level, all_work, keep, given.jobs)
            for format in ("float32", "float64", "fixed"):
                found = fit_all([p for p in programs if p.name.endswith(format)])
                print(f"| {core} | -{level} | {format} | {found.row()} |")
                lines += ["", f'["{core}".{level}.{format}]', f"error = {found.error:.3f}"]
                lines += [f'"{name}" = {value}' for name, value in found.model.items()]
    head = [
        "# Bytes of code per feature of neuro/deploy/code_features.py; made by",
        "# benchmarks/fit_code_size.py.  `error` is the largest on programs that were not fitted.",
        f"compilers = {json.dumps(sorted(compilers))}",
        "",
        "[same]  # cores that take the figures of another",
        *(f'"{core}" = "{other}"' for core, other in SAME.items()),
    ]
    given.out.write_text("\n".join([*head, *lines]) + "\n")


if __name__ == "__main__":
    main()
