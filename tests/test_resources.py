"""What ships beside the code is found; `test_packaging` installs it in every way."""

from __future__ import annotations

import tomllib

import pytest

from neuro.errors import NeuroError
from neuro.resources import FOLDERS, folder
from tests.conftest import ROOT


@pytest.mark.parametrize("name", FOLDERS)
def test_this_installation_has_every_folder(name: str) -> None:
    assert any(folder(name).iterdir())


def test_the_wheel_ships_every_folder() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["force-include"] == {
        name: f"neuro/_data/{name}" for name in FOLDERS
    }


def test_a_missing_folder_is_an_error_that_helps() -> None:
    with pytest.raises(NeuroError) as caught:
        folder("nothing")
    assert "'nothing' is missing from this installation" in caught.value.what
    assert caught.value.hint == "Install neuro-spiking again."
