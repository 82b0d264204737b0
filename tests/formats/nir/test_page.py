"""The tables of the reference page are what the code prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuro.formats.nir.inspect import inspect
from neuro.formats.nir.primitives import PRIMITIVES
from neuro.formats.nir.profiles import PROFILES
from neuro.formats.nir.tables import profile_table
from tests.conftest import ROOT
from tests.formats.nir.one_neuron import EXPECTED, graph

PAGE = (ROOT / "docs" / "reference" / "nir.md").read_text(encoding="utf-8")


def part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n\n(.*?)\n<!-- end -->", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_table_of_profiles_is_the_code_s() -> None:
    assert part("profiles") == profile_table()


def test_the_table_of_the_one_neuron_is_the_example_s(tmp_path: Path) -> None:
    pytest.importorskip("nir")
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "nir_frameworks.py"), str(tmp_path)],
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == part("one neuron")
    for profile, steps in EXPECTED.items():
        assert f"| `{profile}` | {', '.join(map(str, steps))} |" in done.stdout


def test_the_page_names_every_primitive() -> None:
    assert all(f"`{name}`" in PAGE for name in PRIMITIVES if not name.startswith("Identity"))


def test_a_graph_of_norse_looks_like_one() -> None:
    found = inspect(graph())
    assert [item.profile for item in found.resembles] == ["norse"]
    assert {item.profile for item in found.resembles} <= PROFILES.keys()
    assert found.nodes[2].ranges["tau"] == pytest.approx((0.0025, 0.0025))
