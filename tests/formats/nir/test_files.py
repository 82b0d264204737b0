"""The files of the data folder: other programs wrote them, two of them so that nir refuses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.ir.connectivity import Convolution

FILES: dict[str, dict[str, Any]] = {
    "lif_norse": {"profile": "norse", "dt": 1e-4},
    "lif_rockpool": {"profile": "rockpool", "dt": 1e-4},
    "braille_noDelay_bias_zero": {"profile": "snntorch"},
    "braille_noDelay_bias_zero_subgraph": {"profile": "snntorch"},
    "cnn_sinabs": {"profile": "sinabs", "dt": 1e-3},
}


def load(shared: Path, name: str) -> neuro.NIRModel:
    return neuro.from_nir(shared / "nir" / f"{name}.nir", **FILES[name])


def stimulus(model: neuro.NIRModel, steps: int) -> np.ndarray:
    shape = model.shape("input")
    return (np.random.default_rng(0).random((steps, *shape)) < 0.3).astype(float)


@pytest.mark.parametrize("name", FILES)
def test_engines_agree_and_the_way_through_nir_is_the_identity(
    shared: Path, tmp_path: Path, name: str
) -> None:
    model = load(shared, name)
    steps = 4 if name == "cnn_sinabs" else 20
    found = neuro.verify(
        model.network,
        steps=steps,
        inputs=model.inputs(stimulus(model, steps)),
        backends=["reference", "c"],
    )
    assert found.identical
    pytest.importorskip("nir")
    neuro.to_nir(model, tmp_path / "again.nir")
    assert neuro.from_nir(tmp_path / "again.nir").network == model.network


def test_both_spellings_of_recurrence_give_the_same_spikes(shared: Path) -> None:
    flat, nested = (load(shared, f"braille_noDelay_bias_zero{end}") for end in ("", "_subgraph"))
    values = stimulus(flat, 40)
    ours, theirs = (m.simulate(values, backend="reference") for m in (flat, nested))
    for a, b in (("lif1.lif", "lif1.lif1"), ("lif2", "lif2")):
        assert len(ours.spikes[a])
        np.testing.assert_array_equal(ours.spikes[a].step, theirs.spikes[b].step)
        np.testing.assert_array_equal(ours.spikes[a].index, theirs.spikes[b].index)
    assert [finding.rule for finding in nested.findings] == ["dangling-edge"]
    assert nested.network.projection("lif1.lin").delay == 1


def test_convolutions_are_stored_once(shared: Path) -> None:
    network = load(shared, "cnn_sinabs").network
    kernels = [p for p in network.projections if isinstance(p.connectivity, Convolution)]
    assert [np.shape(p.weight) for p in kernels] == [
        *((16, 2, 5, 5), (16, 16, 3, 3)),
        *((8, 16, 3, 3), (256, 8, 4, 4)),
    ]
