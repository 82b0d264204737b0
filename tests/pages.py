"""Code blocks of Markdown pages."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<info>.*?)\s*$")
NOT_RUN = re.compile(r"<!-- not run: \S.*-->")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its code, the line of its first line, and whether it is run."""

    language: str
    code: str
    line: int
    run: bool


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    lines = page.splitlines()
    found: list[Block] = []
    last = ""
    at = 0
    while at < len(lines):
        opening = FENCE.match(lines[at])
        if opening is None:
            last = lines[at].strip() or last
            at += 1
            continue
        end = _end(lines, at, opening["fence"])
        language = opening["info"].partition(" ")[0].lower()
        code = textwrap.dedent("\n".join(lines[at + 1 : end])) + "\n"
        found.append(Block(language, code, at + 2, run=NOT_RUN.fullmatch(last) is None))
        last, at = "", end + 1
    return found


def _end(lines: list[str], start: int, fence: str) -> int:
    """The line that closes the fence opened at `start`."""
    for at in range(start + 1, len(lines)):
        if lines[at].strip() == fence:
            return at
    raise ValueError(f"the block that begins in line {start + 1} does not end")
