"""The experiments with the CA3 memory as tables: when each population fires, and how often.

The timetable says which populations fire at which offset (ms) from the first input spike of an
operation; it follows from delays and weights (arXiv 2310.05868; our reading of its recordings).
``cue`` and ``content`` are what was asked, ``found`` what an ideal memory answers, and ``old`` the
bits of a forgotten content that the new one does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuro.models.ca3.operations import Operation, Oracle

TIMETABLE = {
    "learn": {
        1: {"S1Cue": "cue", "S1Cont": "content"},
        2: {"Cond": "content", "Int": "one", "S1Cont": "old"},
        3: {"S1Cue": "cue", "S1Cont": "content", "S2Cue": "cue", "S2Cont": "content", "Cond": "old"},
        4: {"Cond": "content", "Int": "one", "MCue": "cue", "MCont": "content", "S2Cont": "old"},
        5: {"S2Cue": "cue", "S2Cont": "content", "OutCue": "cue", "OutCont": "content", "MCont": "old"},
        6: {"MCue": "cue", "MCont": "content", "OutCont": "old"},
        7: {"OutCue": "cue", "OutCont": "content"},
    },
    "recall_cue": {
        1: {"S1Cue": "cue"},
        2: {"S1Cont": "found"},
        3: {"S2Cue": "cue", "Int": "one"},
        4: {"MCue": "cue"},
        5: {"MCont": "found", "OutCue": "cue"},
        6: {"OutCont": "found"},
    },
    "recall_content": {
        1: {"S1Cont": "content"},
        2: {"Cond": "content", "Int": "one"},
        3: {"S2Cont": "content"},
        4: {"S2Cue": "found", "MCont": "content"},
        5: {"MCue": "found", "OutCont": "content"},
        6: {"OutCue": "found"},
    },
}  # fmt: skip

COUNTED = (
    "S1Cue",
    "S1Cont",
    "Cond",
    "Int",
    "S2Cue",
    "S2Cont",
    "MCue",
    "MCont",
    "OutCue",
    "OutCont",
)

COUNTS = {
    "functional": (10, 42, 34, 13, 15, 34, 15, 42, 15, 42),
    "stress": (45, 251, 194, 75, 102, 194, 102, 251, 102, 251),
    "map": (32, 38, 38, 36, 48, 38, 48, 38, 48, 38),
}
"""Spikes per population in the order of `COUNTED`."""

INPUT_SPIKES = {"functional": 60, "stress": 261, "map": 102}
STEPS = {"functional": 90, "stress": 851, "map": 140}

Spike = tuple[int, str, int]
"""Step, population, index."""


def predicted(operations: Sequence[Operation]) -> set[Spike]:
    """Every spike that the timetable foresees for `operations`."""
    oracle, spikes = Oracle(), set[Spike]()
    for operation in operations:
        before = oracle.stored.get(operation.cue, frozenset()) if operation.cue is not None else ()
        members: dict[str, Iterable[int]] = {
            "cue": () if operation.cue is None else (operation.cue,),
            "content": operation.content,
            "one": (0,),
            "old": frozenset(before) - operation.content,
            "found": oracle(operation),
        }
        for offset, firing in TIMETABLE[operation.kind].items():
            for population, who in firing.items():
                spikes |= {(operation.step + offset, population, index) for index in members[who]}
    return spikes


def stress_operations() -> list[Operation]:
    """Three rounds of: learn five contents, recall them by cue, and ask for each bit."""
    rounds = []
    for complement in (False, True, False):
        contents = [
            frozenset(b for b in range(10) if bool((i + 1) >> b & 1) != complement)
            for i in range(5)
        ]
        rounds += [("learn", i, contents[i]) for i in range(5)]
        rounds += [("recall_cue", i, frozenset()) for i in range(5)]
        rounds += [("recall_content", None, frozenset({bit})) for bit in range(10)]
    return [
        Operation(kind=kind, cue=cue, content=content, step=1 + 14 * place)  # type: ignore[arg-type]
        for place, (kind, cue, content) in enumerate(rounds)
    ]
