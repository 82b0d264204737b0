"""``neuro plot``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from click.testing import Result

from tests.cli.conftest import words

Call = Callable[..., Result]


@pytest.fixture
def recording(call: Call, own_model: Path, tmp_path: Path) -> Path:
    """A recording with spikes and one variable."""
    assert call("run", own_model, "--out", "results", "--backend", "reference").exit_code == 0
    return tmp_path / "results" / "recording.h5"


@pytest.mark.parametrize("kind", ["raster", "rate", "trace"])
def test_every_kind_is_drawn_beside_the_recording(call: Call, recording: Path, kind: str) -> None:
    result = call("plot", recording, "--kind", kind, "--json")
    picture = recording.with_name(f"recording-{kind}.png")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"file": str(picture)})
    pixels = plt.imread(picture)
    assert pixels[..., :3].std() > 0.01


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")]
)
def test_the_ending_chooses_the_format(
    call: Call, recording: Path, suffix: str, magic: bytes, tmp_path: Path
) -> None:
    picture = tmp_path / "new" / f"picture{suffix}"
    assert call("plot", recording, "--out", picture).exit_code == 0
    assert picture.read_bytes().startswith(magic)


def test_a_source_can_be_chosen(call: Call, recording: Path) -> None:
    assert call("plot", recording, "--source", "cells").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--kind", "bars"], "--kind: there is no 'bars'. Use raster, rate or trace."),
        (["--source", "cels"], "there is no recorded source 'cels'. Did you mean 'cells'?"),
        (["--kind", "trace", "--variable", "u"], "there is no recorded variable 'u'"),
        (["--kind", "rate", "--bin", "0"], "bin_ms: is 0.0. Use a positive number."),
        (["--out", "x.xyz"], "x.xyz: there is no picture format 'xyz'. Use .png, .pdf or .svg."),
    ],
)
def test_wrong_use_is_2(call: Call, recording: Path, arguments: list[str], text: str) -> None:
    result = call("plot", recording, *arguments)
    assert result.exit_code == 2
    assert text in words(result.stderr)


def test_a_recording_without_variables_has_no_trace(call: Call, tmp_path: Path) -> None:
    call("run", "ca3-memory", "--backend", "reference", "--steps", "5", "--out", "results")
    result = call("plot", tmp_path / "results" / "recording.h5", "--kind", "trace")
    assert result.exit_code == 2
    assert "the recording holds spikes only" in words(result.stderr)


@pytest.mark.parametrize("content", [None, b"no recording"])
def test_a_file_that_is_no_recording_is_2(
    call: Call, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "file.h5"
    if content is not None:
        file.write_bytes(content)
    result = call("plot", file)
    assert result.exit_code == 2
    assert "file.h5" in words(result.stderr)
