"""What ships beside the code is found from a wheel, an editable install and a checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from neuro.errors import NeuroError
from neuro.resources import FOLDERS, folder
from tests.conftest import ROOT

ASK = "from neuro.resources import folder; print(folder('models'))"


@pytest.mark.parametrize("name", FOLDERS)
def test_this_installation_has_every_folder(name: str) -> None:
    assert any(folder(name).iterdir())


def test_the_wheel_ships_every_folder() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["force-include"] == {
        name: f"neuro/_data/{name}" for name in FOLDERS
    }


def on_path(place: Path) -> str:
    return f"import sys; sys.path.insert(0, {str(place)!r}); {ASK}"


def ask(code: str, cwd: Path) -> Path:
    """The folder that `code` prints in a new process."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=cwd, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


def install(site: Path, models: str) -> None:
    """The package at `site`, and models at `models`."""
    shutil.copytree(
        ROOT / "neuro", site / "neuro", ignore=shutil.ignore_patterns("_data", "__pycache__")
    )
    (site / models).mkdir(parents=True)


def test_a_wheel_holds_them_inside_the_package(tmp_path: Path) -> None:
    install(tmp_path / "site", "neuro/_data/models")
    place = ask(on_path(tmp_path / "site"), tmp_path)
    assert place == (tmp_path / "site/neuro/_data/models").resolve()


def test_a_checkout_holds_them_beside_the_package(tmp_path: Path) -> None:
    install(tmp_path / "checkout", "models")
    place = ask(on_path(tmp_path / "checkout"), tmp_path)
    assert place == (tmp_path / "checkout/models").resolve()


def test_an_editable_install_points_at_the_checkout(tmp_path: Path) -> None:
    install(tmp_path / "checkout", "models")
    site = tmp_path / "site"
    site.mkdir()
    (site / "neuro.pth").write_text(str(tmp_path / "checkout"))
    code = f"import site, sys; old = {{*sys.path}}; site.addsitedir({str(site)!r})"
    code += f"; sys.path.sort(key=old.__contains__); {ASK}"
    assert ask(code, tmp_path) == (tmp_path / "checkout/models").resolve()


def test_a_missing_folder_is_an_error_that_helps() -> None:
    with pytest.raises(NeuroError) as caught:
        folder("nothing")
    assert "'nothing' is missing from this installation" in caught.value.what
    assert caught.value.hint == "Install neuro-spiking again."
