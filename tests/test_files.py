"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro.errors import StorageError
from neuro.files import replacing, write_text
from tests.disk import full_disk


def test_text_replaces_what_was_there_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.txt"
    assert write_text(path, "one") == path
    write_text(path, "zwölf")
    assert path.read_text(encoding="utf-8") == "zwölf"
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_seen_before_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as beside:
        beside.write_text("new")
        assert not path.exists()
        assert beside.parent == tmp_path
    assert path.read_text() == "new"


def test_an_error_in_the_block_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "old")

    def fail() -> None:
        with replacing(path) as beside:
            beside.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "old")
    with full_disk(100), pytest.raises(StorageError) as caught:
        write_text(path, "x" * 1000)
    assert caught.value.where == str(path)
    assert "File too large" in caught.value.what
    assert caught.value.hint == (
        "What was there before is unchanged. Free some space or choose another place."
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose another place"):
        write_text(tmp_path / "file" / "a.txt", "text")


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Is a directory"):
        write_text(tmp_path, "text")
