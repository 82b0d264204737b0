"""Rules of exponents in fixed point."""

from __future__ import annotations

from dataclasses import replace

import pytest

import neuro
from neuro.ir.network import Network
from neuro.ir.verify import verified, verify


def network(
    *scales: tuple[str, str, int], format: neuro.ir.network.NumberFormat | None = None
) -> Network:
    net = neuro.NetworkBuilder(dt=1.0, format=format or neuro.fixed_point(7, 24))
    source = net.population(2, neuro.SpikeSourceArray(), label="source")
    cells = net.population(2, neuro.IF_curr_exp(), label="cells")
    rule = neuro.PairSTDP(gated=True, weight=0.1)
    plastic = net.projection(source, cells, neuro.AllToAllConnector(), rule, label="plastic")
    net.inject(neuro.DCSource(1.0), plastic, port="gate")
    net.graded_projection(
        cells, "v", cells, neuro.OneToOneConnector(), weight=1e-9, delay=1.0,
        receptor_type="current", label="graded",
    )  # fmt: skip
    found = tuple(neuro.Scale(target=t, variable=v, exponent=e) for t, v, e in scales)
    return replace(net.build(), scales=found)


GOOD = (
    *(("cells", "v", 33), ("cells", "i_exc", 55), ("cells", "current", 55)),
    *(("plastic", "w", 40), ("plastic", "x_pre", 29), ("plastic", "gate", 29)),
    ("graded", "w", 60),
)


def test_everything_that_is_stored_can_have_an_exponent() -> None:
    assert verify(network(*GOOD)) == []


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (("cell", "v", 3), "scale of 'cell'.v: there is no 'cell'. Did you mean 'cells'?"),
        (("cells", "i", 3), "scale of 'cells'.i: there is no 'i'."),
        (("cells", "excitatory", 3), "there is no 'excitatory'."),  # bound: it is i_exc
        (("plastic", "x", 3), "there is no 'x'."),
        (("graded", "v", 3), "there is no 'v'."),
        (("source", "v", 3), "there is no 'source'."),
        (("cells", "v", 129), "the exponent is 129. Use a whole number from -64 to 128."),
        (("cells", "v", -65), "the exponent is -65."),
        (("cells", "v", 1.5), "the exponent is 1.5."),
        (("plastic", "w", 40), "is given 2 times. Keep one of them."),
    ],
)
def test_findings(scale: tuple[str, str, int], words: str) -> None:
    findings = verify(network(("plastic", "w", 40), scale))
    assert any(words in str(finding) for finding in findings), findings


def test_all_findings_come_at_once() -> None:
    wrong = network(("a", "v", 1), ("cells", "b", 2), ("cells", "v", 200))
    assert [finding.rule for finding in verify(wrong)] == ["unknown-name"] * 2 + ["bad-scale"]


def test_scales_of_a_float_network_are_useless() -> None:
    (finding,) = verify(network(*GOOD, format=neuro.FLOAT32))
    assert "has 7 scales, but its format is float32." in str(finding)


def test_weights_finer_than_their_port_are_a_warning() -> None:
    lossy = network(("cells", "i_exc", 40), ("plastic", "w", 43))
    (finding,) = verify(lossy)
    assert finding.severity == "warning"
    assert "so every event is rounded by 3 bits" in finding.what
    assert verified(lossy) is lossy
