"""Let a CA3 memory learn and recall at random on one of our engines; print what it took."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from common import arguments, peak_megabytes, report
from workloads import MemoryWorkload, memory

import neuro
from neuro.models import CA3Memory
from neuro.models.ca3.memory import CA3Session

BITS = 8
"""Bits of each content."""


def operations(work: MemoryWorkload, seed: int) -> Iterator[tuple[str, int, set[int]]]:
    """Two of five learn, as many recall by a cue that has been learnt, one searches by a bit."""
    choose = random.Random(seed)  # noqa: S311 - no secrets here
    known: dict[int, set[int]] = {}
    for place in range(work.operations):
        kind = "learn" if place == 0 else choose.choice(["learn", "cue", "learn", "cue", "content"])
        cue = choose.choice(sorted(known)) if kind != "learn" else choose.randrange(work.cues)
        if kind == "learn":
            known[cue] = set(choose.sample(range(work.content), BITS))
        yield kind, cue, set(known[cue])


def do(
    session: CA3Session, kind: str, cue: int, content: set[int], known: dict[int, set[int]]
) -> None:
    """Do one operation and check its answer."""
    if kind == "learn":
        known[cue] = content
        found, expected = session.learn(cue, content), content
    elif kind == "cue":
        found, expected = session.recall(cue=cue), content
    else:
        bit = min(content)
        found = session.recall(content={bit})
        expected = {other for other, bits in known.items() if bit in bits}
    if found != expected:
        raise SystemExit(f"{kind} of cue {cue} answered {sorted(found)}, not {sorted(expected)}")


def main() -> None:
    """Build, do the operations, print."""
    given = arguments()
    work = memory(given.workload, quick=given.quick)
    todo = list(operations(work, given.seed))
    baseline, known = peak_megabytes(), dict[int, set[int]]()
    start = time.perf_counter()
    with CA3Memory(cues=work.cues, content=work.content).open(backend=given.backend) as session:
        built = time.perf_counter()
        for kind, cue, content in todo:
            do(session, kind, cue, content, known)
        done = time.perf_counter()
    recording = session.recording
    spikes = sum(len(data) for data in recording.spikes.values())
    cells = sum(data.size for data in recording.spikes.values())
    report(
        build=built - start,
        run=done - built,
        rate=spikes / cells / (recording.duration / 1000),
        baseline=baseline,
        version=neuro.__version__,
        operations=work.operations,
    )


if __name__ == "__main__":
    main()
