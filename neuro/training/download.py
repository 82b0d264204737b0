"""Fetch files: checked by their SHA-256, with a bar, going on where a broken transfer stopped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from neuro.errors import FileFormatError, StorageError, UnavailableError, unknown_name
from neuro.files import storage_error
from neuro.simulation.progress import Progress, TerminalBar

PIECE = 1 << 20
"""Bytes that are read at a time."""
WAIT = 30.0
"""Seconds without an answer before giving up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that can be fetched.

    Attributes
    ----------
    file
        Its name.
    url
        Where it is.
    sha256
        What its bytes must sum up to.
    origin
        Who says so, and under which terms it may be used.
    """

    file: str
    url: str
    sha256: str
    origin: str


SOURCES = {
    "mnist": Source(
        file="mnist.npz",
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        origin="Keras' copy, checksum of its loader; LeCun and Cortes, CC BY-SA 3.0",
    ),
    "tinyshakespeare": Source(
        file="tinyshakespeare.txt",
        url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        origin="A. Karpathy's selection of Shakespeare's plays; public domain",
    ),
}


def source(name: str) -> Source:
    """The source called `name`.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in SOURCES:
        raise unknown_name(name, SOURCES, kind="data set", where="download")
    return SOURCES[name]


def download(wanted: Source, folder: Path) -> Path:
    """Fetch a file into a folder, unless it is there.

    A transfer that broke off lies beside it, ``.part``, and is gone on with.

    Parameters
    ----------
    wanted
        What to fetch.
    folder
        Where to put it; made if it is missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UnavailableError
        If it cannot be reached, or the transfer breaks off; what came is kept.
    FileFormatError
        If its bytes are not those that were expected; then nothing is kept of what came, and a file
        of that name that was there before is left alone.
    StorageError
        If the folder cannot be written.
    """
    target = folder / wanted.file
    if target.exists():
        _require(target, wanted)
        return target
    part = target.with_name(f"{target.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TerminalBar(f"fetching {wanted.file}") as bar:
            _fetch(wanted, part, bar)
    except (HTTPError, URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise UnavailableError(
            f"cannot be fetched: {error}.",
            where=wanted.url,
            hint=f"Try again (what came is kept), or put {wanted.file} into {folder} yourself.",
        ) from error
    except OSError as error:
        raise storage_error(part, error, safe="Nothing else was touched.") from error
    try:
        _require(part, wanted)
    except FileFormatError:
        part.unlink()
        raise
    part.replace(target)
    return target


def _fetch(wanted: Source, part: Path, bar: Progress) -> None:
    """Add what is missing to `part`."""
    have = part.stat().st_size if part.exists() else 0
    request = Request(wanted.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        answer = urlopen(request, timeout=WAIT)  # noqa: S310 - addresses are our own
    except HTTPError as error:
        if error.code == 416 and have:  # nothing is missing
            return
        raise
    with answer:
        resumed = answer.status == 206
        total = int(answer.headers.get("Content-Length") or 0) + (have if resumed else 0)
        with part.open("ab" if resumed else "wb") as stream:
            done = _copy(answer, stream, have if resumed else 0, total, bar)
    if total and done < total:
        raise ConnectionError(f"it broke off after {done:,} of {total:,} bytes")


def _copy(answer: IO[bytes], stream: IO[bytes], done: int, total: int, bar: Progress) -> int:
    while piece := answer.read(PIECE):
        stream.write(piece)
        done += len(piece)
        bar(done, max(total, done))
    return done


def _require(path: Path, wanted: Source) -> None:
    """Compare the checksum."""
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"cannot be read: {error}.", where=str(path)) from error
    if found != wanted.sha256:
        raise FileFormatError(
            f"is not {wanted.file}: its SHA-256 is {found}, not {wanted.sha256}.",
            where=str(path),
            hint="It is damaged, or another version; delete it and fetch it again.",
        )
