"""Where compiled engines go."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro.cache import cache_folder, writable_cache


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No folder is set in the environment."""
    for name in ("NEURO_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_most_special_setting_decides(nowhere: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "neuro"
    nowhere.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "neuro"
    nowhere.setenv("NEURO_CACHE_DIR", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_the_cache_is_made_where_it_is_missing(nowhere: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere.setenv("NEURO_CACHE_DIR", str(tmp_path / "a" / "b"))
    assert writable_cache() == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_cache_that_cannot_be_made_is_replaced_and_said_so(
    nowhere: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    nowhere.setenv("NEURO_CACHE_DIR", str(tmp_path / "file" / "cache"))
    place = writable_cache()
    assert place.is_dir()
    assert place == writable_cache()
    assert str(tmp_path / "file") in caplog.text
    assert f"compiled engines go to {place}" in caplog.text
