"""Write a folder of generated files, without harm to what a person put or changed there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from neuro.errors import FileFormatError, StorageError
from neuro.files import write_bytes, write_text

MANIFEST = "neuro-export.json"
"""Lists what was written, with check sums."""


def write_folder(
    out: Path, files: Mapping[str, str | bytes], facts: Mapping[str, object], *, force: bool
) -> None:
    """Write `files` below `out`, and a manifest with `facts`.

    Parameters
    ----------
    out
        Folder; made if it is not there.
    files
        Texts or bytes by path.
    facts
        What else the manifest says.
    force
        True writes into a folder that is not empty.  Files that neuro did not write, or that were
        changed since, are kept under a name that ends in ``.before``.

    Raises
    ------
    StorageError
        If the folder is not empty and `force` is False, or a file cannot be written.
    """
    written = written_before(out)
    if out.exists() and not out.is_dir():
        raise StorageError("is a file.", where=str(out), hint="Give a folder.")
    if out.is_dir() and any(out.iterdir()) and not force:
        whose = "an earlier export" if written else "files that neuro did not write"
        raise StorageError(
            f"is not empty: it holds {whose}.",
            where=str(out),
            hint="Choose another folder, or --force; your own files are kept.",
        )
    contents = {name: _bytes(content) for name, content in files.items()}
    for name, content in contents.items():
        _keep_changed(out / name, content, written.get(name))
        write_bytes(out / name, content)
    sums = {name: _sum(content) for name, content in contents.items()}
    write_text(out / MANIFEST, json.dumps({**facts, "files": sums}, indent=2) + "\n")


def written_before(out: Path) -> dict[str, str]:
    """Check sums of the files of an earlier export into `out`; empty if there was none.

    Raises
    ------
    FileFormatError
        If its manifest is not readable.
    """
    path = out / MANIFEST
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["files"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise FileFormatError(
            f"is no manifest of an export: {error}.", where=str(path), hint="Choose another folder."
        ) from error


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _keep_changed(path: Path, new: bytes, before: str | None) -> None:
    """Move a file away that is not as neuro left it, unless it is what would be written."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if _sum(content) == before or content == new:
        return
    place, k = path.with_name(f"{path.name}.before"), 2
    while place.exists():
        place, k = path.with_name(f"{path.name}.before{k}"), k + 1
    path.replace(place)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
