"""The prediction of flash and RAM, against what the linker says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import neuro
from neuro.backends.firmware.generate import generate, initial_values
from neuro.deploy.board import Board, load_board
from neuro.deploy.code_features import PARTS, code_features, operations
from neuro.deploy.cores import CORES
from neuro.deploy.emulated_device import build_image
from neuro.deploy.image import Image
from neuro.deploy.predict import data_pieces, predict
from neuro.deploy.toolchain import find_toolchain
from neuro.errors import UnsupportedError
from neuro.ir.expressions.parser import parse_expression
from neuro.ir.network import Network
from neuro.models.spec import load_model
from neuro.passes.quantise import quantise
from neuro.resources import folder
from neuro.testing.library import LIBRARY_CELLS, SYNAPSES, cell_case, synapse_case
from neuro.testing.types import ASTROCYTE
from tests.deploy.programs import needs
from tests.structured import forms

GCC = needs("arm-none-eabi-gcc")
LARGE = 1 << 22


def ca3(**parameters: int) -> Network:
    return load_model("ca3-memory").experiment(None, parameters).network


def small_weights(name: str) -> Network:
    """A model in fixed point with weights of 8 bits."""
    found = load_model(name).experiment(None, {})
    steps = min(found.steps, 60)
    return quantise(found.network, steps=steps, inputs=found.inputs, weight_bits=8).network


def recurrent() -> Network:
    """Sixty cells whose synapses learn, with delays, and inhibition that does not."""
    net = neuro.NetworkBuilder(dt=1.0, name="recurrent", seed=2)
    source = net.population(20, neuro.SpikeSourceArray(), label="source")
    cells = net.population(60, neuro.IF_curr_exp(tau_refrac=2.0), label="cells")
    rule = neuro.PairSTDP(weight=0.1, A_plus=0.01, A_minus=0.012, w_max=0.5, delay=3.0)
    net.projection(source, cells, neuro.FixedProbabilityConnector(0.3), rule)
    net.projection(cells, cells, neuro.FixedProbabilityConnector(0.2), rule)
    inhibit = neuro.StaticSynapse(weight=0.2, delay=1.0)
    connector = neuro.FixedProbabilityConnector(0.1)
    net.projection(cells, cells, connector, inhibit, receptor_type="inhibitory")
    cells.record("spikes")
    return net.build()


def noisy() -> Network:
    """Noise, Poisson inputs, a current, and astrocytes that modulate."""
    net = neuro.NetworkBuilder(dt=1.0, name="noisy", seed=3)
    noise = net.population(30, neuro.SpikeSourcePoisson(rate=40.0), label="noise")
    cells = net.population(40, neuro.LIF(tau_refrac=2.0), label="cells")
    glia = net.population(4, neuro.CustomCell(ASTROCYTE), label="glia")
    synapse = neuro.StaticSynapse(weight=0.5, delay=2.0)
    net.projection(noise, cells, neuro.FixedProbabilityConnector(0.2), synapse)
    net.projection(cells, glia, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=0.05))
    net.graded_projection(
        glia, "gate", cells, neuro.AllToAllConnector(), weight=0.1, delay=2.0, receptor_type="input"
    )
    net.poisson_input(cells, rate=300.0, weight=0.1)
    net.inject(neuro.StepCurrentSource([2.0, 20.0], [0.2, 0.1]), cells, port="input")
    cells.record("spikes")
    return net.build()


NETWORKS: dict[str, Callable[[], Network]] = {
    "CA3 5x10": ca3,
    "CA3 5x10, 8 bits": lambda: small_weights("ca3-memory"),
    "MNIST, 8 bits": lambda: small_weights("mnist-lif"),
    "PHC": lambda: load_model("phcssm-rows").experiment(None, {}).network,
    "recurrent STDP": recurrent,
    "noise, Poisson and graded": noisy,
    "convolution and pooling": lambda: forms(names=("plain", "sum")),
    "pooling": lambda: forms(names=("gaps",)),
}


def roomy(name: str) -> Board:
    """The board with more memory, so that anything links."""
    board = load_board(name)
    larger = {
        "flash": board.flash.model_copy(update={"length": LARGE}),
        "ram": board.ram.model_copy(update={"length": LARGE}),
    }
    return board.model_copy(update={"memory": larger})


def built(
    network: Network, board: Board, place: Path, *, which: str = "gcc", optimise: str = "-O2"
) -> Image:
    tool = find_toolchain(board, which)
    firmware = generate(network, 0, "net")
    return build_image(firmware, board, place, toolchain=tool, optimise=optimise)


def check(network: Network, board: str, place: Path) -> None:
    """Flash within 5 % of the linked program, RAM exact."""
    chosen = roomy(board)
    predicted = predict(generate(network, 0, "net"), chosen)
    image = built(network, chosen, place)
    assert predicted.flash == pytest.approx(image.flash, rel=0.05)
    assert predicted.ram == image.ram
    assert sum(part.ram for part in predicted.parts) == predicted.ram


@GCC
@pytest.mark.parametrize("name", NETWORKS)
def test_flash_is_within_5_percent_of_the_linked_program_and_ram_exact(
    name: str, tmp_path: Path
) -> None:
    check(NETWORKS[name](), "stm32f405", tmp_path)


@GCC
@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_so_it_is_with_each_cell_of_the_library(name: str, tmp_path: Path) -> None:
    check(cell_case(name).network, "stm32l412", tmp_path)


@GCC
@pytest.mark.parametrize("name", SYNAPSES)
def test_so_it_is_with_each_synapse_of_the_library(name: str, tmp_path: Path) -> None:
    check(synapse_case(name).network, "stm32l412", tmp_path)


@GCC
@pytest.mark.parametrize("board", ["microbit", "lm3s6965evb", "mps2-an505", "mps3-an547"])
def test_so_it_is_on_other_cores(board: str, tmp_path: Path) -> None:
    check(ca3(), board, tmp_path)


@GCC
def test_os_is_predicted_to_be_smaller_and_is(tmp_path: Path) -> None:
    network, board = recurrent(), roomy("stm32l412")
    firmware = generate(network, 0, "net")
    small = predict(firmware, board, optimise="-Os")
    assert small.flash < predict(firmware, board).flash
    image = built(network, board, tmp_path, optimise="-Os")
    assert small.flash == pytest.approx(image.flash, rel=0.05)


@GCC
@pytest.mark.parametrize("format", [neuro.FLOAT32, neuro.FLOAT64], ids=["float32", "float64"])
def test_constants_and_tables_are_exactly_those_of_the_program(
    format: neuro.NumberFormat, tmp_path: Path
) -> None:
    sliding = forms(names=("wide", "sum", "dense"))
    for network in (noisy(), recurrent(), synapse_case("calcium").network, sliding):
        firmware = generate(replace(network, format=format), 0, "net")
        image = built(replace(network, format=format), roomy("stm32l412"), tmp_path)
        static = firmware.static
        fills, initial = initial_values(static.memory.variables)
        data = data_in_flash(image)
        for constant in static.memory.constants:
            assert data.pop(constant.name) == constant.nbytes
        for item in initial:
            assert data.pop(item.name) == item.array.nbytes
        tables = [name for name in data if re.match(r"nr_(t\d+_|own_signals)", name)]
        assert sum(data.pop(name) for name in tables) == static.table_bytes
        (piece,) = (p for p in data_pieces(static) if p.kind == "tables")
        assert set(data) <= {f"nr_{name}" for name in STRUCTS}
        learnt = sum(v.part == "weights" for v in static.memory.variables)
        small = {"nr_whole": 8, "nr_learnt": 8 * learnt, "nr_fills": 16 * len(fills)}
        small |= {"nr_outputs": 4, "nr_trains": 16 * len(static.trains)}
        small["nr_cell_kernels"] = 8 * len(static.tables.cell_kernels)
        small["nr_synapse_kernels"] = 32 * len(static.tables.synapse_kernels)
        folded = sum(size for name, size in small.items() if name not in data)
        rest = sum(-(-size // 4) * 4 for size in data.values())
        assert rest + folded == piece.flash - static.table_bytes


STRUCTS = (
    *("cell_kernels", "synapse_kernels", "network"),
    *("whole", "learnt", "fills", "trains", "outputs"),  # compilers may fold those of one entry
)


def data_in_flash(image: Image) -> dict[str, int]:
    """Bytes of what is no function and not of the start-up code."""
    found = {n: s for n, s in image.symbols.items() if s.size and not s.function}
    return {n: s.size for n, s in found.items() if s.address < 1 << 29 and n != "neuro_vectors"}


@pytest.mark.parametrize("name", ["CA3 5x10", "noise, Poisson and graded"])
def test_zig_has_more_code_but_the_same_data(name: str, tmp_path: Path) -> None:
    network, board = NETWORKS[name](), roomy("stm32l412")
    firmware = generate(network, 0, "net")
    predicted = predict(firmware, board)
    image = built(network, board, tmp_path, which="zig")
    assert predicted.flash < image.flash < predicted.flash + 1.5 * predicted.code
    data = data_in_flash(image)
    assert all(data[c.name] == c.nbytes for c in firmware.static.memory.constants if c.name in data)
    counters = 4 * len(firmware.static.trains)  # clang sees which trains are empty
    assert predicted.ram - image.ram in (0, counters)


def test_every_core_that_neuro_makes_programs_for_has_been_measured() -> None:
    measured = tomllib.loads((folder("deploy") / "code_size.toml").read_text())
    for core in CORES.values():
        if core.bare:
            own = measured[measured["same"].get(core.name, core.name)]
            for level in ("O2", "Os"):
                assert set(own[level]) == {"float32", "float64", "fixed"}
                assert all(model["error"] < 0.25 for model in own[level].values())


def test_a_core_that_was_never_measured_is_named() -> None:
    board = load_board("host").model_copy(
        update={"memory": load_board("stm32l412").memory, "core": "aarch64"}
    )
    with pytest.raises(UnsupportedError, match="float32 for aarch64 has not been measured"):
        predict(generate(ca3(), 0, "net"), board)


def test_the_stack_is_part_of_the_ram() -> None:
    firmware, board = generate(ca3(), 0, "net"), load_board("stm32l412")
    small, large = (predict(firmware, board, stack=stack).ram for stack in (1024, 4096))
    assert large - small == 3072


def test_parts_are_populations_projections_and_the_rest() -> None:
    predicted = predict(generate(recurrent(), 0, "net"), load_board("stm32l412"))
    names = [part.name for part in predicted.parts]
    assert names[0] == "cells"
    shared = {"shared constants", "tables", "stack", "runtime"}
    assert {*shared, *(f"code of {part}" for part in PARTS)} >= set(names[5:])
    assert sum(part.flash for part in predicted.parts) in range(
        predicted.flash - 8, predicted.flash + 1
    )


# Features ----------------------------------------------------------------------------------------


def test_operations_are_counted_by_kind() -> None:
    counted = operations([parse_expression("a * b + exp(max(c, 2)) / (d if d > 1 else -d)")])
    assert counted == {
        "add": 1,
        "multiply": 1,
        "divide": 1,
        "call": 1,
        "compare": 2,
        "select": 2,
        "logical": 1,
    }


def test_the_same_code_of_two_kinds_is_counted_once() -> None:
    def static(*names: str) -> object:
        net = neuro.NetworkBuilder(dt=1.0, name="x")
        source = net.population(5, neuro.SpikeSourceArray(), label="source")
        for name in names:
            cells = net.population(5, neuro.LIF(), label=name)
            rule = neuro.PairSTDP(weight=0.1, A_plus=0.01, A_minus=0.01, w_max=1.0)
            net.projection(source, cells, neuro.FixedProbabilityConnector(0.5), rule)
        return generate(net.build(), 0, "net").static

    one, two = (code_features(static(*names)) for names in ("a", "ab"))  # type: ignore[arg-type]
    assert one["cells"] == two["cells"]
    assert one["synapses"] == two["synapses"]


def test_more_to_compute_is_more_code() -> None:
    board = load_board("stm32l412")
    sizes = [
        predict(generate(cell_case(name).network, 0, "net"), board).code
        for name in ("LIF value", "IF_curr_exp", "IF_cond_exp", "AdEx")
    ]
    assert sizes == sorted(sizes)
