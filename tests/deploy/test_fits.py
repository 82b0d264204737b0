"""Whether a network fits a board, in words: what is largest, and what would shrink it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import neuro
from neuro.deploy import toolchain
from neuro.deploy.board import load_board
from neuro.deploy.export import export
from neuro.deploy.fits import board_findings, predict_network
from neuro.errors import CompilerError, Finding, UnsupportedError
from neuro.ir.network import Network
from neuro.models import CA3Memory

SMALL = load_board("stm32l412")


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever calls a compiler fails."""

    def fail(*_: object, **__: object) -> None:
        pytest.fail("a compiler was called")

    monkeypatch.setattr(toolchain, "_call", fail)
    monkeypatch.setattr("neuro.backends.c.compiler.subprocess.run", fail)


def layers(*sizes: int, format: neuro.NumberFormat = neuro.FLOAT32, **synapse: object) -> Network:
    """Layers of cells, each connected to all of the next."""
    net = neuro.NetworkBuilder(dt=1.0, name="layers", seed=0, format=format)
    before = net.population(sizes[0], neuro.SpikeSourceArray(), label="L0")
    for number, size in enumerate(sizes[1:], 1):
        cells = net.population(size, neuro.LIF(), label=f"L{number}")
        given = {"weight": neuro.Normal(0.0, 0.1), "delay": 1.0, **synapse}
        static = neuro.StaticSynapse(**given)  # type: ignore[arg-type]
        net.projection(before, cells, neuro.AllToAllConnector(), static)
        before = cells
    return net.build()


def found(network: Network, board: str = "stm32l412") -> dict[str, Finding]:
    """Findings by rule."""
    return {f.rule: f for f in board_findings(network, load_board(board), seed=0)}


def test_what_fits_is_a_note_with_the_bytes() -> None:
    finding = found(CA3Memory(cues=5, content=10).network)["memory"]
    assert finding.severity == "note"
    assert finding.where == "board 'stm32l412'"
    assert "bytes of flash (" in finding.what
    assert "of RAM (10." in finding.what


def test_flash_that_is_too_small_names_the_three_largest_tables_and_what_shrinks_them() -> None:
    finding = found(layers(784, 96, 10))["flash-too-small"]
    assert finding.severity == "error"
    assert finding.where == "network 'layers'"
    assert "bytes of flash (" in finding.what
    assert "and stm32l412 has 131,072" in finding.what
    first, second, _third = finding.what.partition("Largest are ")[2].split("; ")
    assert first == "weights of projection 'L0_to_L1', 301,056 bytes"
    assert second == "weights of projection 'L1_to_L2', 3,840 bytes"
    assert "weights of 8 bits (neuro quantise --weight-bits 8), fewer synapses" in finding.hint
    assert "a larger board, such as stm32f401" in finding.hint


def test_ram_that_is_too_small_names_the_three_largest_variables() -> None:
    network = CA3Memory(cues=256, content=512).network
    finding = found(network)["ram-too-small"]
    assert "bytes of RAM, and stm32l412 has 40,960" in finding.what
    assert finding.what.count("weights that learn of projection") == 2
    assert "fewer plastic synapses" in finding.hint


def test_nearly_full_is_a_warning() -> None:
    network = layers(2, 4500)
    prediction = predict_network(network, SMALL, seed=0)
    assert prediction is not None
    assert 0.9 < prediction.ram / prediction.ram_size <= 1
    finding = found(network)["ram-nearly-full"]
    assert finding.severity == "warning"
    assert "state of population 'L1', 18,000 bytes" in finding.what


def test_float64_could_be_float32() -> None:
    finding = found(layers(100, 300, format=neuro.FLOAT64))["flash-too-small"]
    assert "float32 takes half of what numbers take" in finding.hint


