"""Find and call the host's C compiler."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def find_compiler() -> Path | None:
    """The C compiler: ``$CC``, else gcc, clang or cc on the path; None if there is none."""
    candidates = [os.environ["CC"]] if os.environ.get("CC") else ["gcc", "clang", "cc"]
    for name in candidates:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None
