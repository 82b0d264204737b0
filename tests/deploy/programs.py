"""Small C programs, built for a board."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from neuro.deploy.board import Board, load_board
from neuro.deploy.image import Image
from neuro.deploy.startup import linker_script, startup_include, startup_sources
from neuro.deploy.toolchain import find_toolchain


def build(
    place: Path,
    source: str,
    board: Board | str = "stm32l412",
    *,
    which: str = "zig",
    stack: int = 1024,
    keep: tuple[str, ...] = (),
    extra: tuple[str, ...] = (),
) -> Path:
    """Compile and link one C file with the start-up code of `board`."""
    made = load_board(board) if isinstance(board, str) else board
    toolchain = find_toolchain(made, which)
    place.mkdir(parents=True, exist_ok=True)
    code, script = place / "program.c", None
    code.write_text('#include "neuro_io.h"\n' + source)
    if made.processor.bare:
        script = place / "program.ld"
        script.write_text(linker_script(made, stack=stack))
    return toolchain.build(
        [code, *startup_sources(made)],
        out=place / "program.elf",
        include=[startup_include()],
        linker_script=script,
        keep=keep,
        extra=extra,
    )


def image(place: Path, source: str, board: Board | str = "stm32l412", **options: object) -> Image:
    """The same, loaded."""
    return Image.load(build(place, source, board, **options))  # type: ignore[arg-type]


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of `programs` is not installed."""
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed")
