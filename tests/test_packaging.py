"""What ships is found from a wheel, an editable install and a bare checkout alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from neuro.resources import FOLDERS
from tests.conftest import ROOT

NOT_COPIED = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "out", "build", "dist", "site", "tests", "docs"
)
INSTALL = ("-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check")


@dataclass(frozen=True)
class Installed:
    """A way in which neuro is there: a Python, its path, and where the package then lies."""

    python: Path
    path: str
    place: Path

    def run(self, folder: Path, *arguments: str) -> str:
        """What Python prints when it is run in `folder`."""
        return call(self.python, *arguments, cwd=folder, PYTHONPATH=self.path)


def call(python: Path, *arguments: str, cwd: Path, **environment: str) -> str:
    """Run Python; fail with its messages if it fails."""
    done = subprocess.run(
        [str(python), *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that what else is installed here does not help."""
    place = tmp_path_factory.mktemp("copy") / "checkout"
    shutil.copytree(ROOT, place, ignore=NOT_COPIED)
    return place


@pytest.fixture(scope="module")
def bare(checkout: Path) -> Installed:
    """Nothing is installed; the checkout is on the path."""
    return Installed(Path(sys.executable), str(checkout), checkout)


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A wheel, unpacked into a folder of its own."""
    made = tmp_path_factory.mktemp("wheel")
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(made))
    call(Path(sys.executable), *build, cwd=checkout)
    (file,) = made.glob("neuro_spiking-*.whl")
    place = made / "unpacked"
    call(Path(sys.executable), *INSTALL, "--target", str(place), str(file), cwd=made)
    return Installed(Path(sys.executable), str(place), place)


@pytest.fixture(scope="module")
def editable(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An editable install in an environment of its own, which borrows this one's packages."""
    place = tmp_path_factory.mktemp("environment")
    call(Path(sys.executable), "-m", "venv", "--without-pip", str(place), cwd=place)
    python = place / "bin" / "python"
    own = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place)
    # Its name sorts last, so that the editable install is found first.
    borrow = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(own.strip()) / "zz_borrowed.pth").write_text(borrow)
    call(python, *INSTALL, "--no-build-isolation", "--editable", str(checkout), cwd=place)
    return Installed(python, "", checkout)


@pytest.fixture(params=["bare", "wheel", "editable"])
def installed(request: pytest.FixtureRequest) -> Installed:
    """Each of the three ways."""
    found: Installed = request.getfixturevalue(request.param)
    return found


LOOK = f"""
import json, neuro
from neuro.deploy.board import board_names
from neuro.resources import folder
places = {{name: str(folder(name)) for name in {FOLDERS}}}
full = all(any(folder(name).iterdir()) for name in {FOLDERS})
boards = board_names()
print(json.dumps({{"package": neuro.__file__, "places": places, "full": full, "boards": boards}}))
"""


def test_every_folder_is_found_and_full(installed: Installed, tmp_path: Path) -> None:
    found = json.loads(installed.run(tmp_path, "-c", LOOK))
    assert Path(found["package"]).is_relative_to(installed.place)
    assert found["full"]
    assert "host" in found["boards"]
    for place in found["places"].values():
        assert Path(place).is_relative_to(installed.place)


def test_models_are_listed(installed: Installed, tmp_path: Path) -> None:
    models = json.loads(installed.run(tmp_path, "-m", "neuro", "models", "--json"))
    assert "ca3-memory" in [model["name"] for model in models]


def test_the_c_engine_finds_its_templates_and_headers(installed: Installed, tmp_path: Path) -> None:
    arguments = ("run", "ca3-memory", "--backend", "c", "--json", "--out", "results")
    found = json.loads(installed.run(tmp_path, "-m", "neuro", *arguments))
    assert found["report"]["passed"] is True


def test_a_wheel_holds_one_package_and_its_licence(
    wheel: Installed, bare: Installed, tmp_path: Path
) -> None:
    assert {path.name for path in wheel.place.iterdir()} - {"bin"} == {
        "neuro",
        *(path.name for path in wheel.place.glob("neuro_spiking-*.dist-info")),
    }
    assert list(wheel.place.glob("*.dist-info/licenses/LICENSE"))
    look = (
        "import neuro, pathlib; found = pathlib.Path(neuro.__file__).parent.rglob('*.j2');"
        "print(len([path for path in found if '_data' not in path.parts]))"
    )
    assert wheel.run(tmp_path, "-c", look) == bare.run(tmp_path, "-c", look) != "0\n"


def test_an_editable_install_has_the_command(editable: Installed, tmp_path: Path) -> None:
    command = editable.python.with_name("neuro")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("neuro ")


def test_an_installation_without_a_folder_says_which(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuro import resources
    from neuro.errors import NeuroError

    shutil.copytree(checkout / "neuro", tmp_path / "neuro")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "neuro")
    with pytest.raises(NeuroError, match="the folder 'models' is missing from this installation"):
        resources.folder("models")
