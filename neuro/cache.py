"""Where compiled engines are kept between runs."""

from __future__ import annotations

import logging
import os
import tempfile
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """The cache: ``$NEURO_CACHE_DIR``, or ``neuro`` in the user's cache."""
    given = os.environ.get("NEURO_CACHE_DIR")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "neuro"


def writable_cache() -> Path:
    """The cache, or a temporary folder where the cache cannot be written."""
    place = cache_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        if os.access(place, os.W_OK):
            return place
        reason = "not writable"
    except OSError as error:
        reason = str(error.strerror)
    temporary = _temporary_cache()
    log.warning("%s is %s; compiled engines go to %s", place, reason, temporary)
    return temporary


@cache
def _temporary_cache() -> Path:
    return Path(tempfile.mkdtemp(prefix="neuro-"))
