"""Every kind of bad input gives one message that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import neuro
from neuro.errors import (
    ExpressionError,
    FileFormatError,
    NeuroError,
    ParameterError,
    UnitError,
    UnknownNameError,
    VerificationError,
)
from neuro.ir.declare import cell_type

GRADED = cell_type("astro", state="g : 1 = 0", ports="input : 1", update="g = 0.9 * g + input")


def network(
    *,
    connector: Any = None,
    cell: Any = None,
    seed: int | None = 1,
    receptor_type: str | None = None,
    **synapse: Any,
) -> neuro.Network:
    """Three cells of one kind onto four others."""
    net = neuro.NetworkBuilder(seed=seed)
    pre = net.population(3, cell or neuro.IF_curr_exp(), label="A")
    post = net.population(4, neuro.IF_curr_exp(), label="B")
    connector = connector or neuro.AllToAllConnector()
    synapse = {"weight": 1.0, **synapse}
    net.projection(
        pre, post, connector, neuro.StaticSynapse(**synapse), receptor_type=receptor_type
    )
    return net.build()


def stepping(network: neuro.Network, **given: Any) -> Callable[[], object]:
    return lambda: neuro.simulate(network, 3, backend="reference", **given)


def spiking(expression: str) -> Callable[[], object]:
    return lambda: cell_type("c", state="v : 1", spike=expression)


def record(index: list[int]) -> neuro.Network:
    net = neuro.NetworkBuilder()
    net.population(3, neuro.LIF(), label="A").record("v", index=index)
    return net.build()


CASES: dict[str, tuple[Callable[[], object], type[NeuroError], str]] = {
    "NaN weight": (
        lambda: network(weight=float("nan")),
        VerificationError,
        "projection 'A_to_B', weight: is nan. Give a finite number.",
    ),
    "infinite weight among others": (
        lambda: network(weight=[1.0] * 5 + [np.inf] * 7),
        VerificationError,
        "projection 'A_to_B', weight: holds inf at index 5 (7 such values). All numbers must be finite.",
    ),
    "delay 0": (
        lambda: network(delay=0),
        VerificationError,
        "projection 'A_to_B', delay: is 0 steps. It must be at least 1 step.",
    ),
    "negative delay": (
        lambda: network(delay=-2.0),
        VerificationError,
        "projection 'A_to_B', delay: is -2 steps. It must be at least 1 step.",
    ),
    "negative drawn delay": (
        lambda: network(delay=neuro.Uniform(-2.0, 3.0)),
        VerificationError,
        "projection 'A_to_B', delay: is drawn from -2 steps upwards. It must be at least 1 step.",
    ),
    "index of a list out of range": (
        lambda: network(connector=neuro.FromListConnector([(0, 1), (2, 4)])),
        ParameterError,
        "FromListConnector, j: postsynaptic cell 4 does not exist. The population has cells 0 to 3.",
    ),
    "index of a view out of range": (
        lambda: neuro.NetworkBuilder().population(3, neuro.LIF(), label="A")[[0, 3]],
        ParameterError,
        "population 'A': some cells of [0, 3] do not exist. Its cells are 0 to 2;",
    ),
    "index of a probe out of range": (
        lambda: record([0, -1]),
        VerificationError,
        "probe of 'A'.v: records cell -1. Cells are 0 to 2.",
    ),
    "index of a spike out of range": (
        lambda: neuro.simulate(
            spikes(), 3, inputs={"S": (np.array([1]), np.array([2]))}, backend="reference"
        ),
        VerificationError,
        "inputs['S']: cell 2 spikes. Its cells are 0 to 1.",
    ),
    "unknown port": (
        lambda: network(receptor_type="excitatry"),
        UnknownNameError,
        "population 'B': there is no port 'excitatry'. Did you mean 'excitatory'?",
    ),
    "unknown parameter of a cell": (
        lambda: neuro.IF_curr_exp(tau_mem=10),
        UnknownNameError,
        "IF_curr_exp: there is no parameter 'tau_mem'. Did you mean 'tau_m'?",
    ),
    "unknown parameter of a synapse": (
        lambda: neuro.PairSTDP(a_plus=1.0),
        UnknownNameError,
        "PairSTDP: there is no parameter 'a_plus'. Did you mean 'A_plus'?",
    ),
    "wrong unit": (
        lambda: neuro.IF_curr_exp(tau_m="10 mV"),
        UnitError,
        "IF_curr_exp, 'tau_m': '10 mV' is in V, but s is needed. Write '10 ms' if that was meant.",
    ),
    "wrong unit of a weight": (
        lambda: network(weight="3 uS"),
        UnitError,
        "projection 'A_to_B', weight: '3 uS' is in S, but A is needed. Write '3 nA'",
    ),
    "unknown unit": (
        lambda: neuro.IF_curr_exp(v_rest="-65 mv"),
        UnitError,
        "IF_curr_exp, 'v_rest': 'mv' is not a unit. Did you mean 'mV'?",
    ),
    "weights of the wrong shape": (
        lambda: network(weight=np.ones(5)),
        VerificationError,
        "projection 'A_to_B', weight: has shape (5,). One number per synapse is (12,).",
    ),
    "matrix of the wrong shape": (
        lambda: network(connector=neuro.DenseConnector(), weight=np.ones((4, 3))),
        VerificationError,
        "projection 'A_to_B', weight: has shape (4, 3). Needed: (3, 4).",
    ),
    "weights for a random connector": (
        stepping(network(connector=neuro.FixedProbabilityConnector(0.5), weight=np.ones(99))),
        ParameterError,
        "projection 'A_to_B', weight: holds 99 numbers where 5 are needed. Give one number or a distribution,",
    ),
    "parameters of the wrong shape": (
        lambda: network(cell=neuro.IF_curr_exp(tau_m=[10, 20])),
        VerificationError,
        "population 'A', parameter 'tau_m': has shape (2,). One number per member is (3,).",
    ),
    "one to one between different sizes": (
        lambda: network(connector=neuro.OneToOneConnector()),
        VerificationError,
        "projection 'A_to_B', connectivity: one-to-one between 3 and 4 cells. Sizes must agree.",
    ),
    "empty population": (
        lambda: neuro.NetworkBuilder().population(0, neuro.LIF(), label="A"),
        ParameterError,
        "population 'A', size: is 0. Give a whole number of 1 or more.",
    ),
    "cells without a threshold as source": (
        lambda: network(cell=neuro.CustomCell(GRADED)),
        VerificationError,
        "projection 'A_to_B': 'A' (astro) has no threshold, so it never spikes. Use a graded projection",
    ),
    "contradictory seeds": (
        stepping(network(seed=1), seed=2),
        ParameterError,
        "seed: the network has seed 1, the run 2. Leave one of them out;",
    ),
    "seed out of range": (
        lambda: network(seed=-1),
        VerificationError,
        "network 'network': seed is -1. Use a whole number from 0 to 2**64 - 1.",
    ),
    "attribute access": (
        spiking("v.__class__ > 1"),
        ExpressionError,
        "cell type 'c', spike: attribute access is not part of the language.\n    v.__class__ > 1\n    ^\nUse arithmetic,",
    ),
    "call of something else": (
        spiking("v > eval('1')"),
        ExpressionError,
        "cell type 'c', spike: there is no function 'eval'.\n    v > eval('1')\n        ^\nKnown: abs,",
    ),
    "call of a call": (
        spiking("v > (lambda: 1)()"),
        ExpressionError,
        "cell type 'c', spike: a lambda is not part of the language.\n    v > (lambda: 1)()\n         ^\nUse arithmetic,",
    ),
    "unknown name in an expression": (
        lambda: network(cell=neuro.CustomCell(cell_type("c", state="v : 1", spike="v > v_thresh"))),
        VerificationError,
        "cell type 'c', spike: there is no name 'v_thresh'. Known: ",
    ),
}


def spikes() -> neuro.Network:
    net = neuro.NetworkBuilder()
    net.population(2, neuro.SpikeSourceArray(), label="S").record("spikes")
    return net.build()


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_explained(case: str) -> None:
    act, kind, message = CASES[case]
    with pytest.raises(kind) as caught:
        act()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "column"),
    [("v +* 2 > 1", 3), ("v > (1 + 2", 4), ("v > ", 3), ("v.x > 1", 0), ("v > open('f')", 4)],
)
def test_a_mistake_in_an_expression_is_pointed_at(expression: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        spiking(expression)()
    lines = str(caught.value).splitlines()
    assert expression.strip() in lines[1]
    assert lines[2] == " " * (4 + column) + "^"


def truncate(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def make_newer(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["schema"] = 99


def overwrite(path: Path) -> None:
    path.write_bytes(b"no network")


@pytest.mark.parametrize(
    ("spoil", "what", "hint"),
    [
        (truncate, "is not a complete HDF5 file", "It may be truncated"),
        (overwrite, "is not a complete HDF5 file", "copy it again or run again"),
        (make_newer, "has schema 99; this version reads up to 1", "Install a newer"),
        (Path.unlink, "does not exist", "Check the path"),
    ],
)
def test_a_spoilt_file_is_explained(
    tmp_path: Path, spoil: Callable[[Path], None], what: str, hint: str
) -> None:
    path = neuro.save_network(network(), tmp_path / "net.h5")
    spoil(path)
    with pytest.raises(FileFormatError) as caught:
        neuro.load_network(path)
    assert caught.value.where == str(path)
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_newer_text_is_explained(tmp_path: Path) -> None:
    path = neuro.save_network(network(), tmp_path / "net.txt")
    path.write_text(path.read_text().replace("neuro-ir 1", "neuro-ir 99"))
    with pytest.raises(FileFormatError) as caught:
        neuro.load_network(path)
    assert str(caught.value) == (
        f"{path}, line 1: has version 99; this version reads 1. Install a newer neuro-spiking."
    )
