"""``neuro check --target cortex-m --board B``, and ``neuro export`` of what will not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from neuro.deploy import toolchain
from neuro.errors import CompilerError
from tests.cli.conftest import words

Call = Callable[..., Result]
LARGE = ("ca3-memory", "--set", "cues=256", "--set", "content=512")
BOARD = ("--target", "cortex-m", "--board", "stm32l412")


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing compiles for boards."""

    def missing(*_: object, **__: object) -> None:
        raise CompilerError("there is no compiler.", where="board", hint="Install one.")

    monkeypatch.setattr("neuro.deploy.backend.find_toolchain", missing)
    monkeypatch.setattr(toolchain, "_call", lambda *_: pytest.fail("a compiler was called"))


def test_what_fits_is_predicted_and_runs(call: Call) -> None:
    done = call("check", "ca3-memory", *BOARD)
    assert done.exit_code == 0
    text = words(done.stdout)
    assert "Bytes on stm32l412 with -O2, predicted" in text
    assert "code is an estimate of GCC's, ±" in text
    assert "stm32l412 131,072 40,960" in text
    assert "the program will take about" in text
    assert "warning board: there is no compiler. Install one." in text
    assert "runs on stm32l412." in text


def test_json_has_bytes_and_findings(call: Call) -> None:
    found = json.loads(call("check", "ca3-memory", *BOARD, "--json").stdout)
    assert found["runs"] is True
    assert {f["rule"] for f in found["findings"]} == {"memory", "no-compiler"}
    memory = found["memory"]
    assert (memory["flash_size"], memory["ram_size"]) == (131072, 40960)
    assert 4000 < memory["ram"] < 4500
    assert 8000 < memory["flash"] < 12000
    assert sum(piece["ram"] for piece in memory["pieces"]) == memory["ram"]


def test_what_does_not_fit_is_1_and_names_tables(call: Call) -> None:
    done = call("check", *LARGE, *BOARD)
    assert done.exit_code == 1
    text = words(done.stdout)
    assert "and stm32l412 has 131,072" in text
    assert "and stm32l412 has 40,960" in text
    assert "weights that learn of projection" in text
    assert "does not run on stm32l412." in text
    found = json.loads(call("check", *LARGE, *BOARD, "--json").stdout)
    errors = {f["rule"] for f in found["findings"] if f["severity"] == "error"}
    assert errors == {"flash-too-small", "ram-too-small"}


def test_export_refuses_what_check_refuses_and_writes_nothing(call: Call, tmp_path: Path) -> None:
    done = call("export", *LARGE, *BOARD, "--out", tmp_path / "out")
    assert done.exit_code == 1
    text = words(done.stderr)
    assert "weights that learn of projection" in text
    assert "bytes of RAM, and stm32l412 has 40,960" in text
    assert not (tmp_path / "out").exists()


def test_an_unknown_board_is_2_and_the_nearest_is_offered(call: Call) -> None:
    done = call("check", "ca3-memory", "--target", "cortex-m", "--board", "stm32l421")
    assert done.exit_code == 2
    assert "there is no board 'stm32l421'. Did you mean 'stm32l412'?" in words(done.stderr)


def test_a_board_of_a_target_without_boards_is_2(call: Call) -> None:
    done = call("check", "ca3-memory", "--target", "c", "--board", "stm32l412")
    assert done.exit_code == 2
    assert "there is no option 'board'" in words(done.stderr)
