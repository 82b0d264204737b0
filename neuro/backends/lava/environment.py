"""The environment that Lava runs in: its own Python, made from pinned requirements."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from neuro.cache import cache_folder
from neuro.errors import ParameterError, UnavailableError
from neuro.files import storage_error
from neuro.resources import folder

MAKE = "neuro env loihi"
MARKER = "neuro-environment.json"
"""Written last: an environment without it is not one."""
PYTHONS = ("3.10", "3.11", "3.12")
"""Versions on which Lava 0.10 runs, the one it was made for first."""
_PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet")
_LIMIT = 900.0


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is there.

    Attributes
    ----------
    folder
        Where it lies.
    python
        Its interpreter.
    versions
        Of Python, lava-nc and numpy.
    """

    folder: Path
    python: Path
    versions: dict[str, str]


def environment_folder() -> Path:
    """Where the environment is or will be; another one for other requirements."""
    texts = (text.read_bytes() for text in _requirements())
    digest = hashlib.sha256(b"".join(texts)).hexdigest()[:12]
    return cache_folder() / "environments" / f"loihi-{digest}"


def _requirements() -> tuple[Path, Path]:
    place = folder("deploy") / "loihi"
    return place / "requirements.txt", place / "lava.txt"


def find_environment() -> Environment | None:
    """The environment, if it has been made and is complete."""
    place = environment_folder()
    try:
        versions = json.loads((place / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    python = _python_of(place)
    return Environment(place, python, versions) if python.exists() else None


def require_environment() -> Environment:
    """The environment.

    Raises
    ------
    UnavailableError
        If it has not been made; the hint is the command that makes it.
    """
    found = find_environment()
    if found is None:
        raise UnavailableError(
            "Lava's environment has not been made.", where="backend 'lava'", hint=f"Run: {MAKE}"
        )
    return found


def _python_of(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_environment(
    *, python: str | None = None, force: bool = False, report: Callable[[str], object] = str
) -> Environment:
    """Make the environment, or return it if it is there.

    It is made beside its place and renamed when Lava could be imported in it, so an interrupted
    call leaves nothing that looks finished.

    Parameters
    ----------
    python
        Interpreter to make it with; else the first of Python 3.10, 3.11 and 3.12 that is found.
    force
        Make it anew.
    report
        Called with a line before each step.

    Raises
    ------
    ParameterError
        If `python` is none of these versions.
    UnavailableError
        If no Python suits, or the packages cannot be installed; has pip's last words.
    StorageError
        If the cache cannot be written.
    """
    found = find_environment()
    if found is not None and not force and python is None:
        return found
    chosen, version = _choose_python(python)
    place = environment_folder()
    _remove_leftovers(place)
    with _beside(place) as beside:
        report(f"making {place} with Python {version}")
        _call([chosen, "-m", "venv", str(beside)], "make the environment")
        _install(_python_of(beside), report)
        versions = _test(_python_of(beside))
        (beside / MARKER).write_text(json.dumps(versions, indent=2) + "\n", encoding="utf-8")
        if place.exists():
            shutil.rmtree(place)
        beside.rename(place)
    made = find_environment()
    assert made is not None
    return made


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A folder beside `place` that is gone afterwards if it has not been renamed."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.partial")
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        yield beside
    except OSError as error:
        raise storage_error(place, error, safe="Nothing was left behind.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _remove_leftovers(place: Path) -> None:
    """Remove what killed calls have left, unless its process is still at work."""
    for left in place.parent.glob(f".{place.name}.*.partial"):
        number = left.name.split(".")[-2]
        if not (number.isdigit() and _is_running(int(number))):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _install(python: Path, report: Callable[[str], object]) -> None:
    needed, lava = _requirements()
    report(f"installing {needed.name}")
    _call([str(python), *_PIP, "-r", str(needed)], "install what Lava needs")
    report(f"installing {lava.read_text(encoding='utf-8').strip()}")
    options = ["--no-deps", "--ignore-requires-python", "-r", str(lava)]
    _call([str(python), *_PIP, *options], "install Lava")


def _test(python: Path) -> dict[str, str]:
    """Versions, if Lava can be imported."""
    runner = folder("deploy") / "loihi"
    code = (
        "import json, platform, sys; sys.path.insert(0, sys.argv[1]); import runner, numpy; "
        "from importlib.metadata import version; print(json.dumps({'python': "
        "platform.python_version(), 'lava-nc': version('lava-nc'), 'numpy': numpy.__version__}))"
    )
    said = _call([str(python), "-B", "-c", code, str(runner)], "import Lava")
    versions: dict[str, str] = json.loads(said.splitlines()[-1])
    return versions


def _choose_python(given: str | None) -> tuple[str, str]:
    """A Python that Lava runs on, and its version."""
    if given is not None:
        version = _version(given)
        if version not in PYTHONS:
            raise ParameterError(
                f"{given!r} is {f'Python {version}' if version else 'no Python that starts'}.",
                where="--python",
                hint=f"Lava 0.10 runs on Python {', '.join(PYTHONS)}.",
            )
        return given, version
    candidates = [*(f"python{version}" for version in PYTHONS), sys.executable]
    for candidate in candidates:
        place = shutil.which(candidate)
        version = _version(place) if place else ""
        if place and version in PYTHONS:
            return place, version
    raise UnavailableError(
        f"no Python {', '.join(PYTHONS)} was found.",
        where=MAKE,
        hint=f"Install one, or give it: {MAKE} --python PATH.",
    )


def _version(python: str) -> str:
    """Such as ``3.10``; "" if it does not start (a pyenv shim may exist without a version)."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(  # noqa: S603
            [python, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _call(command: list[str], purpose: str) -> str:
    """What a command prints."""
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=_LIMIT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"could not {purpose}: {error}", where=MAKE) from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise UnavailableError(
            f"could not {purpose}: {' '.join(words)}",
            where=MAKE,
            hint="Is the package index reachable?",
        )
    return done.stdout
