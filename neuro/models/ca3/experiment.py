"""Experiments with the CA3 memory, as ``models/ca3-memory/model.toml`` describes them."""

from __future__ import annotations

from typing import Any

from neuro.models.ca3.memory import CA3Memory
from neuro.models.ca3.network import POPULATIONS
from neuro.models.ca3.operations import (
    ANSWER,
    LATENCY,
    SAFE_SPACING,
    Operation,
    Oracle,
    braces,
    parse_operations,
)
from neuro.models.experiment import Experiment, Report
from neuro.recording.data import Recording

_COLUMNS = ("ms", "operation", "cue in", "content in", "came out", "expected", "right")
_VERBS = {"learn": "learn", "recall_cue": "recall", "recall_content": "search"}


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that does the operations in `settings` on a memory with `parameters`."""
    memory = CA3Memory(**parameters)
    operations = parse_operations(settings["operations"], where="operations")
    for operation in operations:
        _check(memory, operation)
    steps = int(settings.get("steps", _end(operations)))
    return Experiment(
        network=memory.network,
        steps=steps,
        inputs=memory.inputs(operations),
        report=lambda recording: report(memory, operations, recording),
        shown=POPULATIONS,
    )


def _check(memory: CA3Memory, operation: Operation) -> None:
    if operation.cue is not None:
        memory.check_cue(operation.cue)
    if operation.kind != "recall_cue":
        memory.check_content(operation.content)


def _end(operations: tuple[Operation, ...]) -> int:
    """The first step at which all answers are out and the memory is at rest again."""
    return max((operation.step + SAFE_SPACING for operation in operations), default=0)


def report(memory: CA3Memory, operations: tuple[Operation, ...], recording: Recording) -> Report:
    """What went in, what came out, and whether it is right."""
    oracle = Oracle()
    rows, wrong = [], 0
    milliseconds = recording.dt * 1000
    done = [o for o in operations if o.step + ANSWER < recording.steps]
    for operation in done:
        expected, answer = oracle(operation), operation.answer(recording)
        wrong += expected != answer
        rows.append(
            (
                f"{operation.step * milliseconds:g}",
                _VERBS[operation.kind],
                "" if operation.cue is None else str(operation.cue),
                braces(operation.content) if operation.content else "",
                braces(answer),
                braces(expected),
                "yes" if expected == answer else "NO",
            )
        )
    count, missed = len(done), len(operations) - len(done)
    latency = LATENCY["recall_cue"] * milliseconds
    return Report(
        title=f"CA3 memory, {memory.cues} cues x {memory.content} bits",
        columns=_COLUMNS,
        rows=rows,
        passed=wrong == 0 if done else None,
        notes=(
            f"{count - wrong} of {count} operations right; a recall answers after {latency:g} ms.",
            *([f"{missed} more had no time to answer in this run."] if missed else []),
        ),
    )
