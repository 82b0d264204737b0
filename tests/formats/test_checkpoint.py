"""Checkpoints: a state comes back bit for bit, and belongs to one network, seed and input."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import neuro
from neuro.errors import FileFormatError
from neuro.formats.checkpoint import SCHEMA, Checkpoint, load_checkpoint, save_checkpoint
from tests.networks import synapse_case


@pytest.fixture
def checkpoint() -> Checkpoint:
    """The state of a plastic network after 30 steps."""
    case = synapse_case("calcium", delay=5.0)
    with neuro.Session(case.network, backend="reference") as session:
        session.run(30, progress=None)
        return Checkpoint(case.network.content_hash, session.seed, session.snapshot(), "in")


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path, checkpoint: Checkpoint) -> None:
    again = load_checkpoint(save_checkpoint(checkpoint, tmp_path / "c.h5"))
    assert again.step == checkpoint.step == 30
    assert again.network_hash == checkpoint.network_hash
    assert (again.seed, again.inputs_hash) == (checkpoint.seed, "in")
    assert again.snapshot.keys() == checkpoint.snapshot.keys()
    for name, array in checkpoint.snapshot.items():
        found = again.snapshot[name]
        assert (found.dtype, found.shape) == (array.dtype, array.shape), name
        assert found.tobytes() == array.tobytes(), name


def test_the_largest_seed_comes_back(tmp_path: Path) -> None:
    small = Checkpoint("hash", 2**64 - 1, {"step": np.array(3)})
    again = load_checkpoint(save_checkpoint(small, tmp_path / "c.h5"))
    assert (again.seed, again.step, again.inputs_hash) == (2**64 - 1, 3, "")


def test_a_run_goes_on_from_a_checkpoint(tmp_path: Path, checkpoint: Checkpoint) -> None:
    network = synapse_case("calcium", delay=5.0).network
    path = save_checkpoint(checkpoint, tmp_path / "c.h5")
    with neuro.Session(network, backend="reference") as session:
        session.restore(load_checkpoint(path).snapshot)
        rest = session.run(30, progress=None)
    whole = neuro.simulate(network, 60, backend="reference", progress=None)
    late = whole.traces["plastic"]["w"].values[30:]
    assert rest.traces["plastic"]["w"].values.tobytes() == late.tobytes()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("other", 5, "in"), "another network (mine, not other)"),
        (("mine", 6, "in"), "another seed (5, not 6)"),
        (("mine", 5, "out"), "other inputs (in, not out)"),
    ],
)
def test_what_a_checkpoint_belongs_to_is_checked(given: tuple[str, int, str], words: str) -> None:
    checkpoint = Checkpoint("mine", 5, {"step": np.array(0)}, "in")
    checkpoint.check("mine", 5, Path("c.h5"), "in")
    network_hash, seed, inputs_hash = given
    with pytest.raises(FileFormatError) as caught:
        checkpoint.check(network_hash, seed, Path("c.h5"), inputs_hash)
    assert words in caught.value.what
    assert caught.value.where == "c.h5"
    assert "Start afresh" in caught.value.hint


def test_newer_truncated_and_other_files_are_refused(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    path = save_checkpoint(checkpoint, tmp_path / "c.h5")
    whole = path.read_bytes()
    with h5py.File(path, "r+") as file:
        file.attrs["schema"] = SCHEMA + 1
    with pytest.raises(FileFormatError, match="Install a newer"):
        load_checkpoint(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError, match="may be truncated"):
        load_checkpoint(path)
    network = neuro.save_network(synapse_case("static").network, tmp_path / "n.h5")
    with pytest.raises(FileFormatError, match="holds neuro-network, not a neuro-checkpoint"):
        load_checkpoint(network)
