"""One inference of the classifier on a microcontroller: by our spikes, and by peers without spikes."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from neuro.backends.firmware.generate import generate
from neuro.deploy.board import Board
from neuro.deploy.device import DeviceEngine
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.deploy.emulator.unicorn_machine import UnicornMachine
from neuro.deploy.image import Image
from neuro.deploy.mcu_bench import Cost
from neuro.deploy.startup import linker_script, startup_include, startup_sources
from neuro.deploy.toolchain import find_toolchain
from neuro.drive import drive_of
from neuro.errors import CompilerError
from neuro.ir.network import Network
from neuro.recording.collect import MemorySink
from neuro.resources import folder

LAYERS = (784, 96, 10)
_EMLEARN_WARNINGS = ("-Wno-error", "-w")
"""Its headers are not free of warnings."""


def classifier_costs(
    board: Board,
    network: Network,
    images: Sequence[Mapping[str, Any]],
    steps: int,
    *,
    toolchain: str = "auto",
) -> list[Cost]:
    """Instructions of one inference by the spiking network, and by peers of the same shape.

    Parameters
    ----------
    board
        A board whose core unicorn emulates.
    network
        The classifier, 784-96-10, in fixed point.
    images
        What drives it, once per image; the mean counts.
    steps
        Steps of an inference.
    toolchain
        As for `neuro.deploy.toolchain.find_toolchain`.

    Raises
    ------
    CompilerError, UnavailableError, UnsupportedError
        As for `EmulatedDevice`.
    """
    plain, simd = (dense_instructions(board, simd=s, toolchain=toolchain) for s in (False, True))
    rows = {
        "spiking, int8": _spiking(board, network, images, steps, toolchain),
        "dense, int8": float(plain),
    }
    if simd != plain:
        rows["dense, int8, SIMD"] = float(simd)
    emlearn = emlearn_instructions(board, toolchain=toolchain)
    if emlearn is not None:
        rows["dense, float32, emlearn"] = float(emlearn)
    spikes = sum(len(step) for inputs in images for step, _ in inputs.values()) / len(images)
    return [
        Cost("inference 784-96-10, input", "spikes", spikes),
        *(Cost(f"inference 784-96-10, {name}", "instructions", n) for name, n in rows.items()),
    ]


def _spiking(
    board: Board,
    network: Network,
    images: Sequence[Mapping[str, Any]],
    steps: int,
    toolchain: str,
) -> float:
    """Mean instructions of an inference."""
    firmware = generate(network, 0, "digits")
    device = EmulatedDevice(firmware, board, toolchain=toolchain)
    engine = DeviceEngine(firmware, device)
    start, total = engine.snapshot(), 0
    for inputs in images:
        engine.restore(start)
        with device.machine.counting() as counted:
            engine.advance(steps, drive_of(network, inputs), MemorySink())
        total += sum(counted.values())
    return total / len(images)


def dense_instructions(board: Board, *, simd: bool = True, toolchain: str = "auto") -> int:
    """Instructions of one inference by dense 8-bit layers, written as CMSIS-NN does it.

    Parameters
    ----------
    board
        A board whose core unicorn emulates.
    simd
        Whether to use the DSP instructions, where the core has them.
    toolchain
        As for `neuro.deploy.toolchain.find_toolchain`.

    Raises
    ------
    CompilerError, UnavailableError
        If there is no compiler or emulator.
    """
    with tempfile.TemporaryDirectory(prefix="neuro-dense-") as place:
        extra = () if simd else ("-DDENSE_PLAIN",)
        source = folder("benchmarks") / "mcu" / "dense_s8.c"
        image = _build(board, source, Path(place), "dense_predict", toolchain, extra)
    return _count(board, image, "dense_predict")


def emlearn_instructions(board: Board, *, toolchain: str = "auto") -> int | None:
    """Instructions of one inference by emlearn's float32 layers.

    Its layers in fixed point are not written yet (0.23).  None without emlearn or the C library's
    headers, which its code needs.

    Raises
    ------
    CompilerError, UnavailableError
        If there is no compiler or emulator.
    """
    if importlib.util.find_spec("emlearn") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="neuro-emlearn-") as place:
        here = Path(place)
        (here / "emlearn_net.h").write_text(_emlearn_header(), encoding="utf-8")
        source = folder("benchmarks") / "mcu" / "emlearn_net.c"
        extra = (f"-I{_emlearn_folder()}", *_EMLEARN_WARNINGS)
        try:
            image = _build(board, source, here, "emlearn_predict", toolchain, extra)
        except CompilerError as error:
            if ".h" in error.what and "math.h" in error.what:
                return None
            raise
    return _count(board, image, "emlearn_predict")


def _emlearn_folder() -> Path:
    spec = importlib.util.find_spec("emlearn")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _emlearn_header() -> str:
    """The C code that emlearn makes of two layers; what the weights are does not matter."""
    from emlearn.net import c_generate_net_loadable

    draw = np.random.default_rng(0)
    pairs = list(pairwise(LAYERS))
    weights = [draw.normal(size=pair) for pair in pairs]
    biases = [np.zeros(post) for _, post in pairs]
    text: str = c_generate_net_loadable(["relu", "identity"], weights, biases, "net")
    return text


def _build(
    board: Board,
    source: Path,
    place: Path,
    function: str,
    toolchain: str,
    extra: Sequence[str],
) -> Image:
    script = place / "linker.ld"
    script.write_text(linker_script(board), encoding="utf-8")
    elf = find_toolchain(board, toolchain).build(
        [source, *startup_sources(board)],
        out=place / "peer.elf",
        include=[place, startup_include()],
        linker_script=script,
        keep=[function],
        extra=extra,
    )
    return Image.load(elf)


def _count(board: Board, image: Image, function: str) -> int:
    machine = UnicornMachine(image, board)
    machine.start()
    with machine.counting() as counted:
        machine.call(function)
    return sum(counted.values())
