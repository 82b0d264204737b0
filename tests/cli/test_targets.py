"""``neuro targets``."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from neuro.backends.c import CBackend


def test_json_lists_backends_and_boards(call: Callable[..., Result]) -> None:
    found = json.loads(call("targets", "--json").stdout)
    assert set(found) == {"backends", "boards"}
    backends = {backend["name"]: backend for backend in found["backends"]}
    assert {"reference", "c", "numba"} <= set(backends)
    assert all(set(b) == {"name", "available", "summary"} for b in found["backends"])
    assert backends["reference"]["available"] is True
    host = next(board for board in found["boards"] if board["name"] == "host")
    assert (host["target"], host["toolchain"]) == ("host", "cc")


def test_a_backend_that_cannot_be_used_says_why(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CBackend, "unavailable", lambda self: "no C compiler was found")
    lines = call("targets").stdout.splitlines()
    row = next(line.split() for line in lines if line.startswith("c "))
    assert row[1:] == ["no", "no", "C", "compiler", "was", "found"]


def test_the_table_says_what_a_board_has(call: Callable[..., Result]) -> None:
    lines = call("targets").stdout.splitlines()
    rows = {line.split()[0]: " ".join(line.split()) for line in lines if line.strip()}
    assert rows["stm32l412"].startswith("stm32l412 cortex-m4f 128 KB 40 KB 80 MHz unicorn,")
    assert rows["host"].startswith("host native the computer")
