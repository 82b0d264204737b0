"""The verifier finds everything that is wrong, at once, and says where and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import VerificationError
from neuro.ir.connectivity import (
    AllToAll,
    Convolution,
    Dense,
    DistanceDependent,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
)
from neuro.ir.declare import cell_type
from neuro.ir.expressions.parser import parse_expression
from neuro.ir.network import (
    CurrentInput,
    GradedProjection,
    Network,
    NumberFormat,
    PoissonInput,
    Population,
    Probe,
    Projection,
    SpikeArray,
)
from neuro.ir.values import Draw
from neuro.ir.verify import verified, verify

LIF = neuro.LIF().cell_type
CURRENT = neuro.IF_curr_exp().cell_type
GRADED = cell_type("graded", state="g : 1 = 0", ports="input : 1", update="g = 0.9 * g + input")
GATED = neuro.PairSTDP(gated=True).synapse_type


def network(**parts: Any) -> Network:
    """Two populations and a projection; `parts` replace fields."""
    base = Network(
        name="test",
        dt=1e-3,
        populations=(
            Population(name="a", size=3, cell=LIF),
            Population(name="b", size=4, cell=CURRENT),
            Population(name="g", size=2, cell=GRADED),
        ),
        projections=(projection(),),
    )
    return replace(base, **parts)


def projection(**parts: Any) -> Projection:
    base = Projection(
        name="p", pre="a", post="b", port="excitatory", connectivity=AllToAll(), weight=1e-9
    )
    return replace(base, **parts)


def found(case: Network) -> list[str]:
    return [str(finding) for finding in verify(case)]


def test_a_good_network_has_no_findings() -> None:
    assert found(network()) == []
    assert verified(network()) == network()


def bad_projection(words: str, **parts: Any) -> Any:
    return pytest.param(network(projections=(projection(**parts),)), words, id=words[:40])


def bad_population(words: str, **parts: Any) -> Any:
    base = Population(name="a", size=3, cell=LIF)
    others = network().populations[1:]
    return pytest.param(
        network(populations=(replace(base, **parts), *others)), words, id=words[:40]
    )


def bad_input(words: str, item: Any) -> Any:
    return pytest.param(network(inputs=(item,)), words, id=words[:40])


def bad(words: str, **parts: Any) -> Any:
    return pytest.param(network(**parts), words, id=words[:40])


INT = np.int64
ROWS = np.array([0, 1, 1, 2])

CASES = [
    bad("dt is 0.0 s", dt=0.0),
    bad("dt is nan s", dt=float("nan")),
    bad("seed is -1", seed=-1),
    bad(
        "does not fill 32 bits",
        format=NumberFormat(kind="fixed", integer_bits=8, fraction_bits=8, weight_bits=8),
    ),
    bad("weights of 4 bits", format=neuro.fixed_point(15, 16, weight_bits=4)),
    bad_population("has size 0", size=0),
    bad_population("is not a name", name="a b"),
    bad_population("is used 2 times", name="b"),
    bad_population("no parameter 'tau'. Did you mean 'tau_m'?", parameters={"tau": 1.0}),
    bad_population("no state variable 'w'", initial={"w": 1.0}),
    bad_population("parameter 'tau_m': is nan", parameters={"tau_m": float("nan")}),
    bad_population(
        "has shape (2,). One number per member is (3,)", parameters={"tau_m": np.ones(2)}
    ),
    bad_population("holds inf at index 1 (1 such", initial={"v": np.array([0, np.inf, 0])}),
    bad_population(
        "draws uniformly from 2", initial={"v": Draw(distribution="uniform", a=2.0, b=1.0)}
    ),
    bad_population(
        "standard deviation -1", initial={"v": Draw(distribution="normal", a=2.0, b=-1.0)}
    ),
    bad_projection("there is no population 'x'", pre="x"),
    bad_projection("'b' has no port 'excitatry'. Did you mean 'excitatory'?", port="excitatry"),
    bad_projection("'g' (graded) has no threshold, so it never spikes", pre="g"),
    bad_projection("weight: is nan", weight=float("nan")),
    bad_projection("weight: holds inf at index 0", weight=np.full(12, np.inf)),
    bad_projection("weight: has shape (5,)", weight=np.ones(5)),
    bad_projection("is -1.0 on port 'excitatory', whose weights are magnitudes", weight=-1.0),
    bad_projection("delay: is 0 steps. It must be at least 1 step", delay=0),
    bad_projection("delay: is -3 steps", delay=np.array([1, -3])),
    bad_projection("Delays are whole numbers", delay=1.5),
    bad_projection("leaves a dendritic delay of 0 steps", delay=2, axonal=2),
    bad_projection("axonal delay: is -1 steps", axonal=-1),
    bad_projection("one-to-one between 3 and 4", connectivity=OneToOne()),
    bad_projection(
        "indptr has shape (2,)", connectivity=Sparse(indptr=np.array([0, 1]), indices=np.array([0]))
    ),
    bad_projection(
        "indptr descends",
        connectivity=Sparse(indptr=np.array([0, 2, 1, 2]), indices=np.array([0, 0])),
    ),
    bad_projection(
        "synapse 1 ends at cell 9 (1 such",
        connectivity=Sparse(indptr=ROWS, indices=np.array([0, 9])),
    ),
    bad_projection(
        "connectivity: is 1.5. Use 0 to 1", connectivity=FixedProbability(probability=1.5)
    ),
    bad_projection(
        "5 partners are wanted, 4 are there", connectivity=FixedNumber(side="post", number=5)
    ),
    bad_projection("seed is -2", connectivity=FixedProbability(probability=0.5, seed=-2)),
    bad_projection("weight: has shape (4, 3)", connectivity=Dense(), weight=np.ones((4, 3))),
    bad_projection(
        "pre positions have shape (2, 1)",
        connectivity=DistanceDependent(
            probability=parse_expression("1 - d"),
            pre_positions=np.zeros((2, 1)),
            post_positions=np.zeros((4, 1)),
        ),
    ),
    bad_projection(
        "Only the distance 'd' is known here",
        connectivity=DistanceDependent(
            probability=parse_expression("1 - x"),
            pre_positions=np.zeros((3, 1)),
            post_positions=np.zeros((4, 1)),
        ),
    ),
    bad_projection(
        "channels do not fit the kernel",
        connectivity=Convolution(
            input_shape=(1, 3), kernel_shape=(1, 2, 2), stride=(1,), padding=(0,), dilation=(1,)
        ),
    ),
    bad_projection(
        "needs post of shape (1, 2)",
        connectivity=Convolution(
            input_shape=(1, 3), kernel_shape=(1, 1, 2), stride=(1,), padding=(0,), dilation=(1,)
        ),
        weight=np.ones((1, 1, 2)),
    ),
    bad_projection(
        "One number per spatial axis",
        connectivity=Pooling(input_shape=(1, 3), window=(2, 2), stride=(1,), padding=(0,)),
    ),
    bad_projection("no parameter 'A_plus'", parameters={"A_plus": 1.0}),
    bad(
        "has no 'w'",
        graded=(
            GradedProjection(
                name="q",
                pre="g",
                variable="w",
                post="a",
                port="input",
                connectivity=AllToAll(),
                weight=1.0,
            ),
        ),
    ),
    bad_input(
        "(3,) steps and (2,) indices",
        SpikeArray(name="s", size=2, step=np.arange(3), index=np.arange(2)),
    ),
    bad_input("cell 2 spikes", SpikeArray(name="s", size=2, step=np.arange(3), index=np.arange(3))),
    bad_input(
        "a spike in step -1", SpikeArray(name="s", size=2, step=np.array([-1]), index=np.array([0]))
    ),
    bad_input(
        "not sorted", SpikeArray(name="s", size=2, step=np.array([3, 1]), index=np.array([0, 0]))
    ),
    bad_input(
        "or repeat", SpikeArray(name="s", size=2, step=np.array([3, 3]), index=np.array([0, 0]))
    ),
    bad_input(
        "whole numbers", SpikeArray(name="s", size=2, step=np.array([0.5]), index=np.array([0]))
    ),
    bad_input(
        "rate: is -5.0 Hz", PoissonInput(name="n", post="a", port="input", rate=-5.0, weight=1.0)
    ),
    bad_input(
        "events on average in a step",
        PoissonInput(name="n", post="a", port="input", rate=1e7, weight=1.0),
    ),
    bad_input("has no port 'x'", PoissonInput(name="n", post="a", port="x", rate=5.0, weight=1.0)),
    bad_input(
        "(2,) steps and (3,) values",
        CurrentInput(name="c", post="a", port="input", step=np.arange(2), value=np.zeros(3)),
    ),
    bad_input(
        "has 2 values a row. Needed: 3",
        CurrentInput(name="c", post="a", port="input", step=np.arange(2), value=np.zeros((2, 2))),
    ),
    bad_input(
        "ascend",
        CurrentInput(name="c", post="a", port="input", step=np.array([4, 4]), value=np.zeros(2)),
    ),
    bad_input(
        "value: holds nan",
        CurrentInput(
            name="c", post="a", port="input", step=np.array([4]), value=np.array([np.nan])
        ),
    ),
    bad("there is no 'x'.", probes=(Probe(target="x"),)),
    bad("there is no 'u'", probes=(Probe(target="a", variable="u"),)),
    bad("there is no 'spikes'", probes=(Probe(target="g"),)),
    bad("every 0 steps", probes=(Probe(target="a", variable="v", every=0),)),
    bad("records cell 7", probes=(Probe(target="a", variable="v", index=np.array([7])),)),
    bad("is declared twice", probes=(Probe(target="a"), Probe(target="a"))),
    bad("in every step", probes=(Probe(target="a", every=3),)),
]


@pytest.mark.parametrize(("case", "words"), CASES)
def test_findings(case: Network, words: str) -> None:
    assert any(words in text for text in found(case)), found(case)
    with pytest.raises(VerificationError):
        verified(case)


def test_all_findings_come_at_once() -> None:
    case = network(
        dt=-1.0,
        seed=-1,
        projections=(projection(delay=0, weight=float("nan"), port="x"),),
        probes=(Probe(target="nowhere"),),
    )
    with pytest.raises(VerificationError) as caught:
        verified(case)
    rules = [finding.rule for finding in caught.value.findings]
    assert rules == [
        "bad-dt",
        "bad-seed",
        "unknown-port",
        "not-finite",
        "bad-delay",
        "unknown-name",
    ]
    assert "6 problems in the network" in str(caught.value)


def test_factors_are_known_targets() -> None:
    gate = CurrentInput(name="c", post="p", port="gate", step=np.array([0]), value=np.ones(1))
    good = network(projections=(projection(synapse=GATED),), inputs=(gate,))
    assert found(good) == []
    wrong = replace(good, inputs=(replace(gate, port="gte"),))
    assert any("has no factor 'gte'. Did you mean 'gate'?" in text for text in found(wrong))
