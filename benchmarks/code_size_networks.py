"""Networks to whose code `fit_code_size` fits its model, and others to test it with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

import neuro
from neuro.errors import ParameterError
from neuro.ir.declare import cell_type, synapse_type, trace
from neuro.ir.expressions.functions import LIBRARY
from neuro.ir.network import Network, NumberFormat
from neuro.models.spec import load_model
from neuro.passes.quantise import quantise
from neuro.testing.library import (
    INTEGER_CELLS,
    LIBRARY_CELLS,
    SYNAPSES,
    Case,
    cell_case,
    synapse_case,
)
from neuro.testing.random_networks import FixedChoices, random_case

RANDOM, INVENTED = 28, 16
"""Random networks of the tests, and networks with cells and synapses made up at random."""

MOST_STEPS = 100
"""Steps of a run that finds exponents."""


def held(number: int) -> bool:
    """Whether a random network is held out: a quarter is."""
    return number % 8 < 2


def networks() -> Iterator[tuple[str, Network, bool]]:
    """Name, network, and whether it is held out of the fit by which errors are measured."""
    for format in (neuro.FLOAT32, neuro.FLOAT64):
        for name, network, out in floating(format):
            yield f"{name} {format.kind}", network, out
    for bits in (8, 16):
        for name, network, out in fixed(bits):
            yield f"{name} {bits} fixed", network, out


def floating(format: NumberFormat) -> Iterator[tuple[str, Network, bool]]:
    """Networks in a float format."""
    for name in LIBRARY_CELLS:
        yield f"cell {name}", cell_case(name, format).network, False
    for name in SYNAPSES:
        yield f"synapse {name}", synapse_case(name, format).network, False
    for name in LIBRARY:
        for calls in (1, 2):
            yield f"{name} {calls}", calling(name, calls, format), False
    for kernel in (True, False):
        yield f"sliding {kernel}", sliding(format, kernel=kernel), False
    for number in range(INVENTED):
        yield f"invented {number}", invented(number, format), held(number)
    for number in range(RANDOM):
        yield f"random {number}", replace(drawn(number).network, format=format), held(number)
    for name, case in examples():
        yield name, replace(case.network, format=format), True


def fixed(bits: int) -> Iterator[tuple[str, Network, bool]]:
    """Networks in fixed point, with exponents from a run; each random one in one kind of weights."""
    for name in INTEGER_CELLS:
        yield f"cell {name}", quantised(cell_case(name), bits), False
    for name in SYNAPSES:
        yield f"synapse {name}", quantised(synapse_case(name), bits), False
    for kernel in (True, False):
        case = Case(sliding(neuro.FLOAT32, kernel=kernel), {})
        yield f"sliding {kernel}", quantised(case, bits), False
    mine = 0 if bits == 8 else 1
    for number in range(mine, INVENTED, 2):
        with suppress(ParameterError):  # some run away, and have no exponents
            case = Case(invented(number, neuro.FLOAT32), {})
            yield f"invented {number}", quantised(case, bits), held(number)
    for number in range(mine, RANDOM, 2):
        yield f"random {number}", quantised(drawn(number, fixed=True), bits), held(number)
    for name, case in examples():
        yield name, quantised(case, bits), True


def quantised(case: Case, bits: int) -> Network:
    """The network of `case` in fixed point."""
    network = replace(case.network, format=neuro.FLOAT32, scales=())
    seed = network.seed if network.seed is not None else 0
    given = {"steps": min(case.steps, MOST_STEPS), "inputs": case.inputs, "seed": seed}
    return quantise(network, weight_bits=bits, backend="c", **given).network


def examples() -> Iterator[tuple[str, Case]]:
    """Networks as people have them."""
    for name, model, parameters in (
        ("CA3 5x10", "ca3-memory", {}),
        ("CA3 16x16", "ca3-memory", {"cues": 16, "content": 16}),
        ("MNIST 784-96-10", "mnist-lif", {}),
        ("PHC 56", "phcssm-rows", {}),
    ):
        found = load_model(model).experiment(None, parameters)
        yield name, Case(found.network, dict(found.inputs), found.steps)


def sliding(format: NumberFormat, *, kernel: bool) -> Network:
    """A convolution, or a pooling, whose synapses are not listed."""
    net = neuro.NetworkBuilder(dt=1.0, name="sliding", format=format)
    source = net.population(72, neuro.SpikeSourceArray([[1.0]] * 72), label="source")
    cells = net.population(32 if kernel else 18, neuro.LIF(), label="cells")
    weights = np.linspace(-0.2, 0.4, 2 * 2 * 9).reshape(2, 2, 3, 3).astype(np.float32)
    if kernel:
        connector = neuro.ConvolutionConnector((2, 6, 6), weights.shape)
        net.projection(source, cells, connector, neuro.StaticSynapse(weight=weights))
    else:
        net.projection(
            source, cells, neuro.PoolingConnector((2, 6, 6), 2), neuro.StaticSynapse(weight=0.25)
        )
    return net.build()


def calling(function: str, calls: int, format: NumberFormat) -> Network:
    """Cells that call a function of the language."""
    value = " + ".join(f"{function}({x})" for x in ("v", "1 - v")[:calls])
    cell = cell_type(
        "caller",
        state="v : 1 = 0.5",
        ports="input : 1",
        update=f"v = 0.25 * ({value}) + input",
        spike="v > 1",
        reset="v = 0",
    )
    net = neuro.NetworkBuilder(dt=1.0, name=function, format=format)
    source = net.population(5, neuro.SpikeSourceArray(), label="source")
    cells = net.population(5, neuro.CustomCell(cell), label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=0.5))
    return net.build()


def invented(number: int, format: NumberFormat) -> Network:
    """Two kinds of cells and two of synapses, made up at random."""
    rng = np.random.default_rng(number)
    net = neuro.NetworkBuilder(dt=1.0, name="invented", format=format)
    source = net.population(9, neuro.SpikeSourceArray(), label="source")
    cells = [
        net.population(7, neuro.CustomCell(random_cell(rng, f"cell{k}")), label=f"cells{k}")
        for k in range(2)
    ]
    for k, (pre, post) in enumerate(((source, cells[0]), (cells[0], cells[1]))):
        rule = neuro.CustomSynapse(random_synapse(rng, f"rule{k}"), weight=0.5)
        net.projection(pre, post, neuro.FixedProbabilityConnector(0.5), rule)
    return net.build()


def expression(rng: np.random.Generator, names: Sequence[str], depth: int = 3) -> str:
    """Something to compute from `names`."""
    if depth == 0 or rng.random() < 0.25:
        return str(rng.choice([*names, "0.5", "2", f"{rng.random():.3f}"]))
    one, other = (expression(rng, names, depth - 1) for _ in range(2))
    forms = (f"({one} + {other})", f"({one} - {other})", f"({one} * {other})", f"({one} * {other})")
    rare = (
        f"({one} / {other})",
        f"max({one}, {other})",
        f"({one} if {one} > {other} else {other})",
    )
    return str(rng.choice(rare if rng.random() < 0.15 else forms))


def random_cell(rng: np.random.Generator, name: str) -> Any:
    """A cell with some variables and parameters."""
    state = [f"v{k}" for k in range(rng.integers(1, 5))]
    parameters = [f"p{k}" for k in range(rng.integers(1, 6))]
    known = [*state, *parameters, "input"]
    return cell_type(
        name,
        parameters="\n".join([*(f"{p} : 1 = 0.3" for p in parameters), "r : ms = 2"]),
        state="\n".join(f"{v} : 1 = 0{', held' if v == 'v0' else ''}" for v in state),
        ports="input : 1",
        update="\n".join(f"{v} = {expression(rng, known)} + input" for v in state),
        spike=f"v0 > {rng.choice([*parameters, '1'])}",
        reset="; ".join(f"{v} = {expression(rng, known[:-1], 1)}" for v in state[:2]),
        refractory="r" if rng.random() < 0.5 else None,
    )


def random_synapse(rng: np.random.Generator, name: str) -> Any:
    """A plastic synapse with some traces and parameters."""
    parameters = [f"p{k}" for k in range(rng.integers(1, 4))]
    before, after = (rng.random() < 0.7 for _ in range(2))
    known = ["w", *parameters]
    rise = {"on_spike": "{0} = {0} + 1", "each_step": "{0} = p0 * {0}"}
    given: dict[str, Any] = {}
    if before:
        given["pre"] = trace("x : 1", **{k: text.format("x") for k, text in rise.items()})
        given["on_post"] = f"w = {expression(rng, [*known, 'x'], 2)}"
    if after:
        given["post"] = trace("y : 1", **{k: text.format("y") for k, text in rise.items()})
    if rng.random() < 0.3:
        given["each_step"] = f"w = {expression(rng, known, 2)}"
    seen = [*known, "y"] if after else known
    return synapse_type(
        name,
        parameters="\n".join(f"{p} : 1 = 0.3, shared" for p in parameters),
        on_pre=f"w = {expression(rng, seen, 2)}",
        send="w",
        **given,
    )


def drawn(number: int, *, fixed: bool = False) -> Case:
    """A random network of the tests."""
    return random_case(FixedChoices(number), fixed=fixed)
