"""The benchmark of convolutions runs, and says what it measured."""

from __future__ import annotations

import runpy
import sys

import pytest

from tests.conftest import ROOT


def test_a_cnn_takes_little_more_memory_than_its_weights_and_states(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["structured.py", "--steps", "5", "--repeats", "1"])
    runpy.run_path(str(ROOT / "benchmarks" / "structured.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    convolutions, lists = (line.split() for line in lines[2:4])
    assert float(convolutions[-1]) < 1.05
    assert float(lists[-1]) > 1.2
    assert lines[-1].startswith("as convolutions / in lists: ")
