"""``neuro flash``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import words
from tests.deploy.programs import build

SOURCE = "int main(void)\n{\n    return 0;\n}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one program for an STM32F405."""
    build(tmp_path / "build", SOURCE, "stm32f405")
    return tmp_path / "build"


@pytest.fixture
def openocd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Put an OpenOCD on the path that says something and ends with a code."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:/bin:/usr/bin")

    def make(says: str, code: int) -> None:
        (place / "openocd").write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
        (place / "openocd").chmod(0o755)

    return make


def test_a_program_is_written(
    call: Callable[..., Result], folder: Path, openocd: Callable[[str, int], None]
) -> None:
    openocd("** Verified OK **", 0)
    done = call("flash", folder, "--board", "stm32f405", "--tool", "openocd")
    assert done.exit_code == 0
    assert "stm32f405 holds program.elf" in words(done.stdout)
    found = json.loads(
        call("flash", folder, "--board", "stm32f405", "--tool", "openocd", "--json").stdout
    )
    assert (found["tool"], found["written"], found["problem"]) == ("openocd", True, "")


def test_without_a_probe_the_exit_code_is_1_with_one_sentence(
    call: Callable[..., Result], folder: Path, openocd: Callable[[str, int], None]
) -> None:
    openocd("Error: open failed", 1)
    done = call("flash", folder, "--board", "stm32f405", "--tool", "openocd")
    assert done.exit_code == 1
    sentence = "error: openocd finds no debug probe; is the board connected?"
    assert words(done.stderr) == sentence
    assert done.stdout == ""
    found = call("flash", folder, "--board", "stm32f405", "--tool", "openocd", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["problem"] == sentence.removeprefix("error: ")


def test_a_dry_run_prints_the_command_line(
    call: Callable[..., Result], folder: Path, openocd: Callable[[str, int], None]
) -> None:
    openocd("must not be called", 1)
    done = call("flash", folder, "--board", "stm32f405", "--tool", "openocd", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "openocd -f interface/stlink.cfg -f target/stm32f4x.cfg -c 'program"
    )
    assert not list(folder.glob("*.bin"))


def test_an_image_for_another_chip_is_refused(call: Callable[..., Result], folder: Path) -> None:
    done = call("flash", folder, "--board", "nrf52840")
    assert done.exit_code == 1
    assert "lie in no memory of nrf52840" in words(done.stderr)


def test_an_empty_folder_is_wrong_use(call: Callable[..., Result], tmp_path: Path) -> None:
    done = call("flash", tmp_path, "--board", "stm32f405")
    assert done.exit_code == 2
    assert "holds no program (*.elf). Run make there first." in words(done.stderr)
