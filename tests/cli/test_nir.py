"""NIR files on the command line: run, check, verify, export, inspect."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import Result

from tests.cli.conftest import words

Call = Callable[..., Result]


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """One leaky neuron, as Norse writes it; a dot in its name."""
    path = tmp_path / "net.nir"
    values = {"tau": 0.0025, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.1}
    with h5py.File(path, "w") as file:
        file["version"], file["node/type"] = "1.0.8", "NIRGraph"
        edges = [("in", "lif1.lif"), ("lif1.lif", "out")]
        file["node/edges"] = np.array(edges, dtype=h5py.string_dtype())
        for name, kind in (("in", "Input"), ("out", "Output")):
            file[f"node/nodes/{name}/type"], file[f"node/nodes/{name}/shape"] = kind, [1]
        file["node/nodes/lif1.lif/type"] = "LIF"
        for key, value in values.items():
            file[f"node/nodes/lif1.lif/{key}"] = np.float32([value])
    return path


NORSE = ("--profile", "norse", "--dt", "1e-4")


def test_run_counts_the_framework_s_steps(call: Call, net: Path, tmp_path: Path) -> None:
    spikes = tmp_path / "in.csv"
    np.savetxt(spikes, np.r_[0, 1, 1, 1, 1, 0, 0], fmt="%d")
    result = call("run", str(net), *NORSE, "--input", str(spikes), "--out", str(tmp_path / "o"),
                  "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert ["lif1.lif", "1", "1"] in [row[:3] for row in found["report"]["rows"]]
    assert any("later by these steps: lif1.lif 1." in note for note in found["report"]["notes"])
    assert found["steps"] == 8


def test_a_missing_fact_is_asked_for(call: Call, net: Path) -> None:
    result = call("run", str(net), "--steps", "5")
    assert result.exit_code == 2
    assert "from_nir, dt: is needed" in words(result.stderr)


def test_a_run_needs_a_length(call: Call, net: Path) -> None:
    result = call("verify", str(net), *NORSE)
    assert result.exit_code == 2
    assert "Give --steps" in words(result.stderr)


def test_set_gives_any_other_argument(call: Call, net: Path) -> None:
    assert call("check", str(net), *NORSE, "--set", "scheme=exact").exit_code == 0
    wrong = call("check", str(net), *NORSE, "--set", "scheme=rk4")
    assert wrong.exit_code == 2
    assert "'euler', 'exact', 'decay'" in words(wrong.stderr)


def test_options_of_nir_are_for_nir(call: Call) -> None:
    result = call("check", "ca3-memory", "--dt", "1e-3")
    assert result.exit_code == 2
    assert "is for NIR files" in words(result.stderr)


def test_verify_and_export(call: Call, net: Path, tmp_path: Path) -> None:
    assert call("verify", str(net), *NORSE, "--steps", "5", "--on", "reference,c").exit_code == 0
    out = tmp_path / "firmware"
    done = call(
        "export", str(net), *NORSE, "--board", "stm32f405", "--out", str(out), "--steps", "5"
    )
    assert done.exit_code == 0, done.output
    sources = [path.read_text() for path in out.glob("**/*.c")]
    assert sources
    assert not any(re.search(r"nr_t\d+_\w+\.", text) for text in sources)


def test_inspect_shows_nodes_and_whose_they_look_like(
    call: Call, net: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "net.png"
    result = call("inspect", str(net), "--out", str(picture))
    assert result.exit_code == 0
    assert "like norse" in words(result.stdout)
    assert "tau=0.0025" in words(result.stdout)
    assert picture.read_bytes().startswith(b"\x89PNG")
    found = json.loads(call("inspect", str(net), "--json").stdout)
    assert [node["kind"] for node in found["nodes"]] == ["Input", "LIF", "Output"]


def test_inspect_refuses_what_is_no_graph(call: Call, tmp_path: Path) -> None:
    (tmp_path / "text.nir").write_text("no")
    result = call("inspect", str(tmp_path / "text.nir"))
    assert result.exit_code == 2
    assert "is no NIR file" in words(result.stderr)


def test_what_looks_odd_is_said_before_anything_runs(call: Call, net: Path) -> None:
    with h5py.File(net, "r+") as file:
        file["node/nodes/lif1.lif/tau"][...] = 20.0
    result = call("check", str(net), *NORSE)
    assert result.exit_code == 0
    assert "looks like steps or milliseconds" in words(result.stdout)
