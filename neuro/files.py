"""Write files beside their place and rename them, so that nothing is ever half there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neuro.errors import StorageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends without an error.

    Raises
    ------
    StorageError
        If writing fails; what was at `path` before is still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(path)
    except OSError as error:
        raise storage_error(path, error, safe="What was there before is unchanged.") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def storage_error(path: Path, error: OSError | RuntimeError, *, safe: str) -> StorageError:
    """The error for a failed write: what, why, and what is safe."""
    number = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(number) if number else str(error)
    return StorageError(
        f"could not be written: {reason}.",
        where=str(path),
        hint=f"{safe} Free some space or choose another place.",
    )


def write_text(path: Path, text: str) -> Path:
    """Write `text` to `path`, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return path


def write_bytes(path: Path, content: bytes) -> Path:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(content)
    return path
