"""Operations of the memory: what goes in, when the answer comes out, and what it must be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neuro.errors import ParameterError
from neuro.recording.data import Recording

Kind = Literal["learn", "recall_cue", "recall_content"]
_KINDS: tuple[Kind, ...] = ("learn", "recall_cue", "recall_content")

LEARN_STEPS = 3
"""Steps for which cue and content are presented to be learned."""

ECHO, ANSWER = 5, 6
"""Steps from the first input spike to its echo at the output, and to the answer of a recall."""

LATENCY = {"learn": 7, "recall_cue": 6, "recall_content": 6}
"""Steps that each operation takes; the closest spacing that the authors state."""

SAFE_SPACING = 20
"""Steps between operations at which any sequence works; see section 'Spacing' of the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that is asked of the memory.

    Attributes
    ----------
    kind
        ``"learn"``, ``"recall_cue"`` or ``"recall_content"``.
    cue
        The cue to learn or to recall; None when recalling by content.
    content
        The bits to learn or to ask for; empty when recalling by cue.
    step
        Step of the first input spike.
    """

    kind: Kind
    cue: int | None = None
    content: frozenset[int] = frozenset()
    step: int = 0

    def __str__(self) -> str:
        bits = braces(self.content)
        match self.kind:
            case "learn":
                return f"learn {self.cue} = {bits}"
            case "recall_cue":
                return f"recall cue {self.cue}"
            case "recall_content":
                return f"recall content {bits}"

    def answer(self, recording: Recording) -> frozenset[int]:
        """What the memory answered: content bits, or cues; for learning, the content's echo."""
        output = "OutCue" if self.kind == "recall_content" else "OutCont"
        delay = ECHO if self.kind == "learn" else ANSWER
        return frozenset(recording.spike_data(output).at(self.step + delay))


def braces(members: Iterable[int]) -> str:
    """``{0, 1, 8}``, ascending."""
    return "{" + ", ".join(str(member) for member in sorted(members)) + "}"


def inputs_of(operations: Sequence[Operation]) -> dict[str, tuple[Any, Any]]:
    """Events of the sources ``InCue`` and ``InCont`` for `operations`."""
    cue: set[tuple[int, int]] = set()
    content: set[tuple[int, int]] = set()
    for operation in operations:
        for late in range(LEARN_STEPS if operation.kind == "learn" else 1):
            step = operation.step + late
            content |= {(step, bit) for bit in operation.content}
            if operation.cue is not None:
                cue.add((step, operation.cue))
    return {"InCue": _columns(cue), "InCont": _columns(content)}


def _columns(events: set[tuple[int, int]]) -> tuple[Any, Any]:
    table = np.array(sorted(events), dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


class Oracle:
    """What an ideal memory would answer; the yardstick of experiments and tests."""

    def __init__(self) -> None:
        self.stored: dict[int, frozenset[int]] = {}

    def __call__(self, operation: Operation) -> frozenset[int]:
        """Do `operation` and return the right answer."""
        match operation:
            case Operation(kind="learn", cue=int(cue), content=content):
                self.stored[cue] = content
                return content
            case Operation(kind="recall_cue", cue=int(cue)):
                return self.stored.get(cue, frozenset())
            case _:
                asked = operation.content
                return frozenset(cue for cue, bits in self.stored.items() if bits & asked)


def random_operations(
    cues: int, content: int, count: int, *, spacing: int = SAFE_SPACING, seed: int = 0
) -> list[Operation]:
    """A random sequence: 40 % learn any bits, 30 % recall by cue, 30 % search by one bit.

    Parameters
    ----------
    cues, content
        Size of the memory.
    count
        Number of operations.
    spacing
        Steps from one to the next.
    seed
        Seed of the sequence.
    """
    random = np.random.default_rng(seed)
    operations = []
    for place in range(count):
        kind = _KINDS[random.choice(3, p=[0.4, 0.3, 0.3])]
        size = random.integers(1, content + 1) if kind == "learn" else 1
        bits = frozenset(random.choice(content, size, replace=False).tolist())
        operations.append(
            Operation(
                kind=kind,
                cue=None if kind == "recall_content" else int(random.integers(cues)),
                content=frozenset() if kind == "recall_cue" else bits,
                step=place * spacing,
            )
        )
    return operations


def wrong_answers(operations: Sequence[Operation], recording: Recording) -> list[Operation]:
    """Those of `operations` that an ideal memory would have answered otherwise."""
    oracle = Oracle()
    return [o for o in operations if oracle(o) != o.answer(recording)]


def parse_operations(rows: Sequence[dict[str, Any]], *, where: str) -> tuple[Operation, ...]:
    """Operations from rows such as ``{step = 0, learn = 0, content = [0, 1]}``.

    Raises
    ------
    ParameterError
        If a row is none of ``learn`` with ``content``, ``recall_cue``, ``recall_content``.
    """
    return tuple(_parse(row, f"{where}, row {number}") for number, row in enumerate(rows, 1))


def _parse(row: dict[str, Any], where: str) -> Operation:
    match row:
        case {"step": int(step), "learn": int(cue), "content": list(bits), **rest} if not rest:
            return Operation(kind="learn", cue=cue, content=frozenset(bits), step=step)
        case {"step": int(step), "recall_cue": int(cue), **rest} if not rest:
            return Operation(kind="recall_cue", cue=cue, step=step)
        case {"step": int(step), "recall_content": list(bits), **rest} if not rest:
            return Operation(kind="recall_content", content=frozenset(bits), step=step)
    raise ParameterError(
        f"{row} is no operation.",
        where=where,
        hint="Give step with learn and content, with recall_cue, or with recall_content.",
    )