def test_os_is_offered_where_it_helps() -> None:
    network = layers(12, 100)
    takes = predict_network(network, SMALL, seed=0)
    assert takes is not None
    room = round(takes.flash - 0.7 * takes.code * takes.error - 0.05 * takes.code)
    memory = {**SMALL.memory, "flash": SMALL.flash.model_copy(update={"length": room})}
    tight = SMALL.model_copy(update={"memory": memory})
    findings = board_findings(network, tight, seed=0)
    (finding,) = (f for f in findings if f.rule.startswith("flash-"))
    smaller = predict_network(network, SMALL, seed=0, optimise="-Os")
    assert smaller is not None
    if finding.severity == "error":
        assert f"with -Os it takes about {smaller.flash:,} bytes" in finding.hint


def test_floats_without_a_unit_are_slow() -> None:
    assert "soft-float" not in found(layers(4, 4))
    finding = found(layers(4, 4), "microbit")["soft-float"]
    assert finding.severity == "note"
    assert "its cortex-m0 has no floating-point unit" in finding.what
    assert "quantise" in finding.hint
    double = found(layers(4, 4, format=neuro.FLOAT64))["soft-float"]
    assert "a unit for float32 only" in double.what


@pytest.mark.parametrize("delay", [5000.0, neuro.Uniform(5000.0, 6000.0)])
def test_delays_whose_rings_do_not_fit_are_named_before_anything_is_laid_out(
    delay: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = layers(10, 100, delay=delay)
    monkeypatch.setattr("neuro.deploy.fits.lay_out", lambda *_: pytest.fail("was laid out"))
    finding = found(network)["delays-too-long"]
    assert finding.severity == "error"
    assert finding.where == "projection 'L0_to_L1', delay"
    assert "up to 5,000 steps" in finding.what
    assert "2,000,000 bytes" in finding.what
    assert "at most 102 steps" in finding.hint
    assert predict_network(network, SMALL, seed=0) is None


def test_numbers_beyond_the_format_have_no_c_form() -> None:
    def one(format: neuro.NumberFormat) -> Network:
        net = neuro.NetworkBuilder(dt=1.0, name="x", format=format)
        net.population(3, neuro.LIF(bias=[1.0, 2.0, 1e39]), label="cells")
        return net.build()

    finding = found(one(neuro.FLOAT32))["no-c-form"]
    assert finding.severity == "error"
    assert "too large for float32" in finding.what
    assert "no-c-form" not in found(one(neuro.FLOAT64))


def test_sources_beyond_16_bits_are_refused() -> None:
    network = layers(70_000, 2)
    findings = neuro.check(network, "cortex-m", options={"board": "stm32l412"})
    assert [f.rule for f in findings if f.severity == "error"] == ["too-many-cells"]
    assert predict_network(network, SMALL, seed=0) is None


def test_a_computer_has_room() -> None:
    assert found(layers(784, 96), "host") == {}
    assert predict_network(layers(784, 96), load_board("host"), seed=0) is None


def test_without_a_compiler_there_is_a_prediction_and_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> None:
        raise CompilerError("there is no compiler.", where="board")

    monkeypatch.setattr("neuro.deploy.backend.find_toolchain", missing)
    findings = neuro.check(layers(4, 4), "cortex-m", options={"board": "stm32l412"})
    assert {(f.severity, f.rule) for f in findings} == {
        ("note", "memory"),
        ("warning", "no-compiler"),
    }


def test_export_refuses_with_the_same_words_and_writes_nothing(tmp_path: object) -> None:
    network = layers(784, 96, 10)
    with pytest.raises(UnsupportedError) as caught:
        export(network, SMALL, tmp_path / "out")  # type: ignore[operator]
    errors = [f for f in board_findings(network, SMALL, seed=0) if f.severity == "error"]
    assert list(caught.value.findings) == errors
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_running_refuses_before_a_compiler_is_called() -> None:
    network = replace(CA3Memory(cues=256, content=512).network)
    with pytest.raises(UnsupportedError, match=r"needs .* bytes of RAM"):
        neuro.simulate(network, 1, backend="cortex-m", options={"board": "stm32l412"})
